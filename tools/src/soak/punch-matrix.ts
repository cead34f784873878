// Both ends of a hole behind gateways of every kind: who connects, how soon, and what only one end believes.
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type Capture, LabError, type NatKind, NatLab, type NatSide, type WanInput } from "../lab/index.ts";
import { type PunchEnd, PunchEnds, type Puncher } from "./punch-ends.ts";
import { Turnstile } from "./turnstile.ts";

export interface PunchCell {
  /** Left and right; they start first in turns. */
  readonly programs: readonly [Puncher, Puncher];
  readonly gateways: readonly [NatName, NatName];
  /** Seconds from the first packet of the first end to that of the second one. */
  readonly skew: number;
  /** Parts of a hundred. */
  readonly loss: number;
  readonly wanInput?: WanInput;
  /** Milliseconds of the network, one way. */
  readonly delayMs?: number;
  /** `--timeout` of both. */
  readonly timeout?: number;
  /** Ours are told not to use source ports that need root. */
  readonly isPlain?: boolean;
  /** The first two runs also count packets. */
  readonly isCounted?: boolean;
  readonly runs: number;
}

/** A kind, or two behind one another: a carrier's gateway behind the home's. */
export type NatName = NatKind | "cgnat";

export interface PunchRun {
  /** Left and right. */
  readonly statuses: readonly [number, number];
  /**
   * Seconds from the later start until both were connected: with two of ours as the later one says, otherwise until both
   * programs ended.
   */
  readonly seconds: number;
  /** UDP packets that one host sent in the busiest second, where they were counted. */
  readonly packetsPerSecond?: number;
  /** What both said, where not both connected. */
  readonly texts?: readonly [string, string];
}

export interface PunchResult {
  readonly cell: PunchCell;
  readonly runs: readonly PunchRun[];
}

export const keepingNames: readonly NatName[] = [
  ...(["none", "firewall", "full-cone", "restricted", "port-restricted", "cgnat"] as const),
];
export const changingNames: readonly NatName[] = [
  ...(["symmetric", "symmetric-seq", "full-cone:shift", "restricted:shift", "port-restricted:shift"] as const),
];

/** Outside of what the kernel gives to sockets without a port: those that spray of another run must not have one of these. */
const FIRST_PORT = 20_000;
const COUNTED_RUNS = 2;
/** By so much the second end may begin late. */
const TOLERANCE_MS = 1_200;
const MOST_ATTEMPTS = 20;
/** More originals that start at a time only make each other late. */
const turnstile = new Turnstile(2 * availableParallelism());

export function bothConnected({ runs }: PunchResult): readonly PunchRun[] {
  return runs.filter(({ statuses }) => statuses[0] === 0 && statuses[1] === 0);
}

export function oneSided({ runs }: PunchResult): readonly PunchRun[] {
  return runs.filter(({ statuses }) => (statuses[0] === 0) !== (statuses[1] === 0));
}

/** Cells with the same name can share a laboratory. */
export function labName({ gateways, loss, wanInput, delayMs }: PunchCell): string {
  return [...gateways, loss, wanInput, delayMs].join(" ");
}

/** Gateways and a network, for many runs, also at a time; on other ports each time so that no mapping is met twice. */
export class PunchLab {
  readonly #lab: NatLab;
  readonly #ends: readonly [PunchEnds, PunchEnds];
  #next = FIRST_PORT;

  private constructor(lab: NatLab, ends: readonly [PunchEnds, PunchEnds]) {
    this.#lab = lab;
    this.#ends = ends;
  }

  /** Owned by the caller, who disposes of it. @throws LabError */
  static async create({ gateways, loss, wanInput, delayMs }: PunchCell): Promise<PunchLab> {
    const [left, right] = gateways;
    const options = {
      ...(wanInput === undefined ? {} : { wanInput }),
      ...(delayMs === undefined ? {} : { delayMs }),
    };
    const lab = await NatLab.create(chain(left), chain(right), { loss, ...options });
    try {
      // One hole's refusals must not use up what the kernel allows for another one's.
      for (const { host } of [lab.left, lab.right])
        await host.check("sh", ["-c", "echo 0 >/proc/sys/net/ipv4/icmp_ratelimit"]);
      return new PunchLab(lab, [await PunchEnds.start(lab.left.host), await PunchEnds.start(lab.right.host)]);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Tries again where the machine was too busy to start the second end in time.
   * @param n which run of the cell this is: the left end starts first in even ones
   * @throws LabError `timeout`
   */
  async run(cell: PunchCell, n: number): Promise<PunchRun> {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      const run = await this.#attempt(cell, n);
      if (run !== undefined) return run;
    }
    throw new LabError("timeout", "the machine is too busy to start programs when they should start");
  }

  async #attempt(cell: PunchCell, n: number): Promise<PunchRun | undefined> {
    const [left, right] = [this.#next, this.#next + 1] as const;
    this.#next += 2;
    const { timeout, isPlain, programs } = cell;
    const options = {
      ...(timeout === undefined ? {} : { timeout }),
      ...(isPlain === true ? { lowPorts: false } : {}),
    };
    const places = [
      { program: programs[0], localPort: left, peer: this.#lab.right.address, peerPort: right, ...options },
      { program: programs[1], localPort: right, peer: this.#lab.left.address, peerPort: left, ...options },
    ] as const;
    const isCounted = cell.isCounted === true && n < COUNTED_RUNS;
    const captures = isCounted ? await Promise.all([this.#lab.left, this.#lab.right].map(capture)) : [];
    const begin = (index: 0 | 1, isUrgent: boolean): Promise<PunchEnd> => {
      const work = (): Promise<PunchEnd> => this.#ends[index].begin(places[index]);
      return programs[index] === "ours" ? work() : turnstile.pass(isUrgent, work);
    };
    const isLeftFirst = n % 2 === 0;
    const early = await begin(isLeftFirst ? 0 : 1, false);
    await sleep(cell.skew * 1000 - (performance.now() - early.beganAt));
    const late = await begin(isLeftFirst ? 1 : 0, true);
    const [earlyEnd, lateEnd] = await Promise.all([early.ended, late.ended]);
    const rates = await Promise.all(captures.map(async (made) => busiestSecond(await made.stop())));
    if (late.beganAt - early.beganAt > cell.skew * 1000 + TOLERANCE_MS) return undefined;
    const took = (Math.max(earlyEnd.at, lateEnd.at) - late.beganAt) / 1000;
    const isOurs = programs.every((name) => name === "ours");
    const [one, other] = isLeftFirst ? [earlyEnd, lateEnd] : [lateEnd, earlyEnd];
    const both = one.status === 0 && other.status === 0;
    return {
      statuses: [one.status, other.status],
      seconds: isOurs && lateEnd.ms !== undefined ? lateEnd.ms / 1000 : took,
      ...(rates.length === 0 ? {} : { packetsPerSecond: Math.max(...rates) }),
      ...(both ? {} : { texts: [one.text, other.text] }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lab[Symbol.asyncDispose]();
  }
}

function capture({ host }: NatSide): Promise<Capture> {
  return host.capture("eth0", "udp and outbound");
}

/** The most of these packets that any span of a second holds. */
export function busiestSecond(packets: readonly { readonly time: number }[]): number {
  let most = 0;
  let from = 0;
  for (const [index, { time }] of packets.entries()) {
    while ((packets[from]?.time ?? time) <= time - 1) from += 1;
    most = Math.max(most, index - from + 1);
  }
  return most;
}

function chain(name: NatName): readonly [NatKind] | readonly [NatKind, NatKind] {
  return name === "cgnat" ? ["port-restricted", "port-restricted"] : [name];
}
