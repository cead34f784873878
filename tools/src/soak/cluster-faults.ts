// Everything that goes wrong around a cluster, with pings through it. See cluster-fault-lab.ts.
import { markdownTable } from "../terminal/text-table.ts";
import type { ClusterFault, ClusterFaultResult } from "./cluster-fault-lab.ts";
import { garbageFault, silentFault } from "./cluster-faults-clients.ts";
import { connectsFault, manyAddressesFault } from "./cluster-faults-connects.ts";
import { killedFault, partitionFault } from "./cluster-faults-nodes.ts";
import type { Section } from "./document.ts";

export const clusterFaultList: readonly ClusterFault[] = [
  killedFault,
  partitionFault,
  silentFault,
  garbageFault,
  connectsFault,
  manyAddressesFault,
];

export function clusterFaultsSection(results: readonly (readonly [ClusterFault, ClusterFaultResult])[]): Section {
  const rows = results.map(([{ name }, { done, pings, seen }]) => [
    ...[name, done],
    `${pings.lost} of ${pings.sent}`,
    seen,
  ]);
  const body = `Three of our nodes with one address, 50 pings a second through them while something breaks. Clients that nobody wants are
at the sync port of the node that carries the pings; afterwards it has no more descriptors than before, and at most 64 MiB more memory. What
a client has sent is what its own kernel took: the node cuts it off after 64 KiB.

${markdownTable([["fault", "what was done", "pings lost", "seen"], ...rows])}`;
  return {
    title: "Cluster faults",
    faults: results.flatMap(([{ name }, { faults }]) => faults.map((fault) => `${name}: ${fault}`)),
    body,
  };
}
