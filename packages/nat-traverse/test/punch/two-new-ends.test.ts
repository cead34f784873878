import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NewEnd } from "../support/ends.ts";
import { keepingKinds } from "../support/gateway.ts";
import { Network } from "../support/network.ts";
import { seeded } from "../support/random.ts";
import { quantile, twoNewEnds } from "../support/trials.ts";

const DELAY_MS = 20;
const pairs = keepingKinds.flatMap((left) => keepingKinds.map((right) => [left, right] as const));

describe("two new ends behind gateways that keep ports", () => {
  it.each(pairs)("%s and %s are connected within two round trips, whoever starts first", (...kinds) => {
    for (const [seed, skew] of [0, 5, 300, 3_000, 8_000, -3_000].entries()) {
      const { both, took, left, right } = twoNewEnds({ kinds, seed, skew, path: { delayMs: DELAY_MS } });
      expect(both).toBe(true);
      expect(took).toBeLessThanOrEqual(4 * DELAY_MS + 1);
      if (skew === 0) expect(took).toBeLessThanOrEqual(3 * DELAY_MS + 1);
      expect([left.isSettled, right.isSettled]).toEqual([true, true]);
      expect(left.connection?.socket).toBe(0);
      expect(left.connection?.to).toEqual({ address: "198.51.100.2", port: 40_001 });
      expect(left.connection?.peerKind).toBe("new");
    }
  });

  it("survive loss, duplicates and reordering in 2000 runs, never one alone", () => {
    const times: number[] = [];
    for (let seed = 1; seed <= 2_000; seed++) {
      const random = seeded(seed);
      const kinds = pairs[Math.floor(random() * pairs.length)] ?? ["none", "none"];
      const path = { delayMs: 1 + random() * 100, jitterMs: random() * 80, loss: 0.3, duplicates: random() * 0.3 };
      const skew = Math.floor(random() * 16_000) - 8_000;
      const { both, oneSided, took } = twoNewEnds({ kinds, seed, skew, path, options: { spray: false } });
      expect(oneSided, `seed ${seed}`).toBe(false);
      if (both) times.push(took);
    }
    expect(times.length).toBeGreaterThanOrEqual(1_980);
    expect(quantile(times, 0.5)).toBeLessThan(1_000);
    expect(quantile(times, 0.99)).toBeLessThan(4_000);
  });

  it("survive every pattern of loss that lets one packet in four of each side through", () => {
    const pattern = fc.array(fc.nat(3), { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(fc.tuple(pattern, pattern), fc.nat(9_000), fc.constantFrom(...pairs), (through, skew, kinds) => {
        const drops = (side: 0 | 1, n: number): boolean => n % 4 !== through[side][Math.floor(n / 4) % 16];
        const { both } = twoNewEnds({ kinds, seed: skew, skew, drops, options: { spray: false, shortTtl: false } });
        expect(both).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("give up in time when nobody is there, and say that nothing arrived", () => {
    const network = new Network(["port-restricted", "port-restricted"], {}, 1);
    const alone = new NewEnd(network, { side: 0, localPort: 40_000, peerPort: 40_001, window: 3, timeout: 5 });
    network.until(60_000, () => alone.isOver);
    expect(alone.failedAt).toBe(8_000);
    expect(alone.diagnosis?.code).toBe("nothing-arrived");
    expect(alone.events.filter(({ event }) => event === "garbage")).toHaveLength(3);
  });

  it("wait for ever with a time-out of 0, and keep their gateway open", () => {
    const network = new Network(["port-restricted", "port-restricted"], {}, 1);
    const options = { window: 2, timeout: 0, spray: false } as const;
    const early = new NewEnd(network, { side: 0, localPort: 40_000, peerPort: 40_001, ...options });
    const late = new NewEnd(network, { side: 1, localPort: 40_001, peerPort: 40_000, ...options, startAt: 600_000 });
    network.until(700_000, () => early.isConnected && late.isConnected);
    expect(late.connectedAt - 600_000).toBeLessThanOrEqual(4 * DELAY_MS + 1);
  });
});

describe("a restart", () => {
  it("of one end during the handshake leads to a connection with its new run", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seeded(seed);
      const path = { delayMs: 20, jitterMs: 60, loss: 0.2, duplicates: 0.2 };
      const network = new Network(["port-restricted", "firewall"], path, seed);
      const left = new NewEnd(network, { side: 0, localPort: 40_000, peerPort: 40_001, spray: false });
      const killed = new NewEnd(network, { side: 1, localPort: 40_001, peerPort: 40_000, spray: false });
      const killAt = random() * 90;
      network.at(killAt, () => killed.kill());
      const again = new NewEnd(network, {
        ...{ side: 1, localPort: 40_001, peerPort: 40_000, spray: false, startAt: killAt + random() * 100 },
      });
      network.until(60_000, () => left.isOver && again.isOver);
      // Whoever was connected before the kill has lost its peer; whoever was not finds the new one.
      if (left.isConnected && left.connectedAt <= killAt + 200 && !again.isConnected) {
        expect(left.restarts).toBeGreaterThan(0);
      } else {
        expect([left.isConnected, again.isConnected], `seed ${seed}`).toEqual([true, true]);
      }
    }
  });

  it("is noticed by an end that is connected, and does not disturb it", () => {
    const network = new Network(["none", "none"], {}, 1);
    const left = new NewEnd(network, { side: 0, localPort: 40_000, peerPort: 40_001 });
    const right = new NewEnd(network, { side: 1, localPort: 40_001, peerPort: 40_000 });
    network.until(1_000, () => false);
    expect([left.isConnected, right.isConnected]).toEqual([true, true]);
    right.kill();
    const again = new NewEnd(network, { side: 1, localPort: 40_001, peerPort: 40_000, startAt: network.now });
    network.until(60_000, () => again.isOver);
    expect(left.restarts).toBeGreaterThan(0);
    expect(again.isConnected).toBe(false);
    expect(left.connection?.to.port).toBe(40_001);
  });
});
