import { type Duplex, duplexPair } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import {
  type ClientEnd,
  type ClientLimits,
  ClusterTable,
  decodeExtension,
  type Extension,
  encodeExtension,
  encodeFrame,
  entryFrames,
  entryKey,
  type Hello,
  SyncHub,
  snapshotPieces,
} from "../../src/index.ts";
import { commandsOf, connection, route } from "../support/frames.ts";
import { settle, until } from "../support/until.ts";

const hello: Hello = { type: "hello", version: 1, node: "server", sender: { id: 1, role: 0 } };
const clientHello = encodeFrame(encodeExtension({ type: "hello", version: 1, node: "client", sender: undefined }));

interface Client {
  readonly stream: Duplex;
  /** Connections as MUX:PORT, routes as mux, extensions as type. */
  heard(): string[];
}

class World {
  readonly table = new ClusterTable();
  readonly ends: ClientEnd[] = [];
  readonly hellos: string[] = [];
  readonly hub: SyncHub;
  now = 0;

  constructor(limits: Partial<ClientLimits> = {}) {
    this.hub = new SyncHub({
      snapshot: () => snapshotPieces(this.table, { secrets: true }),
      hello: () => hello,
      limits,
      now: () => this.now,
      events: {
        hello: ({ node }, from) => this.hellos.push(`${node} from ${from}`),
        ended: (end) => this.ends.push(end),
      },
    });
  }

  connect(): Client {
    const [ours, theirs] = duplexPair();
    this.hub.accept(ours, "a client");
    const chunks: Uint8Array[] = [];
    theirs.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    theirs.on("error", () => undefined);
    return { stream: theirs, heard: () => commandsOf(Buffer.concat(chunks)).map(shown) };
  }

  set(mux: number, port: number): void {
    const entry = connection(mux, { port });
    this.table.set(entry);
    this.hub.push(entryKey(entry), entryFrames(entry, { secrets: true }));
  }

  withdraw(mux: number): void {
    this.table.delete(entryKey(connection(mux)));
    this.hub.pushExtension(entryKey(connection(mux)), { type: "withdraw-connection", mux });
  }
}

function shown(command: ReturnType<typeof commandsOf>[number]): string {
  if (command.type === "connection") return `${command.mux}:${command.port}`;
  if (command.type === "route") return `route ${command.mux}`;
  const extension: Extension | undefined = command.type === "unknown" ? decodeExtension(command) : undefined;
  return extension?.type ?? command.type;
}

let worlds: World[] = [];
function world(limits?: Partial<ClientLimits>): World {
  const made = new World(limits);
  worlds.push(made);
  return made;
}
afterEach(() => {
  for (const { hub } of worlds) hub.close();
  worlds = [];
});

describe("a client", () => {
  it("gets what is known, then what changes, and nothing else", async () => {
    const server = world();
    server.table.set(connection(7));
    server.table.set(route("10.0.0.0/8", 7));
    const client = server.connect();
    await settle();
    expect(client.heard()).toEqual(["7:4444", "route 7"]);
    server.set(7, 1);
    server.set(8, 2);
    server.withdraw(8);
    await settle();
    expect(client.heard()).toEqual(["7:4444", "route 7", "7:1", "8:2"]);
    expect(server.hub.size).toBe(1);
    expect(server.ends).toEqual([]);
  });

  it("gets nothing when nothing is known, and stays", async () => {
    const server = world();
    const client = server.connect();
    await settle();
    expect(client.heard()).toEqual([]);
    expect(server.hub.size).toBe(1);
  });

  it("that says hello hears ours, that it has everything, and what is withdrawn", async () => {
    const server = world();
    server.set(7, 1);
    const client = server.connect();
    await settle();
    client.stream.write(clientHello);
    await settle();
    server.withdraw(7);
    await settle();
    expect(client.heard()).toEqual(["7:1", "hello", "complete", "withdraw-connection"]);
    expect(server.hellos).toEqual(["client from a client"]);
  });

  it("misses no withdrawal between its connect and its hello", async () => {
    const server = world();
    server.set(7, 1);
    server.set(8, 1);
    const client = server.connect();
    server.withdraw(7);
    server.withdraw(8);
    server.set(8, 2);
    await settle();
    client.stream.write(clientHello.subarray(0, 20));
    await settle();
    client.stream.write(clientHello.subarray(20));
    await settle();
    expect(client.heard()).toEqual(["7:1", "8:1", "8:2", "withdraw-connection", "hello", "complete"]);
  });

  it("is counted, with what it said of itself and what it got", async () => {
    const server = world();
    server.table.set(connection(1));
    server.table.set(route("10.0.0.0/8", 1));
    const client = server.connect();
    client.stream.write(clientHello);
    await until(() => client.heard().length === 4);
    server.set(1, 5);
    server.now = 3000;
    await settle();
    const { clients, counts, ended } = server.hub.status;
    expect(clients).toMatchObject([
      { from: "a client", hello: { node: "client" }, connectedMs: 3000, queuedChanges: 0, queuedBytes: 0 },
    ]);
    expect(counts).toMatchObject({ framesIn: 1, bytesIn: clientHello.length, framesOut: 5 });
    expect(clients[0]?.counts).toEqual(counts);
    expect(ended.size).toBe(0);
    client.stream.end();
    await until(() => server.hub.size === 0);
    expect(server.hub.status).toMatchObject({ clients: [], counts });
    expect([...server.hub.status.ended]).toEqual([["closed", 1]]);
  });

  it("gets what is made for it when it is its turn, behind what changed meanwhile", async () => {
    let made = 0;
    const hub = new SyncHub({
      snapshot: () => [encodeFrame(encodeExtension({ type: "complete" }))],
      hello: () => hello,
      welcome: () => [{ type: "clock", nowMs: ++made }],
    });
    const [ours, theirs] = duplexPair();
    hub.accept(ours, "a client");
    await settle();
    expect(made).toBe(0);
    const chunks: Uint8Array[] = [];
    theirs.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    theirs.write(clientHello);
    await until(() => commandsOf(Buffer.concat(chunks)).length === 4);
    expect(commandsOf(Buffer.concat(chunks)).map(shown)).toEqual(["complete", "hello", "clock", "complete"]);
    expect(made).toBe(1);
    hub.close();
  });

  it("gets what follows an entry only when it has said hello", async () => {
    const server = world();
    const [ours, other] = [server.connect(), server.connect()];
    ours.stream.write(clientHello);
    await until(() => ours.heard().length === 2);
    server.hub.push("connection 7", entryFrames(connection(7), { secrets: true }), { type: "clock", nowMs: 1 });
    await settle();
    expect(ours.heard()).toEqual(["hello", "complete", "7:4444", "clock"]);
    expect(other.heard()).toEqual(["7:4444"]);
  });

  it("that says other things is not answered", async () => {
    const server = world();
    const client = server.connect();
    client.stream.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.stream.write(clientHello);
    await settle();
    expect(server.hub.size).toBe(1);
    expect(server.ends).toEqual([]);
  });

  it("that says too much is cut off", async () => {
    const server = world();
    const client = server.connect();
    const garbage = new Uint8Array(16_384).fill(0x31);
    for (let sent = 0; sent < 5; sent++) client.stream.write(garbage);
    await until(() => server.ends.length > 0);
    expect(server.ends).toEqual(["talkative"]);
    expect(server.hub.size).toBe(0);
  });

  it("that closes its half gets the rest, then the end", async () => {
    const server = world();
    server.set(7, 1);
    const client = server.connect();
    client.stream.end();
    await new Promise((resolve) => client.stream.on("end", resolve));
    expect(client.heard()).toEqual(["7:1"]);
    await until(() => server.ends.length > 0);
    expect(server.ends).toEqual(["closed"]);
    expect(server.hub.size).toBe(0);
  });

  it("of a hub that was closed is not served", async () => {
    const server = world();
    server.connect();
    server.hub.close();
    server.hub.close();
    const after = server.connect();
    await settle();
    expect(server.ends).toEqual(["server closed"]);
    expect(after.heard()).toEqual([]);
    expect(server.hub.size).toBe(0);
  });
});

describe("a client that does not read", () => {
  function stuck(server: World): Duplex {
    const [ours, theirs] = duplexPair();
    server.hub.accept(ours, "stuck");
    theirs.on("error", () => undefined);
    return theirs;
  }

  it("later gets the latest state of each entry, once", async () => {
    const server = world();
    for (let mux = 0; mux < 1000; mux++) server.table.set(connection(mux));
    const slow = stuck(server);
    await settle();
    for (let port = 1; port <= 300; port++) for (const mux of [1, 2, 3]) server.set(mux, port);
    const [waiting] = server.hub.status.clients;
    expect(waiting?.queuedChanges).toBe(3);
    const chunks: Uint8Array[] = [];
    slow.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    await until(() => commandsOf(Buffer.concat(chunks)).length >= 1003);
    await settle();
    const heard = commandsOf(Buffer.concat(chunks)).map(shown);
    expect(heard).toHaveLength(1003);
    const { counts, queuedBytes } = server.hub.status.clients[0] ?? {};
    expect([counts?.framesOut, counts?.bytesOut, queuedBytes]).toEqual([1003, Buffer.concat(chunks).length, 0]);
    expect(waiting?.queuedBytes).toBeGreaterThan(100_000);
    expect(heard.slice(1000)).toEqual(["1:300", "2:300", "3:300"]);
    expect(server.ends).toEqual([]);
  });

  it("is cut off when more waits than may, while others go on", async () => {
    const server = world({ queueBytes: 20_000 });
    for (let mux = 0; mux < 1000; mux++) server.table.set(connection(mux));
    const reader = server.connect();
    stuck(server);
    await settle();
    for (let mux = 0; mux < 1000 && server.ends.length === 0; mux++) {
      server.set(mux, 1);
      await settle();
    }
    expect(server.ends).toEqual(["too slow"]);
    expect(server.hub.size).toBe(1);
    server.set(5, 99);
    await settle();
    expect(reader.heard().at(-1)).toBe("5:99");
  });

  it("is cut off after a while", async () => {
    const server = world({ stallMs: 60_000 });
    for (let mux = 0; mux < 1000; mux++) server.table.set(connection(mux));
    const reader = server.connect();
    stuck(server);
    await settle();
    for (server.now = 0; server.now <= 59_000; server.now += 1000) server.hub.check();
    expect(server.ends).toEqual([]);
    server.now = 62_000;
    server.hub.check();
    expect(server.ends).toEqual(["stalled"]);
    expect(reader.heard()).toHaveLength(1000);
  });
});
