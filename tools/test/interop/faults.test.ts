// The short versions of what `npm run soak -- --only faults` does for long.
import { describe, it } from "vitest";
import { requires } from "../../src/lab/index.ts";
import { faultList, faultsSection } from "../../src/soak/faults.ts";

describe("traffic goes on", () => {
  for (const fault of faultList) {
    const test = fault.isTimed ? it : it.concurrent;
    test(`while: ${fault.name}`, requires("root", "tun", "ip", "ping", ...fault.needs), async ({ expect }) => {
      const result = await fault.run(false);
      expect(result.faults).toEqual([]);
      for (const { sent } of result.traffic) expect(sent).toBeGreaterThan(50);
      expect(faultsSection([[fault, result]])).toMatchObject({ title: "Faults", faults: [] });
    });
  }
});
