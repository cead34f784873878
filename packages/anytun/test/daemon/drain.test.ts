import { describe, expect, it } from "vitest";
import { Drain, type DrainWish } from "../../src/daemon/drain.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { memoryLog } from "../support/memory-log.ts";

/** A node that hears a packet at each of these seconds, and is withdrawn after half a second. */
function node(heardAt: (second: number) => boolean) {
  const clock = new FakeClock();
  const begun = clock.now();
  const { log, lines } = memoryLog();
  const events: string[] = [];
  const seconds = (): number => (clock.now() - begun) / 1000;
  const drain = new Drain({
    withdraw: async () => {
      await clock.sleep(500, new AbortController().signal);
      events.push(`withdrawn at ${seconds()}`);
    },
    packetsIn: async () => Array.from({ length: Math.floor(seconds()) + 1 }, (_, i) => i).filter(heardAt).length,
    end: async () => void events.push(`ended at ${seconds().toFixed(1)}`),
    clock,
    log,
  });
  return { clock, drain, lines, events, run: (wish: DrainWish) => drain.run(wish) };
}

describe("a node that drains", () => {
  it("withdraws first, and ends when nothing came for a while", async () => {
    const { clock, drain, lines, events, run } = node((second) => second <= 4);
    expect(drain.state).toBeUndefined();
    void run({ quietSeconds: 3, timeoutSeconds: 60 });
    await clock.advance(2000);
    expect(events).toEqual(["withdrawn at 0.5"]);
    expect(drain.state?.seconds).toBe(2);
    expect(drain.state?.quietSeconds).toBeLessThan(1.3);
    await clock.advance(4800);
    expect(events).toHaveLength(1);
    await clock.advance(800);
    expect(events[1]).toMatch(/^ended at 7\.\d$/);
    expect(lines).toEqual([
      "NOTICE: draining: ends after 3 sec. without packets, or 60 sec. in all",
      "NOTICE: drained: nobody sends to this node any more",
    ]);
  });

  it("ends after its time although packets still come", async () => {
    const { clock, lines, events, run } = node(() => true);
    void run({ quietSeconds: 3, timeoutSeconds: 10 });
    await clock.advance(9800);
    expect(events).toHaveLength(1);
    await clock.advance(400);
    expect(events[1]).toMatch(/^ended at 10\.\d$/);
    expect(lines.at(-1)).toBe("WARNING: drained: packets still arrive after 10 sec.");
  });

  it("drains once, whoever asks again", async () => {
    const { clock, events, run } = node(() => false);
    void run({ quietSeconds: 1, timeoutSeconds: 10 });
    void run({ quietSeconds: 0, timeoutSeconds: 0 });
    await clock.advance(3000);
    expect(events).toEqual(["withdrawn at 0.5", "ended at 1.5"]);
  });

  it("leaves the end to whoever ends the daemon meanwhile", async () => {
    const { clock, drain, events, run } = node(() => false);
    const running = run({ quietSeconds: 5, timeoutSeconds: 10 });
    await clock.advance(1000);
    drain.close();
    await running;
    await clock.advance(10_000);
    expect(events).toEqual(["withdrawn at 0.5"]);
  });
});
