import { connect } from "node:net";
import { connector, decodeCommand, FrameReader, SyncClient } from "satp-sync";
import { requires } from "satp-tools/lab";
import { afterEach, describe, expect, it } from "vitest";
import { Controld, type ControldOptions } from "../../src/cluster/controld.ts";
import { readTls } from "../../src/cluster/tls-files.ts";
import { systemLookup } from "../../src/daemon/resolver.ts";
import { makeCertificate } from "../support/certificates.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { memoryLog } from "../support/memory-log.ts";
import { scratchDir } from "../support/scratch.ts";
import { syncVectors } from "../support/sync-vectors.ts";
import { until } from "../support/until.ts";

const vector = (id: string): string => {
  const found = syncVectors.config.find((one) => one.id === id);
  if (found === undefined) throw new Error(id);
  return found.stdout;
};
/** A connection of mux 7 with one route; the same with two; one of mux 8 with routes. */
const [seven, sevenMore, eight] = [vector("config-045"), vector("config-046"), vector("config-047")];

class World {
  readonly clock = new FakeClock();
  readonly lines: string[];
  controld: Controld | undefined;
  content = seven;
  version = 1;
  isOpenToAll = false;
  readonly #log: ControldOptions["log"];
  readonly #clients: SyncClient[] = [];

  constructor() {
    const { log, lines } = memoryLog();
    this.#log = log;
    this.lines = lines;
  }

  async start(changes: Partial<ControldOptions> = {}): Promise<Controld> {
    this.controld = await Controld.start({
      path: "table",
      source: {
        read: () => Buffer.from(this.content, "latin1"),
        stamp: () => `${this.version}`,
        isOpenToAll: () => this.isOpenToAll,
      },
      listen: { host: "127.0.0.1", port: 0 },
      tls: undefined,
      lookup: systemLookup,
      clock: this.clock,
      log: this.#log,
      ...changes,
    });
    return this.controld;
  }

  get port(): number {
    return this.controld?.ports[0] ?? 0;
  }

  write(content: string): void {
    this.content = content;
    this.version++;
  }

  /** One of our nodes; what it hears is `+MUX`, `+MUX ROUTE BITS`, `-MUX`, `-ROUTE BITS`, `complete`. */
  node(): string[] {
    const heard: string[] = [];
    const client = new SyncClient({
      connect: connector({ host: "127.0.0.1", port: this.port }),
      hello: () => ({ type: "hello", version: 1, node: "test", sender: undefined }),
      events: {
        entry: (entry) => heard.push(entry.type === "connection" ? `+${entry.mux}` : `+${entry.mux} /${entry.length}`),
        extension: (extension) => {
          if (extension.type === "withdraw-connection") heard.push(`-${extension.mux}`);
          else if (extension.type === "withdraw-route") heard.push(`- /${extension.length}`);
          else if (extension.type === "complete") heard.push("complete");
        },
      },
    });
    this.#clients.push(client);
    return heard;
  }

  async end(): Promise<void> {
    for (const client of this.#clients) await client.close();
    await this.controld?.close();
  }
}

const worlds: World[] = [];
function world(): World {
  const made = new World();
  worlds.push(made);
  return made;
}
afterEach(async () => {
  for (const made of worlds.splice(0)) await made.end();
});

describe("the server of a table", () => {
  it("warns of keys that everybody on this host can read", async () => {
    const made = world();
    made.isOpenToAll = true;
    await made.start();
    expect(made.lines.join("\n")).toMatch(/WARNING.*table: every user of this host can read the keys/);
    const keyless = world();
    keyless.isOpenToAll = true;
    keyless.content = vector("config-045").split("\n").slice(1).join("\n");
    await keyless.start();
    expect(keyless.lines.join("\n")).not.toContain("every user");
  });

  it("gives an original the file as it is, and keeps the connection", async () => {
    const made = world();
    made.content = `${seven}\n${eight}`;
    await made.start();
    const socket = connect(made.port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    const expected = (seven + eight).replaceAll("\n", "");
    await until(() => text.length >= expected.length);
    expect(text).toBe(expected);
    made.write(sevenMore);
    made.controld?.reload();
    await until(() => text.length > expected.length);
    const later: string[] = [];
    new FrameReader().push(Buffer.from(text.slice(expected.length), "latin1"), (archive) => {
      later.push(decodeCommand(archive).type);
      return true;
    });
    expect(later).toEqual(["route", "route"]);
    expect(socket.destroyed).toBe(false);
    socket.destroy();
    await until(() => made.controld?.clients === 0);
  });

  it("tells our nodes what is new, changed and gone, and nothing else", async () => {
    const made = world();
    await made.start();
    const heard = made.node();
    await until(() => heard.includes("complete"));
    expect(heard).toEqual(["+7", "+7 /8", "complete"]);
    made.write(sevenMore + eight);
    expect(made.controld?.reload()).toBe(true);
    await until(() => heard.length >= 8);
    expect(heard.slice(3)).toEqual(["+7 /16", "+7 /12", "+8", "+8 /32", "+8 /0"]);
    made.write(seven);
    made.controld?.reload();
    await until(() => heard.length >= 13);
    expect(heard.slice(8).sort()).toEqual(["- /0", "- /12", "- /16", "- /32", "-8"]);
  });

  it("keeps its table when the new one cannot be used, and says where and why", async () => {
    const made = world();
    await made.start();
    made.write(`${seven}usage text\n`);
    expect(made.controld?.reload()).toBe(false);
    expect(made.lines.at(-1)).toMatch(/^ERROR: table:3: .*; the table stays as it was$/);
    const heard = made.node();
    await until(() => heard.includes("complete"));
    expect(heard).toEqual(["+7", "+7 /8", "complete"]);
  });

  it("notices a changed file, once it is no longer written to", async () => {
    const made = world();
    await made.start();
    const heard = made.node();
    await until(() => heard.includes("complete"));
    await made.clock.advance(3000);
    made.write(sevenMore);
    await made.clock.advance(1000);
    made.version++;
    await made.clock.advance(1000);
    expect(heard).toHaveLength(3);
    await made.clock.advance(1000);
    await until(() => heard.length >= 5);
    expect(heard.slice(3)).toEqual(["+7 /16", "+7 /12"]);
    made.write("broken");
    await made.clock.advance(5000);
    expect(made.lines.filter((line) => line.startsWith("ERROR"))).toHaveLength(1);
  });

  it("does not start with a table that cannot be used", async () => {
    const made = world();
    made.content = "usage text";
    await expect(made.start()).rejects.toThrow("table:1: ");
  });

  it("ends when it cannot listen, naming the address", async () => {
    const made = world();
    await made.start();
    const second = world();
    const { port } = made;
    await expect(second.start({ listen: { host: "127.0.0.1", port } })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: `,
    );
    expect(second.lines.at(-1)).toBe("ERROR: sync server bind/listen failed: bind: Address already in use");
  });

  it("warns where others can connect, and only there", async () => {
    const warning = (lines: readonly string[]) => lines.filter((line) => line.includes("go in clear"));
    const made = world();
    await made.start();
    expect(warning(made.lines)).toEqual([]);
    const open = world();
    await open.start({ listen: { host: undefined, port: 0 } });
    expect(warning(open.lines)).toHaveLength(1);
    expect(open.controld?.ports).toHaveLength(2);
  });
});

describe("with certificates", requires("openssl"), () => {
  it("serves those of its authority, and nobody else", async () => {
    const dir = scratchDir();
    const files = makeCertificate(dir, "server");
    const node = makeCertificate(dir, "node");
    const stranger = makeCertificate(dir, "stranger", "other");
    const made = world();
    await made.start({ tls: readTls(files), listen: { host: undefined, port: 0 } });
    expect(made.lines.filter((line) => line.includes("go in clear"))).toEqual([]);
    const dial = (tls: ReturnType<typeof readTls>): { heard: string[]; failures: string[]; client: SyncClient } => {
      const heard: string[] = [];
      const failures: string[] = [];
      const client = new SyncClient({
        connect: connector({ host: "127.0.0.1", port: made.port, tls }),
        events: {
          entry: ({ type, mux }) => heard.push(`${type} ${mux}`),
          lost: (reason) => failures.push(reason),
          unreachable: (reason) => failures.push(reason),
        },
      });
      return { heard, failures, client };
    };
    const good = dial(readTls(node));
    const bad = dial(readTls({ ...stranger, ca: files.ca }));
    const suspicious = dial(readTls(stranger));
    const plain = dial(undefined);
    await until(() => good.heard.length >= 2 && [bad, suspicious].every(({ failures }) => failures.length > 0));
    expect(good.heard).toEqual(["connection 7", "route 7"]);
    expect([...bad.heard, ...suspicious.heard, ...plain.heard]).toEqual([]);
    expect(made.controld?.clients).toBe(1);
    expect(made.lines.some((line) => line.startsWith("WARNING: sync client") && line.includes("TLS handshake"))).toBe(
      true,
    );
    for (const { client } of [good, bad, suspicious, plain]) await client.close();
  });

  it("files that do not belong together are an error that names the option", () => {
    const dir = scratchDir();
    const one = makeCertificate(dir, "one");
    const two = makeCertificate(dir, "two");
    expect(() => readTls({ ...one, key: two.key })).toThrow(/^--sync-tls-cert .*belong together/);
    expect(() => readTls({ ...one, ca: undefined })).toThrow("--sync-tls-ca: missing; TLS needs");
    expect(() => readTls({ ...one, ca: "/nonexistent" })).toThrow(/^--sync-tls-ca \/nonexistent: No such file/);
    expect(readTls({ cert: undefined, key: undefined, ca: undefined })).toBeUndefined();
  });
});
