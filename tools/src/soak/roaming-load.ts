// Peers that move, and nodes that hear of it: `roaming-load.js NODE SYNC-PORT WATCHERS SECONDS`, in a host of the
// laboratory. Both are this process, so that one clock measures.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { cipherContext, DEFAULT_SUITE, PayloadType, sealPacket } from "satp-core";
import { type ConnectionCommand, connector, type Entry, SyncClient } from "satp-sync";
import { quantile } from "../measure/statistics.ts";

export interface RoamingResult {
  readonly watchers: number;
  /** Moves times watchers. */
  readonly expected: number;
  readonly missed: number;
  readonly perSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly worstMs: number;
}

const PEERS = 1000;
const PER_SECOND = 1000;
const TICK_MS = 10;
const UDP_PORT = 4444;
const FRAME = Buffer.from("4500001c000000004011000000000000000000000000000000080000", "hex");

interface Peer {
  readonly connection: ConnectionCommand;
  /** When it left which port; what was heard is taken out. */
  readonly moves: Map<number, number>;
}

async function main(node: string, syncPort: number, watchers: number, seconds: number): Promise<RoamingResult> {
  const peers = new Map<number, Peer>();
  const latencies: number[] = [];
  let counting = false;
  const hear = (watcher: number, entry: Entry): void => {
    if (entry.type !== "connection") return;
    const peer = peers.get(entry.mux);
    if (peer === undefined) {
      if (peers.size < PEERS) peers.set(entry.mux, { connection: entry, moves: new Map() });
      return;
    }
    const sentAt = peer.moves.get(watcher * 65_536 + entry.port);
    if (!counting || sentAt === undefined) return;
    peer.moves.delete(watcher * 65_536 + entry.port);
    latencies.push(performance.now() - sentAt);
  };
  const complete: Promise<void>[] = [];
  const clients = Array.from({ length: watchers }, (_, watcher) => {
    let isComplete = (): void => undefined;
    complete.push(
      new Promise((resolve) => {
        isComplete = resolve;
      }),
    );
    return new SyncClient({
      connect: connector({ host: node, port: syncPort }),
      hello: () => ({ type: "hello", version: 1, node: `watcher${watcher}`, sender: undefined }),
      events: {
        entry: (entry) => hear(watcher, entry),
        extension: ({ type }) => {
          if (type === "complete") isComplete();
        },
      },
    });
  });
  await Promise.all(complete);
  const sockets = await Promise.all([openSocket(), openSocket()]);
  const ports = sockets.map((socket) => socket.address().port);
  const rounds = Math.ceil((seconds * PER_SECOND) / PEERS);
  const datagrams = seal([...peers.values()], rounds + 1);

  // the first datagram of each makes the endpoint known; the others move it
  for (const [i, datagram] of (datagrams[0] ?? []).entries()) {
    sockets[0]?.send(datagram, UDP_PORT, node);
    if (i % 50 === 49) await pause(5);
  }
  await pause(1000);
  counting = true;
  const begun = performance.now();
  const all = [...peers.values()];
  let sent = 0;
  while (sent < rounds * PEERS) {
    const due = Math.min(Math.floor(((performance.now() - begun) / 1000) * PER_SECOND), rounds * PEERS);
    for (; sent < due; sent++) {
      const round = 1 + Math.floor(sent / PEERS);
      const peer = all[sent % PEERS];
      const datagram = datagrams[round]?.[sent % PEERS];
      const port = ports[round % 2];
      if (peer === undefined || datagram === undefined || port === undefined) continue;
      for (let watcher = 0; watcher < watchers; watcher++) peer.moves.set(watcher * 65_536 + port, performance.now());
      sockets[round % 2]?.send(datagram, UDP_PORT, node);
    }
    await pause(TICK_MS);
  }
  const elapsed = (performance.now() - begun) / 1000;
  await pause(1000);
  await Promise.all(clients.map((client) => client.close()));
  for (const socket of sockets) socket.close();
  const expected = sent * watchers;
  return {
    watchers,
    expected,
    missed: expected - latencies.length,
    perSecond: sent / elapsed,
    medianMs: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    worstMs: Math.max(...latencies.map((value) => Math.ceil(value * 10) / 10).slice(0, 100_000)),
  };
}

/** One datagram of each peer for each round. */
function seal(peers: readonly Peer[], rounds: number): Uint8Array[][] {
  const made: Uint8Array[][] = Array.from({ length: rounds }, () => []);
  for (const { connection } of peers) {
    const keys = { masterKey: connection.key, masterSalt: connection.salt };
    // the node's role is the other one
    const context = cipherContext(DEFAULT_SUITE, keys, connection.role === 0 ? "right" : "left");
    for (const [round, datagrams] of made.entries()) {
      const numbers = { sequence: 1000 + round, senderId: 77, mux: connection.mux };
      datagrams.push(sealPacket(context, { ...numbers, payloadType: PayloadType.ipv4, payload: FRAME }));
    }
  }
  return made;
}

async function openSocket(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0);
  await once(socket, "listening");
  return socket;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [node = "", ...numbers] = process.argv.slice(2);
  const [syncPort = 0, watchers = 0, seconds = 0] = numbers.map(Number);
  process.stdout.write(JSON.stringify(await main(node, syncPort, watchers, seconds)));
  process.exit(0);
}
