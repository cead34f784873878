// What a long run of the hole puncher has shown: tables, and faults.
import { availableParallelism, loadavg } from "node:os";
import { median, quantile } from "../measure/statistics.ts";
import { markdownTable } from "../terminal/text-table.ts";
import type { Section } from "./document.ts";
import { LATE_SECONDS } from "./punch-cells.ts";
import { chanceOfFewer, compareWithOriginals } from "./punch-compare.ts";
import { bothConnected, oneSided, type PunchCell, type PunchResult } from "./punch-matrix.ts";

/** The load that others may have put on the machine. */
const busy = (): string => {
  const [, , load = 0] = loadavg();
  return `Load average while the last of these ran: ${load.toFixed(0)} on ${availableParallelism()} processors.`;
};

const IN_TIME_SECONDS = 15;
/** What docs/NAT-TRAVERSAL.md promises. */
const MOST_PACKETS_PER_SECOND = 330;
/** Chance beyond which a difference is none of chance's. */
const SIGNIFICANT = 0.01;
type Mix = (typeof columns)[number];
const columns = ["ours/ours", "ours/original", "original/ours", "original/original"] as const;

interface Sum {
  readonly runs: number;
  readonly both: number;
  readonly half: number;
  readonly seconds: readonly number[];
}

const legend = `An end is the program with \`--quit-after-connect\` and otherwise default options (of ours what it does then, in a process that
stays: packages/nat-traverse/bench/ends.mjs), in network namespaces; the ends start first in turns, and a run in which the second
one began more than 1.2 s later than it should is repeated. A cell: runs in which both ends connected, of all; "+n": in n more
only one end believed it; median seconds from the later start until both were connected (two of ours), or until both programs had ended.`;

/** A fault if runs are missing, because there was no time for them. */
function incompleteness(results: readonly PunchResult[]): string[] {
  const done = sum(results).runs;
  const all = results.reduce((count, { cell }) => count + cell.runs, 0);
  return done === all ? [] : [`there was time for ${done} of ${all} runs`];
}

/** All mixes of programs, behind gateways that the original crosses. */
export function mixSection(results: readonly PunchResult[], others: readonly PunchResult[]): Section {
  const usual = results.filter(({ cell }) => cell.skew < LATE_SECONDS);
  const { cells, better, equal, worse, faults } = compareWithOriginals([...results, ...others]);
  const beyond = faults.length === 0 ? "none of them beyond chance" : `${faults.length} of them beyond chance`;
  const body = `${legend} ${busy()}

Starts 0, 3 and 8 s apart:

${mixTable(usual, ({ cell }) => [...cell.gateways, `${cell.loss} %`], ["left", "right", "loss"])}

All pairs of gateways, by the time between the starts. ${LATE_SECONDS} s is more than an original waits with the usual time-out; with a
longer one it waits in vain, for nobody sends a second acknowledgement:

${mixTable(results, ({ cell }) => [apart(cell), `${cell.loss} %`], ["apart", "loss"])}

Gateways that answer unasked packets with ICMP (\`reject\`), or take them for themselves (\`accept\`), 0, 3 and 8 s apart, nothing lost:

${mixTable(others, ({ cell }) => [cell.wanInput ?? "", ...cell.gateways], ["", "left", "right"])}

Of the ${cells} cells (gateways, time between the starts, loss) with one original, each with its role, both ends connected more often
than two originals in ${better}, as often in ${equal}, less often in ${worse}: ${beyond} (Fisher's exact test, corrected for the number of cells).`;
  const missing = incompleteness([...results, ...others]);
  return { title: "Hole punching", faults: [...missing, ...mixFaults(results, others)], body };
}

/** Ours where the original never connects. */
export function portsSection(changing: readonly PunchResult[], traps: readonly PunchResult[]): Section {
  const body = `${legend} ${busy()} Both ends are ours. Packets: of one host in the busiest second, of ${changing.flatMap(({ runs }) => runs.filter(({ packetsPerSecond }) => packetsPerSecond !== undefined)).length} runs in which they were counted.

A gateway that changes ports; low source ports are used only where the last column says so:

${pairTable(changing)}

Gateways that let unasked packets in:

${pairTable(traps)}`;
  const missing = incompleteness([...changing, ...traps]);
  return {
    title: "Hole punching through other gateways",
    faults: [...missing, ...portsFaults(changing, traps)],
    body,
  };
}

/** Ours at both ends of a network that takes its time. */
export function longSection(results: readonly PunchResult[]): Section {
  const rows = groups(results, ({ cell }) => [...cell.gateways, cell.delayMs, cell.loss].join(" ")).map((group) => {
    const [first] = group;
    const all = sum(group);
    const times = [0.5, 0.9, 1].map((share) => milliseconds(quantile(all.seconds, share)));
    const { gateways, loss } = first?.cell ?? { gateways: [], loss: 0 };
    const bound = loss === 0 ? `${boundOf(first?.cell) * 1000}` : "";
    return [...gateways, `${roundTripMs(first?.cell)}`, `${loss} %`, count(all), ...times, bound];
  });
  const head = ["left", "right", "round trip", "loss", "both", "median", "90 % within", "slowest", "bound"];
  const body = `Two of ours with \`--quit-after-connect\`, starts 0 and 3 s apart, in turns; milliseconds from the later start until that end was connected. The
bound for the median is 2 round trips + 50 ms, where nothing is lost. Round trip: as the network is made; the process that holds packets back adds some milliseconds. ${busy()}

${markdownTable([head, ...rows])}`;
  return {
    title: "Hole punching over a long network",
    faults: [...incompleteness(results), ...longFaults(results)],
    body,
  };
}

export function mixFaults(results: readonly PunchResult[], others: readonly PunchResult[]): string[] {
  const faults: string[] = [];
  const hopeful = results.filter(({ cell }) => cell.skew < LATE_SECONDS || cell.timeout !== undefined);
  const ours = sum(hopeful.filter(isMix("ours/ours")));
  if (ours.both < 0.99 * ours.runs) faults.push(`two of ours: ${ours.both} of ${ours.runs} runs`);
  const alone = [...results, ...others].filter(isMix("ours/ours")).flatMap(oneSided).length;
  if (alone > 0) faults.push(`two of ours: ${alone} runs with one end alone`);
  for (const group of groups(hopeful, ({ cell }) => `${cell.loss} % loss, ${apart(cell)} apart`)) {
    const original = sum(group.filter(isMix("original/original")));
    for (const name of ["ours/original", "original/ours"] as const) {
      const mixed = sum(group.filter(isMix(name)));
      if (chanceOfFewer(mixed.both, mixed.runs, original.both, original.runs) > SIGNIFICANT) continue;
      const [first] = group;
      const where = first === undefined ? "" : `${first.cell.loss} % loss, ${apart(first.cell)} apart`;
      faults.push(
        `${name}, ${where}: ${mixed.both} of ${mixed.runs} runs, the original alone ${original.both} of ${original.runs}`,
      );
    }
  }
  return [...faults, ...compareWithOriginals([...results, ...others]).faults];
}

export function portsFaults(changing: readonly PunchResult[], traps: readonly PunchResult[]): string[] {
  const faults: string[] = [];
  for (const group of groups(changing, ({ cell }) => cell.gateways.join(" "))) {
    const [first] = group;
    if (first === undefined) continue;
    const wanted = first.cell.gateways.every((name) => name.startsWith("symmetric")) ? 0.9 : 0.95;
    const { runs, half, seconds } = sum(group);
    const inTime = seconds.filter((value) => value <= IN_TIME_SECONDS).length;
    const what = first.cell.gateways.join(" and ");
    if (inTime < wanted * runs) faults.push(`${what}: ${inTime} of ${runs} runs within ${IN_TIME_SECONDS} s`);
    if (half > 0) faults.push(`${what}: ${half} runs with one end alone`);
    const most = busiest(group);
    if (most !== undefined && most > MOST_PACKETS_PER_SECOND) faults.push(`${what}: ${most} packets in a second`);
  }
  const trap = sum(traps);
  if (trap.both < 0.95 * trap.runs) faults.push(`gateways that let packets in: ${trap.both} of ${trap.runs} runs`);
  return faults;
}

export function longFaults(results: readonly PunchResult[]): string[] {
  const faults: string[] = [];
  for (const group of groups(results, ({ cell }) => [...cell.gateways, cell.delayMs, cell.loss].join(" "))) {
    const [first] = group;
    if (first?.cell.loss !== 0) continue;
    const middle = median(sum(group).seconds);
    const where = `${first.cell.gateways.join(" and ")}, ${roundTripMs(first.cell)} ms`;
    if (!(middle <= boundOf(first.cell))) faults.push(`${where}: ${milliseconds(middle)} ms in the median`);
  }
  for (const isLossy of [false, true]) {
    const all = sum(results.filter(({ cell }) => cell.loss > 0 === isLossy));
    const least = isLossy ? 0.99 : 1;
    if (all.both < least * all.runs) faults.push(`${isLossy ? "lossy: " : ""}${all.both} of ${all.runs} runs`);
    if (all.half > 0) faults.push(`${all.half} runs with one end alone`);
  }
  return faults;
}

function mixTable(
  results: readonly PunchResult[],
  name: (result: PunchResult) => string[],
  head: readonly string[],
): string {
  const rows = groups(results, (result) => name(result).join(" ")).map((group) => {
    const [first] = group;
    return [...(first === undefined ? [] : name(first)), ...columns.map((mix) => text(sum(group.filter(isMix(mix)))))];
  });
  const total = columns.map((mix) => text(sum(results.filter(isMix(mix)))));
  const all = head.map((_, index) => (index === 0 ? "all" : ""));
  return markdownTable([[...head, ...columns], ...rows, [...all, ...total]]);
}

function pairTable(results: readonly PunchResult[]): string {
  const rows = groups(results, ({ cell }) => cell.gateways.join(" ")).map((group) => {
    const [first] = group;
    const skews = [...new Set(group.map(({ cell }) => cell.skew))].join(", ");
    const all = sum(group);
    const slowest = all.seconds.length === 0 ? "" : Math.max(...all.seconds).toFixed(1);
    const ports = first?.cell.isPlain === true ? "" : "low ports";
    return [...(first?.cell.gateways ?? []), `${skews} s`, text(all), slowest, `${busiest(group) ?? ""}`, ports];
  });
  return markdownTable([["left", "right", "apart", "both", "slowest", "packets", ""], ...rows]);
}

function isMix(name: Mix): (result: PunchResult) => boolean {
  return ({ cell }) => cell.programs.join("/") === name;
}

function apart({ skew, timeout }: PunchCell): string {
  return `${skew} s${timeout === undefined ? "" : `, --timeout ${timeout}`}`;
}

function roundTripMs(cell: PunchCell | undefined): number {
  return 2 * (cell?.delayMs ?? 0);
}

/** Seconds. */
function boundOf(cell: PunchCell | undefined): number {
  return (2 * roundTripMs(cell) + 50) / 1000;
}

function busiest(results: readonly PunchResult[]): number | undefined {
  const counted = results.flatMap(({ runs }) => runs.flatMap(({ packetsPerSecond }) => packetsPerSecond ?? []));
  return counted.length === 0 ? undefined : Math.max(...counted);
}

function sum(results: readonly PunchResult[]): Sum {
  const both = results.flatMap(bothConnected);
  return {
    runs: results.flatMap(({ runs }) => runs).length,
    both: both.length,
    half: results.flatMap(oneSided).length,
    seconds: both.map(({ seconds }) => seconds),
  };
}

function count({ runs, both, half }: Sum): string {
  return `${both}/${runs}${half === 0 ? "" : ` +${half}`}`;
}

function text(all: Sum): string {
  if (all.runs === 0) return "";
  return `${count(all)}${all.seconds.length === 0 ? "" : ` ${median(all.seconds).toFixed(1)}`}`;
}

function milliseconds(seconds: number): string {
  return Number.isNaN(seconds) ? "" : (seconds * 1000).toFixed(0);
}

function groups<T>(values: readonly T[], key: (value: T) => string): T[][] {
  const found = new Map<string, T[]>();
  for (const value of values) {
    const group = found.get(key(value));
    if (group === undefined) found.set(key(value), [value]);
    else group.push(value);
  }
  return [...found.values()];
}
