// Mutated frames through everything that a node does with what another one sends: cutting, reading, judging, applying,
// writing again. In this process, without a network: what is tried is the reader.
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  ClusterTable,
  decodeCommand,
  decodeExtension,
  type Extension,
  encodeExtension,
  entryFrames,
  FrameReader,
  snapshotPieces,
  whyUnusable,
} from "satp-sync";
import { FrameFuzzer, type FrameKind, frameKinds } from "../fuzz/frame-fuzzer.ts";
import type { Section } from "./document.ts";

export interface SyncFuzzResult {
  readonly frames: number;
  readonly seed: number;
  readonly seconds: number;
  readonly made: Readonly<Record<FrameKind, number>>;
  /** Archives by what became of them. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Longest time for one frame. */
  readonly slowestMs: number;
  /** Used heap after a collection, at the third and at the end. */
  readonly heapMib: { readonly third: number; readonly end: number };
  /** What does not read again as what was written; nothing when all is well. */
  readonly faults: readonly string[];
}

/** A table lives this many frames, then a new one begins: 65,536 connections and all routes that mutation makes. */
const FRAMES_A_TABLE = 250_000;
/** Of those that can be used, how many are written and read again. */
const CHECK_EVERY = 8;

interface Vectors {
  readonly config: readonly { readonly stdout: string }[];
  readonly server: readonly { readonly bytes: string }[];
  readonly handmade: readonly { readonly bytes: string }[];
}

/** Archives that originals wrote or were tried with. */
export function recordedArchives(): string[] {
  const file = new URL("../../../vectors/sync-messages.json", import.meta.url);
  const { config, server, handmade }: Vectors = JSON.parse(readFileSync(file, "utf8"));
  const archives = new Set<string>();
  const streams = [...config.map(({ stdout }) => stdout), ...[...server, ...handmade].map(({ bytes }) => bytes)];
  for (const stream of streams) {
    new FrameReader().push(Buffer.from(stream, "latin1"), (archive) => {
      if (archive.length > 0) archives.add(Buffer.from(archive).toString("latin1"));
      return true;
    });
  }
  return [...archives];
}

/** What our own nodes say to one another besides. */
export function ownArchives(): string[] {
  const host = { family: 4, words: [0xc0000201, 0, 0, 0] } as const;
  const extensions: readonly Extension[] = [
    { type: "hello", version: 2, node: "node/0123456789ab", sender: { id: 7, role: 1 } },
    { type: "hello", version: 2, node: "anytun-controld", sender: undefined },
    { type: "complete" },
    { type: "withdraw-connection", mux: 7 },
    { type: "withdraw-route", address: host, length: 24 },
    { type: "replay-mark", mux: 7, senderId: 9, sequence: 123_456 },
    { type: "clock", nowMs: 123_456_789 },
    { type: "place", mux: 7, nowMs: 123_456_789, ageMs: 1000, host, port: 4444 },
  ];
  return extensions.map(encodeExtension);
}

export function syncFuzz(frames: number, seed: number, tick: (message: string) => void): SyncFuzzResult {
  const fuzzer = new FrameFuzzer([...recordedArchives(), ...ownArchives()], seed);
  const made: Record<FrameKind, number> = { ...noFrames };
  const outcomes: Record<string, number> = {};
  const faults: string[] = [];
  const count = (outcome: string): void => {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  };
  let table = new ClusterTable();
  let reader = new FrameReader();
  let usable = 0;
  const take = (archive: Uint8Array): boolean => {
    const command = decodeCommand(archive);
    if (command.type === "refused") {
      count(`refused: ${command.fault}`);
      return true;
    }
    const why = whyUnusable(command);
    const extension = command.type === "unknown" ? decodeExtension(command) : undefined;
    count(extension !== undefined ? `ours: ${extension.type}` : why === undefined ? command.type : `unusable: ${why}`);
    if (why !== undefined || (command.type !== "connection" && command.type !== "route")) return true;
    table.apply(command);
    usable++;
    if (usable % CHECK_EVERY === 0 && faults.length < 10) faults.push(...roundTripFaults(table, command));
    return true;
  };

  const begun = performance.now();
  let slowestMs = 0;
  let third = 0;
  for (let i = 0; i < frames; i++) {
    const { kind, bytes } = fuzzer.next();
    made[kind]++;
    const before = performance.now();
    // a stream that has lost its way is a new connection
    if (!reader.push(bytes, take) || kind === "framing") reader = new FrameReader();
    slowestMs = Math.max(slowestMs, performance.now() - before);
    if ((i + 1) % FRAMES_A_TABLE === 0) {
      snapshotPieces(table, { secrets: true });
      table = new ClusterTable();
    }
    if (i + 1 === Math.ceil(frames / 3)) {
      table = new ClusterTable();
      third = heapMib();
      tick(`a third, ${third.toFixed(1)} MiB`);
    }
  }
  table = new ClusterTable();
  const seconds = (performance.now() - begun) / 1000;
  return { frames, seed, seconds, made, outcomes, slowestMs, heapMib: { third, end: heapMib() }, faults };
}

const noFrames: Readonly<Record<FrameKind, number>> = {
  ...{ flipped: 0, cut: 0, spliced: 0, token: 0, count: 0, garbage: 0, framing: 0, untouched: 0 },
};

/** What may be used must be writable, and read as what it is. */
function roundTripFaults(table: ClusterTable, command: Parameters<ClusterTable["apply"]>[0]): string[] {
  const entry = command.type === "connection" ? table.connection(command.mux) : command;
  if (entry === undefined) return ["an applied connection is not in the table"];
  if (entry.type === "route" && entry.length > (entry.address.family === 4 ? 32 : 128)) return [];
  const written = entryFrames(entry, { secrets: true });
  let same = false;
  new FrameReader().push(written, (archive) => {
    const again = decodeCommand(archive);
    same =
      (again.type === "connection" || again.type === "route") &&
      equalFrames(entryFrames(again, { secrets: true }), written);
    return true;
  });
  return same ? [] : [`does not read as it was written: ${Buffer.from(written).toString("latin1")}`];
}

function equalFrames(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.length).equals(b);
}

/** What is in use once everything that can go is gone. */
function heapMib(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") for (let i = 0; i < 3; i++) collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

export function syncFuzzFaults({ slowestMs, heapMib: heap, outcomes, frames, faults }: SyncFuzzResult): string[] {
  const found = [...faults];
  if (slowestMs > 1000) found.push(`one frame took ${slowestMs.toFixed(0)} ms`);
  if (heap.end > heap.third + 5)
    found.push(`the heap grew from ${heap.third.toFixed(1)} to ${heap.end.toFixed(1)} MiB`);
  const read = Object.values(outcomes).reduce((sum, value) => sum + value, 0);
  if (read < frames / 2) found.push(`only ${read} archives were looked at`);
  return found;
}

export function syncFuzzSection(result: SyncFuzzResult): Section {
  const { frames, seed, seconds, made, outcomes, slowestMs, heapMib: heap } = result;
  const kinds = frameKinds.map((kind) => `${made[kind]} ${kind}`).join(", ");
  const lines = Object.entries(outcomes)
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, count]) => `${outcome.padEnd(36)} ${count}`);
  const body = `${frames} frames of the cluster protocol (seed ${seed}) in ${seconds.toFixed(0)} s, made from recorded ones and our own: ${kinds}.
Each was cut from its stream, read, judged and applied to a table; of those that could be used, every eighth was written and
read again. No exception; the slowest took ${slowestMs.toFixed(1)} ms. Used heap ${heap.third.toFixed(1)} MiB after a third, ${heap.end.toFixed(1)} MiB at the end.

\`\`\`
${lines.join("\n")}
\`\`\``;
  return { title: "Cluster frames", faults: syncFuzzFaults(result), body };
}
