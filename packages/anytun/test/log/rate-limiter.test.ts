import { describe, expect, it } from "vitest";
import { LOG_NOTICE, LOG_WARNING } from "../../src/log/level.ts";
import { RateLimiter } from "../../src/log/rate-limiter.ts";
import { memoryLog } from "../support/memory-log.ts";

function limited(lines = 2, intervalMs = 1000) {
  const { log, lines: written } = memoryLog();
  const time = { ms: 5000 };
  return { limiter: new RateLimiter(log, () => time.ms, { lines, intervalMs }), written, time };
}

describe("a rate limiter", () => {
  it("writes the first lines of an interval and one summary of the rest", () => {
    const { limiter, written, time } = limited();
    for (let i = 1; i <= 5; i++) limiter.note("a", LOG_NOTICE, `event ${i}`);
    limiter.flush();
    expect(written).toEqual(["NOTICE: event 1", "NOTICE: event 2"]);
    time.ms += 999;
    limiter.flush();
    expect(written).toHaveLength(2);
    time.ms += 1;
    limiter.flush();
    limiter.flush();
    expect(written).toEqual(["NOTICE: event 1", "NOTICE: event 2", "NOTICE: event 5 (3 more)"]);
  });

  it("writes the summary before the first line of the next interval", () => {
    const { limiter, written, time } = limited(1);
    limiter.note("a", LOG_NOTICE, "old");
    limiter.note("a", LOG_NOTICE, "old");
    time.ms += 1000;
    limiter.note("a", LOG_NOTICE, "new");
    expect(written).toEqual(["NOTICE: old", "NOTICE: old (1 more)", "NOTICE: new"]);
  });

  it("counts events that come in bulk", () => {
    const { limiter, written } = limited(2);
    limiter.note("a", LOG_WARNING, "x", 10);
    limiter.note("a", LOG_WARNING, "x", 1);
    limiter.note("a", LOG_WARNING, "x", 4);
    limiter.note("a", LOG_WARNING, "x", 0);
    limiter.finish();
    limiter.finish();
    expect(written).toEqual(["WARNING: x", "WARNING: x", "WARNING: x (13 more)"]);
  });

  it("keeps causes apart", () => {
    const { limiter, written } = limited(1);
    limiter.note("a", LOG_NOTICE, "x");
    limiter.note("b", LOG_NOTICE, "y");
    limiter.note("a", LOG_NOTICE, "x");
    limiter.finish();
    expect(written).toEqual(["NOTICE: x", "NOTICE: y", "NOTICE: x (1 more)"]);
  });

  it("bounds what a flood can write", () => {
    const { limiter, written, time } = limited(5, 10_000);
    for (let i = 0; i < 100_000; i++) {
      time.ms += 1;
      limiter.note("flood", LOG_NOTICE, "z");
    }
    expect(written.length).toBeLessThanOrEqual(10 * 6);
  });
});
