import { type Duplex, duplexPair } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import {
  BackOff,
  encodeCommand,
  encodeExtension,
  encodeFrame,
  frameText,
  SyncClient,
  type SyncClientOptions,
} from "../../src/index.ts";
import { commandsOf, connection, route } from "../support/frames.ts";
import { settle, until } from "../support/until.ts";

/** A client whose connections, failures and time are the test's. */
class Probe {
  readonly log: string[] = [];
  readonly client: SyncClient;
  now = 0;
  #waiting: { resolve(stream: Duplex): void; reject(error: Error): void } | undefined;
  #sleeper: (() => void) | undefined;
  #isWatching = false;

  constructor(options: Partial<SyncClientOptions> = {}) {
    this.client = new SyncClient({
      connect: (signal) => {
        this.#endWith(signal);
        return new Promise((resolve, reject) => {
          this.#waiting = { resolve, reject };
        });
      },
      events: {
        connected: () => this.log.push("connected"),
        lost: (reason, ms) => this.log.push(`lost: ${reason}, again in ${ms}`),
        unreachable: (reason, ms) => this.log.push(`unreachable: ${reason}, again in ${ms}`),
        entry: (entry) => this.log.push(`${entry.type} ${entry.mux}`),
        extension: ({ type }) => this.log.push(type),
        refused: (why) => this.log.push(`refused: ${why}`),
      },
      sleep: () =>
        new Promise((resolve) => {
          this.#sleeper = resolve;
        }),
      now: () => this.now,
      random: () => 1,
      ...options,
    });
  }

  #endWith(signal: AbortSignal): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    signal.addEventListener("abort", () => {
      this.#waiting?.reject(new Error("given up"));
      this.#sleeper?.();
    });
  }

  async connect(): Promise<{ stream: Duplex; heard(): Uint8Array }> {
    await until(() => this.#waiting !== undefined, "a try to connect");
    const [ours, theirs] = duplexPair();
    const chunks: Uint8Array[] = [];
    theirs.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    theirs.on("error", () => undefined);
    this.#waiting?.resolve(ours);
    this.#waiting = undefined;
    await settle();
    return { stream: theirs, heard: () => Buffer.concat(chunks) };
  }

  async refuse(reason: string): Promise<void> {
    await until(() => this.#waiting !== undefined, "a try to connect");
    this.#waiting?.reject(new Error(reason));
    this.#waiting = undefined;
    await settle();
  }

  async wake(): Promise<void> {
    await until(() => this.#sleeper !== undefined, "a pause");
    this.#sleeper?.();
    this.#sleeper = undefined;
    await settle();
  }
}

const probes: Probe[] = [];
function probe(options?: Partial<SyncClientOptions>): Probe {
  const made = new Probe(options);
  probes.push(made);
  return made;
}
afterEach(async () => {
  for (const { client } of probes.splice(0)) await client.close();
});

const frame = (mux: number): string => frameText(encodeCommand(connection(mux)));

describe("a client of a server", () => {
  it("hears entries, leaves out what cannot be used, and stays", async () => {
    const probed = probe();
    const { stream } = await probed.connect();
    const role9 = frame(3).replace("0 0 3 0 0 0 0 0 128", "0 0 3 0 0 0 0 9 128");
    const type7 = frameText("22 serialization::archive 18 0 0 5 route 0 0 0 0 8 0 0 7 8 10.0.0.0 7");
    const ones = frameText("22 serialization::archive 18 0 0 5 route 0 0 0 0 1 0 0 0 9 128.0.0.0 65");
    const unknown = "00040 22 serialization::archive 18 0 0 5 hello";
    stream.write(`${frame(1)}${role9}${role9}${type7}${ones}${unknown}`);
    stream.write(
      `${frameText(encodeCommand(route("10.0.0.0/8", 2)))}${frameText(encodeExtension({ type: "complete" }))}`,
    );
    await settle();
    expect(probed.log).toEqual([
      "connected",
      ...["connection 1", "refused: role", "refused: address type", "refused: hanging prefix", "route 2", "complete"],
    ]);
    expect(probed.client.refused).toBe(4);
    expect(probed.client.isConnected).toBe(true);
  });

  it.each([
    ["an empty frame", "00000 ", "input stream error"],
    ["another signature", frame(1).replace("archive", "Archive"), "invalid signature"],
    ["a version of the future", frame(1).replace("archive 18", "archive 19"), "unsupported version"],
    ["a host name", frame(1).replace("192.0.2.1", "localhost"), "Invalid argument"],
    ["a negative length", "-0001 ", "input stream error"],
  ])("leaves a server that sends %s", async (_, bytes, reason) => {
    const probed = probe();
    const { stream } = await probed.connect();
    stream.write(`${frame(1)}${bytes}${frame(2)}`);
    await until(() => probed.log.length >= 3);
    expect(probed.log).toEqual(["connected", "connection 1", `lost: ${reason}, again in 500`]);
    expect(probed.client.isConnected).toBe(false);
  });

  it("says where it stands, and what came and went", async () => {
    const probed = probe({ hello: () => ({ type: "hello", version: 1, node: "me", sender: undefined }) });
    const { status: first } = probed.client;
    expect(first).toMatchObject({ state: "connecting", retryMs: undefined, lastError: undefined });
    const { stream, heard } = await probed.connect();
    probed.now = 2000;
    expect(probed.client.status).toMatchObject({ state: "connected", sinceMs: 2000 });
    const role9 = frame(3).replace("0 0 3 0 0 0 0 0 128", "0 0 3 0 0 0 0 9 128");
    const bytes = `${frame(1)}${role9}${role9}-0001 `;
    stream.write(bytes);
    await until(() => probed.client.status.state === "waiting");
    probed.now = 2300;
    const { counts, refused, ...rest } = probed.client.status;
    expect(rest).toEqual({
      ...{ state: "waiting", sinceMs: 300, retryMs: 200 },
      lastError: { reason: "input stream error", agoMs: 300 },
    });
    expect([...refused]).toEqual([
      ["role", 2],
      ["input stream error", 1],
    ]);
    const said = heard().length;
    expect(counts).toEqual({ framesIn: 3, bytesIn: bytes.length, framesOut: 1, bytesOut: said });
    expect(said).toBeGreaterThan(20);
    // over all connections
    await probed.wake();
    await probed.connect();
    expect(probed.client.status.counts).toMatchObject({ framesIn: 3, framesOut: 2, bytesOut: 2 * said });
    expect(first.counts.framesIn).toBe(0);
  });

  it("comes back, waiting longer each time, at most ten seconds", async () => {
    const probed = probe();
    for (let tries = 0; tries < 7; tries++) {
      await probed.refuse("connect ECONNREFUSED");
      await probed.wake();
    }
    expect(probed.log.map((line) => Number(/\d+$/.exec(line)?.[0]))).toEqual([
      500, 1000, 2000, 4000, 8000, 10_000, 10_000,
    ]);
  });

  it("comes back soon after a connection that lasted, and not after one that did not", async () => {
    const probed = probe();
    await probed.refuse("no");
    await probed.wake();
    await probed.refuse("no");
    await probed.wake();
    const first = await probed.connect();
    probed.now = 1900;
    first.stream.end();
    await probed.wake();
    const second = await probed.connect();
    probed.now = 3900;
    second.stream.end();
    await probed.wake();
    expect(probed.log).toEqual([
      "unreachable: no, again in 500",
      "unreachable: no, again in 1000",
      "connected",
      "lost: closed before it said anything: it may expect TLS, again in 2000",
      "connected",
      "lost: input stream error, again in 500",
    ]);
  });

  it("says hello first, when it has something to say", async () => {
    const hello = { type: "hello", version: 1, node: "me", sender: { id: 9, role: 1 } } as const;
    const probed = probe({ hello: () => hello });
    const { heard } = await probed.connect();
    expect(Buffer.from(heard())).toEqual(Buffer.from(encodeFrame(encodeExtension(hello))));
    expect(commandsOf(heard())).toMatchObject([{ type: "unknown", name: "anytun.hello" }]);
  });

  it("is silent otherwise", async () => {
    const probed = probe();
    const { heard } = await probed.connect();
    expect(heard().length).toBe(0);
  });

  it("ends at once, connected, connecting or waiting, and says nothing after it", async () => {
    const connected = probe();
    const { stream } = await connected.connect();
    stream.write(frame(1).repeat(100));
    const connecting = probe();
    const waiting = probe();
    await waiting.refuse("no");
    for (const { client } of [connected, connecting, waiting]) await client.close();
    const told = [connected, connecting, waiting].map(({ log }) => log.length);
    await settle();
    await connected.client.close();
    expect([connected, connecting, waiting].map(({ log }) => log.length)).toEqual(told);
    expect(connected.log.filter((line) => line.startsWith("lost"))).toEqual([]);
  });
});

describe("pauses", () => {
  it("have jitter: half of the step to all of it", () => {
    const least = new BackOff(() => 0);
    const most = new BackOff(() => 0.999_999);
    expect([least.next(), least.next(), least.next()]).toEqual([250, 500, 1000]);
    expect([most.next(), most.next(), most.next()]).toEqual([500, 1000, 2000]);
    for (let i = 0; i < 100; i++) most.next();
    expect(most.next()).toBe(10_000);
    most.reset();
    expect(most.next()).toBe(500);
  });
});
