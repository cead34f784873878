// What the long runs have shown: faults, and sections of docs/SOAK.md.
import { markdownTable } from "../terminal/text-table.ts";
import type { Section } from "./document.ts";
import type { FuzzResult } from "./fuzz-campaign.ts";
import type { MatrixResult } from "./option-matrix.ts";
import type { MemoryTrend, SoakResult } from "./traffic-soak.ts";

/** Drops that say that something is wrong when nobody attacks and nothing is overloaded. */
const unexpectedDrops: ReadonlySet<string> = new Set([
  ...["too-long", "not-ip", "no-route", "no-sequence", "truncated", "unknown-mux", "bad-tag", "replay"],
  ...["sender-limit", "empty-payload", "wrong-type", "send-too-big", "send-other"],
]);

/** What a run has shown to be wrong; nothing when all is well. */
export function soakFaults({ memory, counters, pingsSent, pingsAnswered }: SoakResult): string[] {
  const faults: string[] = [];
  for (const [index, trend] of memory.entries()) {
    if (!trend.flat)
      faults.push(`memory of daemon ${index + 1} grew from ${mib(trend.middleMib)} to ${mib(trend.lastMib)}`);
  }
  for (const [index, { drops }] of counters.entries()) {
    for (const [reason, count] of drops) {
      if (unexpectedDrops.has(reason)) faults.push(`daemon ${index + 1} dropped ${count} packets: ${reason}`);
    }
  }
  // The last one may still be under way when time is up, and a full queue may cost one in a hundred.
  if (pingsSent - pingsAnswered > Math.max(2, pingsSent / 100))
    faults.push(`only ${pingsAnswered} of ${pingsSent} pings were answered`);
  return faults;
}

export function fuzzFaults({ flood, read, droppedByKernel, counted }: FuzzResult): string[] {
  const faults: string[] = [];
  if (counted !== read) faults.push(`the daemon read ${read} datagrams and counted ${counted}`);
  if (read + droppedByKernel < flood.sent)
    faults.push(`${flood.sent - read - droppedByKernel} datagrams are unaccounted for`);
  return faults;
}

export function trafficSection(soak: SoakResult): Section {
  const body = `Two daemons, ${(soak.seconds / 60).toFixed(1)} minutes, one TCP stream each way as fast as it goes: ${soak.gigabytes.toFixed(1)} GB; ${soak.pingsAnswered} of
${soak.pingsSent} pings answered meanwhile.

${memoryTable(soak.memory)}

Flat means: the median of the last third of the time is at most 5 % and 2 MiB above the middle third's.

\`\`\`
left   ${indent(soak.counters[0].text)}
right  ${indent(soak.counters[1].text)}
\`\`\``;
  return { title: "Traffic", faults: soakFaults(soak), body };
}

export function fuzzSection(fuzz: FuzzResult): Section {
  const body = `A third host sent ${fuzz.flood.sent} datagrams (seed ${fuzz.seed}) to a daemon in use, in ${fuzz.flood.seconds.toFixed(0)} s:
${Object.entries(fuzz.flood.made)
  .map(([kind, count]) => `${count} ${kind}`)
  .join(", ")}.
The daemon's socket delivered ${fuzz.read} datagrams, those of the tunnel itself included; the daemon counted ${fuzz.counted}; the kernel had no room for ${fuzz.droppedByKernel}.
No crash, and the tunnel worked both ways afterwards. Resident memory ${mib(fuzz.residentBeforeMib)} before, ${mib(fuzz.residentAfterMib)} after.

\`\`\`
${fuzz.counters.text.split("\n").map(plain).join("\n")}
\`\`\``;
  return { title: "Fuzz", faults: fuzzFaults(fuzz), body };
}

export function optionsSection(matrix: MatrixResult): Section {
  const body = `${matrix.passed} combinations of peer, side, device, underlay, cipher, key derivation, authentication and tag length answered
pings both ways${matrix.failed.length === 0 ? "." : `; ${matrix.failed.length} did not.`}`;
  return { title: "Options", faults: matrix.failed, body };
}

function memoryTable(memory: readonly MemoryTrend[]): string {
  const rows = memory.map((trend, index) => {
    const cells = [mib(trend.middleMib), mib(trend.lastMib), mib(trend.largestMib), trend.flat ? "yes" : "no"];
    return [index === 0 ? "left" : "right", ...cells];
  });
  return markdownTable([["resident memory", "middle third", "last third", "largest", "flat"], ...rows]);
}

function mib(value: number): string {
  return `${value.toFixed(1)} MiB`;
}

function plain(line: string): string {
  return line.replace(/^\S+ \S+ NOTICE: /, "");
}

function indent(text: string): string {
  return text.split("\n").map(plain).join("\n       ");
}
