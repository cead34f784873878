import { expect, it } from "vitest";
import { ResidentMemory } from "../../src/metrics/resident-memory.ts";

it("is what the kernel says, until it is closed", () => {
  const memory = new ResidentMemory();
  const rss = process.memoryUsage.rss();
  expect(memory.bytes).toBeGreaterThan(rss / 2);
  expect(memory.bytes).toBeLessThan(rss * 2);
  memory.close();
  memory.close();
  expect(memory.bytes).toBeUndefined();
});
