// What many peers and many routes cost: nanoseconds per packet of the protocol's steps without cipher, and memory.
// `node packages/satp-core/bench/scale.mjs` prints the table, with --json the rows; `measureScale()` is for other programs.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createBatch, endpointOf, parseAddress, SequenceCounter, Tunnel } from "../dist/index.js";
import { destinationsIn, randomWords, syntheticPrefixes } from "./synthetic-routes.mjs";

export const PEERS = [1, 1_000, 65_536];
export const ROUTES = [1, 100, 10_000, 1_000_000];

const ROWS = 128;
const SLOT_BYTES = 128;
const HEADROOM = 16;
const FRAME_BYTES = 64;
const DESTINATIONS = 1 << 18;
const ROUNDS = 60;
const TURNS = 512;
const WINDOW = 1024;
const MIB = 1024 * 1024;
const SCRIPT = fileURLToPath(import.meta.url);

/**
 * One row for each family and each pair of `peers` and `routes`, each measured in a process of its own:
 * `{family, peers, routes, lookup, outbound, inbound, memory, insertSeconds}`. The first three are nanoseconds,
 * `{hot, random}`: for one destination or peer all the time, and for random ones; the best of `rounds`. `inbound` is
 * classify and accept. `memory` is `{peers, routes}` in MiB of heap and buffers. Routes take turns with the peers.
 */
export function measureScale({ peers = PEERS, routes = ROUTES, families = [4, 6], rounds = ROUNDS } = {}) {
  const cells = families.flatMap((family) =>
    peers.flatMap((p) => routes.map((r) => ({ family, peers: p, routes: r }))),
  );
  return cells.map((cell) => ({ ...cell, ...measureAlone({ ...cell, rounds }) }));
}

/** The rows as text. */
export function scaleTable(rows) {
  const columns = [
    ["IPv", ({ family }) => family],
    ["peers", ({ peers }) => peers.toLocaleString("en")],
    ["routes", ({ routes }) => routes.toLocaleString("en")],
    ["lookup hot", ({ lookup }) => lookup.hot.toFixed(1)],
    ["random", ({ lookup }) => lookup.random.toFixed(1)],
    ["outbound hot", ({ outbound }) => outbound.hot.toFixed(1)],
    ["random", ({ outbound }) => outbound.random.toFixed(1)],
    ["inbound hot", ({ inbound }) => inbound.hot.toFixed(1)],
    ["random", ({ inbound }) => inbound.random.toFixed(1)],
    ["peers MiB", ({ memory }) => memory.peers.toFixed(1)],
    ["routes MiB", ({ memory }) => memory.routes.toFixed(1)],
    ["insert s", ({ insertSeconds }) => insertSeconds.toFixed(2)],
  ];
  const lines = [columns.map(([name]) => name), ...rows.map((row) => columns.map(([, text]) => String(text(row))))];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return lines.map((line) => line.map((text, i) => text.padStart(widths[i])).join("  ")).join("\n");
}

function measureAlone(cell) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [
    "--expose-gc",
    SCRIPT,
    "--cell",
    JSON.stringify(cell),
  ]);
  if (status !== 0) throw new Error(`the measurement ended with status ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

function measureCell({ family, peers, routes, rounds }) {
  const prefixes = syntheticPrefixes(family, routes);
  const destinations = destinationsIn(prefixes, DESTINATIONS);
  const start = used();
  const tunnel = new Tunnel({
    kind: "tun",
    mux: 0,
    windowSize: WINDOW,
    routing: "routes",
    autodetect: undefined,
    events: { peerDetected() {}, endpointMoved() {}, candidateAppeared() {}, sequenceLow() {}, livenessChanged() {} },
  });
  const endpoint = endpointOf(parseAddress("192.0.2.1"), 4444);
  for (let mux = 0; mux < peers; mux++) {
    const sequence = new SequenceCounter({ senderId: 0, first: 0, end: 2 ** 30 });
    tunnel.addPeer({ mux, context: mux, tagBytes: 10, sequence, endpoint });
  }
  const inbound = inboundTurn(tunnel, endpoint);
  // every peer is heard once, so that its replay window is there
  for (let mux = 0; mux < peers; mux += ROWS)
    inbound(
      Int32Array.from({ length: ROWS }, (_, i) => (mux + i) % peers),
      0,
    );
  const withPeers = used();
  const started = performance.now();
  for (const [i, prefix] of prefixes.entries()) tunnel.routes.insert(prefix, i % peers);
  const insertSeconds = (performance.now() - started) / 1000;
  const withRoutes = used();
  if (tunnel.routes.size !== prefixes.length) throw new Error("a route is missing");
  const memory = { peers: (withPeers - start) / MIB, routes: (withRoutes - withPeers) / MIB };

  const random = randomWords();
  const muxes = Int32Array.from({ length: DESTINATIONS }, () => random() % peers);
  const lookups = lookupTurn(tunnel.routes, family);
  const outbound = outboundTurn(tunnel, family);
  const hotDestination = new Int32Array(4 * ROWS).map((_, i) => destinations[i & 3]);
  const hotMuxes = new Int32Array(ROWS).fill(muxes[0]);
  const both = (turn, hot, many) => ({ hot: nanoseconds(turn, hot, rounds), random: nanoseconds(turn, many, rounds) });
  return {
    lookup: both(lookups, hotDestination, destinations),
    outbound: both(outbound, hotDestination, destinations),
    inbound: both(inbound, hotMuxes, muxes),
    memory,
    insertSeconds,
  };
}

/** Best round of `turn(values, first)`, which takes ROWS values, in nanoseconds per value. */
function nanoseconds(turn, values, rounds) {
  const turns = values.length / ROWS / (turn.words ?? 1);
  let best = Number.POSITIVE_INFINITY;
  let next = 0;
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    for (let i = 0; i < TURNS; i++) {
      turn(values, next * ROWS);
      next = (next + 1) % turns;
    }
    best = Math.min(best, ((performance.now() - started) * 1e6) / TURNS / ROWS);
  }
  return best;
}

function lookupTurn(routes, family) {
  const turn = (words, first) => {
    let missed = 0;
    for (let at = 4 * first; at < 4 * (first + ROWS); at += 4) {
      const mux =
        family === 4
          ? routes.lookup4(words[at])
          : routes.lookup6(words[at], words[at + 1], words[at + 2], words[at + 3]);
      if (mux < 0) missed++;
    }
    if (missed > 0) throw new Error(`${missed} destinations without a route`);
  };
  turn.words = 4;
  return turn;
}

/** Frames with the given destinations through `outbound`. Resetting the batch is part of the time. */
function outboundTurn(tunnel, family) {
  const { batch, rows, view } = filledBatch(HEADROOM);
  const destination = HEADROOM + (family === 4 ? 16 : 24);
  const version = family === 4 ? 0x45 : 0x60;
  const turn = (words, first) => {
    batch.descriptors.set(rows);
    for (let row = 0; row < ROWS; row++) {
      const at = row * SLOT_BYTES;
      view.setUint8(at + HEADROOM, version);
      for (let word = 0; word < 4; word++) view.setInt32(at + destination + 4 * word, words[4 * (first + row) + word]);
    }
    if (tunnel.outbound(batch, ROWS, 1.5) !== ROWS) throw new Error("a frame was dropped");
  };
  turn.words = 4;
  return turn;
}

/** Datagrams of the given peers, each newer than all before, through `classify` and `accept`. */
function inboundTurn(tunnel, endpoint) {
  const { batch, rows, view } = filledBatch(HEADROOM);
  for (let row = 0; row < ROWS; row++) {
    batch.endpoints.set(endpoint, row * endpoint.length);
    view.setUint16(row * SLOT_BYTES + HEADROOM + 8, 0x0800);
  }
  let sequence = 0;
  return (muxes, first) => {
    batch.descriptors.set(rows);
    for (let row = 0; row < ROWS; row++) {
      const at = row * SLOT_BYTES + HEADROOM;
      view.setUint32(at, sequence++);
      view.setUint32(at + 4, muxes[first + row]);
    }
    if (tunnel.accept(batch, tunnel.classify(batch, ROWS), 2.5) !== ROWS) throw new Error("a datagram was dropped");
  };
}

function filledBatch(offset) {
  const batch = createBatch(ROWS, SLOT_BYTES);
  for (let row = 0; row < ROWS; row++) batch.descriptors.set([row * SLOT_BYTES + offset, FRAME_BYTES, 0, 0], 4 * row);
  return { batch, rows: batch.descriptors.slice(), view: new DataView(batch.bytes.buffer) };
}

function used() {
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

if (process.argv[1] === SCRIPT) {
  const [option, cell] = process.argv.slice(2);
  if (option === "--cell") console.log(JSON.stringify(measureCell(JSON.parse(cell))));
  else if (option === "--json") console.log(JSON.stringify(measureScale(), undefined, 2));
  else console.log(scaleTable(measureScale()));
}
