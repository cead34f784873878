// The short version of `npm run soak -- --only ppp`.
import { describe, expect, it } from "vitest";
import { requires } from "../../src/lab/index.ts";
import { pppFaults, pppOverNatTraverse } from "../../src/soak/ppp.ts";

describe(
  "real pppd through nat-traverse",
  requires("root", "ip", "nft", "linux.uml", "pppd", "nc", "nat-traverse"),
  () => {
    it.each([
      ["a cable", undefined],
      ["two gateways", ["port-restricted", "full-cone"] as const],
    ])("answers pings and carries a file over %s, ours at both ends", async (_, gateways) => {
      const result = await pppOverNatTraverse(["ours", "ours"], 500_000, gateways);
      expect(pppFaults(result), result.log).toEqual([]);
      expect(result.text).toMatch(/^answered after \d+\.\d s, 500000 bytes over TCP in \d+\.\d s$/);
    });
  },
);
