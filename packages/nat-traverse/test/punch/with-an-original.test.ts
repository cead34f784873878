import { describe, expect, it } from "vitest";
import { NewEnd, OriginalEnd } from "../support/ends.ts";
import { keepingKinds } from "../support/gateway.ts";
import { Network } from "../support/network.ts";
import { quantile, twoOriginals, withOriginal } from "../support/trials.ts";

const pairs = keepingKinds.flatMap((left) => keepingKinds.map((right) => [left, right] as const));
const options = { spray: false };

describe("with an original", () => {
  it.each(pairs)("%s and %s are connected when it has sent its window, and it prints nothing", (...kinds) => {
    for (const [seed, skew] of [0, 300, 3_000, 8_000, 9_900, 12_000, -3_000, -8_000, -9_300].entries()) {
      const { both, took, right } = withOriginal({ kinds, seed, skew, options });
      expect(both, `skew ${skew}`).toBe(true);
      expect(right.output).toEqual([]);
      expect(took).toBeLessThan(Math.min(10_000, 10_000 + skew) + 1_200);
    }
  });

  it("sends one acknowledgement, and nothing behind it", () => {
    const { left } = withOriginal({ kinds: ["none", "none"], seed: 1, options });
    expect(left.events.filter(({ event }) => event === "ack")).toEqual([{ event: "ack", because: "heard" }]);
    expect(left.connection?.peerKind).toBe("original");
    expect(left.perSecond.slice(3).filter((count) => count > 0)).toEqual([]);
  });

  it("is as good as two originals at least, whatever is lost", () => {
    let printed = 0;
    for (const loss of [0.1, 0.3]) {
      for (const skew of [0, 3_000, 8_000, 9_500, -3_000, -8_000]) {
        const count = (run: typeof withOriginal | typeof twoOriginals): number => {
          let both = 0;
          for (let seed = 1; seed <= 150; seed++) {
            const kinds = pairs[seed % pairs.length] ?? ["none", "none"];
            const outcome = run({ kinds, seed: seed * 31, skew, path: { loss }, options });
            both += outcome.both ? 1 : 0;
            printed += outcome.right.output.length;
          }
          return both;
        };
        expect(count(withOriginal), `loss ${loss}, skew ${skew}`).toBeGreaterThan(count(twoOriginals) - 5);
      }
    }
    // Of 1,800 runs: so many packets lost in a row make a peer look as if it had started after our acknowledgement.
    expect(printed).toBeLessThanOrEqual(2);
  });

  it.each([
    [10, 12_000],
    [10, 19_000],
    [2, 15_000],
    [5, 15_000],
    [15, 13_000],
  ])("with a window of %i s that starts after our acknowledgement gets another one", (window, skew) => {
    const network = new Network(["firewall", "port-restricted"], {}, 1);
    const left = new NewEnd(network, { side: 0, localPort: 40_000, peerPort: 40_001, ...options });
    const right = new OriginalEnd(network, { side: 1, localPort: 40_001, peerPort: 40_000, window, startAt: skew });
    network.until(60_000, () => left.isOver && right.isOver);
    expect([left.isConnected, right.isConnected]).toEqual([true, true]);
    expect(left.events.filter(({ event }) => event === "ack")).toEqual([
      { event: "ack", because: "window" },
      { event: "ack", because: "late" },
    ]);
    expect(right.output).toEqual([]);
  });

  it("with a longer window that starts soon after our acknowledgement gets another one", () => {
    const network = new Network(["firewall", "port-restricted"], {}, 1);
    const ports = { side: 0, localPort: 40_000, peerPort: 40_001 } as const;
    const left = new NewEnd(network, { ...ports, ...options, window: 3 });
    const right = new OriginalEnd(network, { side: 1, localPort: 40_001, peerPort: 40_000, window: 6, startAt: 5_000 });
    network.until(60_000, () => left.isOver && right.isOver);
    expect([left.isConnected, right.isConnected]).toEqual([true, true]);
    expect(right.output).toEqual([]);
  });

  it("that was there before our acknowledgement gets no other one, though its first packets are lost", () => {
    const network = new Network(["firewall", "port-restricted"], {}, 1);
    network.drops = (side, n) => side === 1 && n < 4;
    const left = new NewEnd(network, { side: 0, localPort: 40_000, peerPort: 40_001, ...options });
    const right = new OriginalEnd(network, { side: 1, localPort: 40_001, peerPort: 40_000, startAt: 8_500 });
    network.until(60_000, () => left.isOver && right.isOver);
    expect([left.isConnected, right.isConnected]).toEqual([true, true]);
    expect(right.output).toEqual([]);
  });

  it("of which nothing was heard, acknowledges when the window is over", () => {
    const { left } = withOriginal({ kinds: ["none", "none"], seed: 1, skew: -10_500, options });
    expect(left.events.filter(({ event }) => event === "ack")).toEqual([{ event: "ack", because: "window" }]);
    const { left: early } = withOriginal({ kinds: ["firewall", "firewall"], seed: 1, skew: 13_000, options });
    expect(early.events.filter(({ event }) => event === "ack")).toEqual([
      { event: "ack", because: "window" },
      { event: "ack", because: "late" },
    ]);
  });

  it("takes a refused acknowledgement back", () => {
    const { left, both, right } = withOriginal({ kinds: ["none", "none"], seed: 1, skew: 15_000, options });
    expect(both).toBe(true);
    expect(right.output).toEqual([]);
    expect(left.events).toContainEqual(expect.objectContaining({ event: "refused" }));
  });

  it("takes data as a sign that it is connected, and keeps it", () => {
    const network = new Network(["port-restricted", "port-restricted"], { loss: 0 }, 1);
    let isAckLost = false;
    const left = new NewEnd(network, { side: 0, localPort: 40_000, peerPort: 40_001, ...options });
    const right = new OriginalEnd(network, { side: 1, localPort: 40_001, peerPort: 40_000, window: 1 });
    network.drops = (side, n) => {
      if (side !== 1 || n !== 1) return false;
      isAckLost = true;
      return true;
    };
    network.at(3_000, () => right.say("hello"));
    network.until(20_000, () => left.isOver);
    expect([isAckLost, right.isConnected, left.isConnected]).toEqual([true, true, true]);
    expect(left.connection?.early.map((bytes) => Buffer.from(bytes).toString())).toEqual(["hello"]);
    expect(left.connectedAt).toBeLessThan(3_100);
  });

  it("connects when all of its garbage came and its acknowledgement did not", () => {
    const network = new Network(["firewall", "firewall"], { loss: 0 }, 1);
    network.drops = (side, n) => side === 1 && n === 10;
    const left = new NewEnd(network, { side: 0, localPort: 40_000, peerPort: 40_001, ...options });
    const right = new OriginalEnd(network, { side: 1, localPort: 40_001, peerPort: 40_000 });
    network.until(60_000, () => left.isOver && right.isOver);
    expect([left.isConnected, right.isConnected]).toEqual([true, true]);
    expect(left.connectedAt).toBeCloseTo(14_020, -2);
  });

  it("does not connect with one that sends garbage and never acknowledges", () => {
    const network = new Network(["none", "none"], {}, 1);
    const left = new NewEnd(network, { side: 0, localPort: 40_000, peerPort: 40_001, timeout: 5, ...options });
    const right = new OriginalEnd(network, { side: 1, localPort: 40_001, peerPort: 40_000, window: 60 });
    network.until(55_000, () => left.isOver);
    expect([left.isOver, right.isConnected]).toEqual([false, false]);
    const lonely = new Network(["none", "none"], {}, 1);
    lonely.drops = (side, n) => side === 1 && n > 0;
    const other = new NewEnd(lonely, { side: 0, localPort: 40_000, peerPort: 40_001, timeout: 5, ...options });
    new OriginalEnd(lonely, { side: 1, localPort: 40_001, peerPort: 40_000 });
    lonely.until(60_000, () => other.isOver);
    expect(other.diagnosis?.code).toBe("no-ack");
    expect(other.failedAt).toBe(15_000);
  });

  it("behind a gateway that changes ports is reached where ours lets it in", () => {
    for (const kind of ["symmetric", "symmetric-seq", "port-restricted:shift"] as const) {
      for (const ours of ["none", "full-cone", "restricted"] as const) {
        const { both, right, left } = withOriginal({ kinds: [ours, kind], seed: 5, options });
        expect(both).toBe(true);
        expect(right.output).toEqual([]);
        expect(left.connection?.to.port).not.toBe(40_001);
      }
    }
  });

  it("that is not reachable is told from one that is not there", () => {
    const { left } = withOriginal({ kinds: ["firewall", "symmetric"], seed: 5, options });
    expect(left.diagnosis?.code).toBe("nothing-arrived");
  });

  it("is quicker than two originals when it started long before", () => {
    const times = [1, 2, 3, 4, 5].map(
      (seed) => withOriginal({ kinds: ["none", "none"], seed, skew: -9_000, options }).took,
    );
    expect(quantile(times, 0.5)).toBeLessThan(2_200);
  });
});
