/** docs/STATUS.md names everything that the program shows. */
import { readFileSync } from "node:fs";
import { DROP_REASON_NAMES } from "satp-core";
import { expect, it } from "vitest";
import { METRICS_PEERS, type MetricsSource, metricsText } from "../../src/metrics/metrics-text.ts";
import { withRates } from "../../src/status/rates.ts";
import { sampleCluster, sampleDaemon, samplePeer } from "../support/sample-status.ts";

const text = readFileSync(new URL("../../../../docs/STATUS.md", import.meta.url), "utf8");

function namesOf(value: object): string[] {
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === "object" &&
    inner !== null &&
    !Array.isArray(inner) &&
    !["drops", "offload_counters", "sent_away", "ended", "refused_frames"].includes(name)
      ? [name, ...namesOf(inner)]
      : [name, ...(Array.isArray(inner) ? inner.flatMap((one) => (typeof one === "object" ? namesOf(one) : [])) : [])],
  );
}

it("has every name of the JSON", () => {
  const { peers, ...daemon } = withRates(
    { daemon: { ...sampleDaemon, cluster: sampleCluster }, peers: [samplePeer] },
    undefined,
  );
  const names = new Set([...namesOf(daemon), ...peers.flatMap(namesOf)]);
  expect(names.size).toBeGreaterThan(80);
  expect([...names].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

it("has every metric", async () => {
  const source: MetricsSource = {
    daemon: async () => ({ ...sampleDaemon, offload_counters: { segments: 1 }, cluster: sampleCluster }),
    peers: async function* () {
      yield Array.from({ length: METRICS_PEERS + 1 }, (_, mux) => ({ ...samplePeer, mux }));
    },
    process,
    residentBytes: 1,
    now: () => 0,
  };
  const metrics = (await metricsText(source))?.text ?? "";
  const names = [...metrics.matchAll(/^# TYPE (\S+)/gm)].map(([, name = ""]) => name);
  const peerTraffic =
    /^anytun_(peer_(receive|transmit)_(packets|bytes|keepalives)|sync_(server|link)_(receive|transmit)_(frames|bytes))_total$/;
  expect(names.length).toBeGreaterThan(40);
  expect(names.filter((name) => !text.includes(`\`${name}\``) && !peerTraffic.test(name))).toEqual([]);
});

it("has every reason of a drop", () => {
  expect(DROP_REASON_NAMES.filter((name) => name !== "empty-payload" && !text.includes(`\`${name}\``))).toEqual([]);
});
