import type { NatKind } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { Spray } from "../../src/punch/spray.ts";
import { NewEnd } from "../support/ends.ts";
import { changingKinds, keepingKinds } from "../support/gateway.ts";
import { Network } from "../support/network.ts";
import { seeded } from "../support/random.ts";
import { quantile, twoNewEnds } from "../support/trials.ts";

const pairs = changingKinds.flatMap((changing) => keepingKinds.map((keeping) => [changing, keeping] as const));
/** Of trying ports out, and of everything together: docs/NAT-TRAVERSAL.md. */
const MOST_PER_SECOND = 330;

function within(times: readonly number[], ms: number): number {
  return times.filter((took) => took <= ms).length;
}

/** Two ends with ports of their own, at most a minute; the kinds are the gateways'. */
function meet(kinds: readonly [NatKind, NatKind], right: readonly [number, number], seed: number): boolean[] {
  const network = new Network(kinds, {}, seed);
  const [localPort, peerPort] = right;
  const ends = [
    new NewEnd(network, { side: 0, localPort: 40_000, peerPort: 40_001, lowPorts: true }),
    new NewEnd(network, { side: 1, localPort, peerPort, lowPorts: true }),
  ];
  network.until(60_000, () => ends.every(({ isOver }) => isOver));
  return ends.map(({ isConnected }) => isConnected);
}

describe("trying ports out", () => {
  it.each([1, 2, 3, 4])("does not find an end of another hole between the same hosts (%i)", (seed) => {
    const kinds = seed % 2 === 0 ? (["none", "none"] as const) : (["port-restricted", "port-restricted"] as const);
    expect(meet(kinds, [40_003, 40_002], seed)).toEqual([false, false]);
  });

  it("never sends more in a second than it says, however late it is called", () => {
    const random = seeded(7);
    const peers = [{ address: "198.51.100.2", port: 40_001 }];
    const times = { windowMs: 10_000, timeoutMs: 10_000 };
    const rest = { localPort: 40_000, capabilities: 4, session: 1n, spray: true, lowPorts: true, shortTtl: true };
    const spray = new Spray({ peers, ...times, ...rest, random }, 0);
    const sent: number[] = [];
    for (let now = spray.dueAt(); now < 30_000; now = Math.max(spray.dueAt(), now + 1)) {
      // late, in one of ten times
      now += random() < 0.1 ? random() * 60 : 0;
      for (const step of spray.due(now)) if ("way" in step) sent.push(now);
    }
    let most = 0;
    for (const [index, at] of sent.entries())
      most = Math.max(most, index + 1 - sent.findIndex((time) => time > at - 1000));
    expect(most).toBeLessThanOrEqual(spray.bounds.packetsPerSecond);
    expect(sent.length / 28.5).toBeGreaterThan(270);
  });

  it("needs only one of the ports to be as the other end has it", () => {
    expect(meet(["symmetric", "port-restricted"], [40_001, 7_000], 1)).toEqual([true, true]);
  });
});

describe("a gateway that changes ports", () => {
  it.each(pairs)("%s is crossed from behind %s", (...kinds) => {
    const times: number[] = [];
    const runs = 12;
    for (let seed = 1; seed <= runs; seed++) {
      const trial = { seed, kinds: seed % 2 === 0 ? kinds : ([kinds[1], kinds[0]] as const) };
      const skew = [0, 3_000, 7_000][seed % 3] ?? 0;
      const { both, oneSided, took, left, right } = twoNewEnds({ ...trial, skew, path: { loss: 0.02 } });
      expect(oneSided).toBe(false);
      if (both) times.push(took);
      expect(Math.max(...left.perSecond, ...right.perSecond)).toBeLessThanOrEqual(MOST_PER_SECOND);
    }
    expect(within(times, 15_000)).toBeGreaterThanOrEqual(runs - 1);
    const isOpen = ["none", "full-cone", "restricted"].includes(kinds[1]);
    if (isOpen) expect(quantile(times, 0.5)).toBeLessThan(500);
  });

  it("on both sides is crossed with low ports, when both choose at random", () => {
    const times: number[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const kinds = ["symmetric", "symmetric"] as const;
      const { both, oneSided, took, left, right } = twoNewEnds({
        ...{ seed, kinds, skew: (seed % 3) * 3_000, path: { loss: 0.05 }, options: { lowPorts: true } },
      });
      expect(oneSided).toBe(false);
      if (both) times.push(took);
      expect(Math.max(...left.perSecond, ...right.perSecond)).toBeLessThanOrEqual(MOST_PER_SECOND);
    }
    expect(within(times, 15_000)).toBeGreaterThanOrEqual(18);
  });

  it("on both sides is given up in time without them, with advice", () => {
    const { left, right } = twoNewEnds({ kinds: ["symmetric", "symmetric"], seed: 1 });
    for (const end of [left, right]) {
      expect(end.failedAt).toBe(20_000);
      expect(end.diagnosis?.code).toBe("nothing-arrived");
      expect(end.diagnosis?.advice.join()).toMatch(/as root/);
    }
  });

  it("is not tried with --no-spray", () => {
    const { left } = twoNewEnds({ kinds: ["symmetric", "firewall"], seed: 1, options: { spray: false } });
    expect(left.isConnected).toBe(false);
    expect(Math.max(...left.perSecond)).toBeLessThan(10);
  });

  it("tells both sides about the port", () => {
    const { left, right } = twoNewEnds({ kinds: ["symmetric", "none"], seed: 3 });
    const seenPort = right.connection?.to.port;
    expect(right.events).toContainEqual(expect.objectContaining({ event: "heard", expected: false }));
    expect(left.events).toContainEqual({ event: "mapped", localPort: 40_000, seenPort });
    expect(left.connection?.mappedPort).toBe(seenPort);
  });
});

describe("a gateway that lets unasked packets in", () => {
  it.each([0, 500, 3_000, 8_000, 9_500])("is crossed by the second pair of ports, %i ms apart", (skew) => {
    for (const kinds of [
      ["port-restricted", "port-restricted"],
      ["port-restricted", "none"],
      ["none", "port-restricted"],
      ["firewall", "port-restricted"],
    ] as const) {
      const { both, took } = twoNewEnds({ kinds, seed: skew, skew, isTrap: true });
      expect(both).toBe(true);
      expect(took).toBeLessThan(10_500 - skew);
    }
  });

  it("spoils the first pair without it", () => {
    const kinds = ["port-restricted", "port-restricted"] as const;
    const { left, right } = twoNewEnds({ kinds, seed: 1, skew: 3_000, isTrap: true, options: { shortTtl: false } });
    expect([left.isConnected, right.isConnected]).toEqual([false, false]);
    expect(left.diagnosis?.code).toBe("refused");
  });
});
