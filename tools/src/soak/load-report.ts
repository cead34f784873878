// What is wrong with a run under load against an original, and the section of docs/SOAK.md about all of them.
import { markdownTable } from "../terminal/text-table.ts";
import type { Section } from "./document.ts";
import { type LoadResult, words } from "./interop-load.ts";
import type { LoadEnd, StreamDigest } from "./load-end.ts";

/** Before the peer is there, or because a kernel's queue is full: nobody's fault. */
const expectedDrops: ReadonlySet<string> = new Set(["no-peer", "no-endpoint", "send-unreachable", "send-full"]);
const inUse = ["super-frames", "joined-writes", "segmented-sends", "coalesced-receives"] as const;
const neverCounted = ["refused-sends", "lost-datagrams"] as const;
const granted = ["checksum", "tso4", "tso6", "coalesce-tcp", "coalesce-udp", "segmentation", "coalescing"] as const;
/** A flow of datagrams beside streams that take all there is loses some; fewer than these say nothing. */
const leastArrived = 0.1;

/** What a run has shown to be wrong; nothing when all is well. */
export function loadFaults(result: LoadResult): string[] {
  const { ends, counters, offloads, checksumErrors } = result;
  const [ours, theirs] = ends;
  const faults = [...directionFaults("to them", ours, theirs), ...directionFaults("to us", theirs, ours)];
  if (checksumErrors > 0) faults.push(`${checksumErrors} packets with a wrong checksum`);
  for (const [reason, count] of counters.drops) {
    if (!expectedDrops.has(reason)) faults.push(`${count} packets dropped: ${reason}`);
  }
  for (const name of granted) if (!offloads.includes(name)) faults.push(`the kernel did not grant ${name}`);
  for (const name of inUse) if (!((counters.offloads.get(name) ?? 0) > 0)) faults.push(`no ${name}`);
  for (const name of neverCounted) if (counters.offloads.get(name) !== 0) faults.push(`${name} are not 0`);
  return faults.map((fault) => `${words(result.wanted)}: ${fault}`);
}

function directionFaults(direction: string, from: LoadEnd, to: LoadEnd): string[] {
  const faults: string[] = [];
  const [sent, received] = [sorted(from.sent), sorted(to.received)];
  if (sent.length === 0 || sent.some((one, i) => one !== received[i]) || sent.length !== received.length)
    faults.push(`streams ${direction} differ: sent ${sent.join(", ")}; received ${received.join(", ")}`);
  if (from.sent.some(({ bytes }) => bytes === 0)) faults.push(`an empty stream ${direction}`);
  if (to.datagramsWrong > 0) faults.push(`${to.datagramsWrong} wrong datagrams ${direction}`);
  if (to.datagramsRepeated > 0) faults.push(`${to.datagramsRepeated} repeated datagrams ${direction}`);
  if (to.datagramsOvertaken > 0) faults.push(`${to.datagramsOvertaken} overtaken datagrams ${direction}`);
  if (!(to.datagramsReceived > from.datagramsSent * leastArrived))
    faults.push(`only ${to.datagramsReceived} of ${from.datagramsSent} datagrams ${direction} arrived`);
  return faults;
}

function sorted(digests: readonly StreamDigest[]): string[] {
  return digests.map(({ bytes, sha256 }) => `${sha256} (${bytes} bytes)`).sort();
}

export function loadSection(results: readonly LoadResult[]): Section {
  const rows = results.map(({ wanted, ends: [ours, theirs], counters }) => [
    words(wanted),
    gigabytes(theirs.received),
    gigabytes(ours.received),
    `${theirs.datagramsReceived} of ${ours.datagramsSent}`,
    `${ours.datagramsReceived} of ${theirs.datagramsSent}`,
    each(counters.offloads, "segments", "super-frames"),
    each(counters.offloads, "joined-frames", "joined-writes"),
    each(counters.offloads, "segmented-datagrams", "segmented-sends"),
    each(counters.offloads, "coalesced-datagrams", "coalesced-receives"),
    [...counters.drops].map(([reason, count]) => `${reason}=${count}`).join(" ") || "none",
  ]);
  const titles = [
    ...["peer", "TCP to them", "TCP to us", "datagrams to them", "datagrams to us"],
    ...["device reads", "device writes", "sends", "receives", "our drops"],
  ];
  const body = `Our daemon with all offloads against an original, ${results[0]?.seconds ?? 0} s for each line: two TCP streams and a flow of datagrams
each way, all at the same time. Both ends take the SHA-256 of every stream, every datagram is compared with what was sent, and
the kernels' counters of wrong checksums are read, for TCP would hide a wrong byte by sending it again. Beside streams that
take all there is some datagrams are lost; none may be wrong, repeated or overtaken.

${markdownTable([titles, ...rows])}

Reads, writes, sends and receives: packets that were moved in one piece, and how many of them on average. The kernel of our
host joins arriving datagrams as it does behind a network card.`;
  return { title: "Load against the originals", faults: results.flatMap(loadFaults), body };
}

function gigabytes(digests: readonly StreamDigest[]): string {
  return `${(digests.reduce((sum, { bytes }) => sum + bytes, 0) / 1e9).toFixed(2)} GB`;
}

function each(counters: ReadonlyMap<string, number>, packets: string, pieces: string): string {
  const [count, calls] = [counters.get(packets) ?? 0, counters.get(pieces) ?? 0];
  return calls === 0 ? "none" : `${count} (${(count / calls).toFixed(0)})`;
}
