// Connects to the sync port of the node that carries the traffic, faster than sockets can make them.
import { fileURLToPath } from "node:url";
import { ownDaemon } from "../contenders/index.ts";
import { LabError } from "../lab/index.ts";
import { type AnycastLab, type AnycastNode, syncPort } from "./anycast-lab.ts";
import { type ClusterFault, type ClusterFaultResult, holdings, Pings, threeNodes } from "./cluster-fault-lab.ts";
import { afterwards } from "./cluster-faults-clients.ts";

const script = fileURLToPath(new URL("../../../packages/tun-native/bench/connect-flood.mjs", import.meta.url));
const device = "flood0";
/** The script's source addresses are in it. */
const network = "10.66.0.0/16";
const perSecond = 10_000;

/** What the script prints. */
interface FloodReport {
  readonly begun: number;
  /** Handshakes that the node's kernel completed. */
  readonly connected: number;
  readonly seconds: number;
}

export const connectsFault: ClusterFault = flood("connects without end", 1);
export const manyAddressesFault: ClusterFault = flood("connects from 250 addresses", 250);

function flood(name: string, addresses: number): ClusterFault {
  return {
    name,
    async run(long): Promise<ClusterFaultResult> {
      await using lab = await threeNodes();
      const node = lab.node(0);
      const before = holdings(node);
      const nodesBefore = (await syncServer(node)).clients.map(({ remote }) => remote);
      const pings = await Pings.start(lab);
      const { begun, connected, seconds } = await connects(lab, node, long ? 200_000 : 20_000, addresses);
      const { clients, sent_away, ended } = await syncServer(node);
      const taken = [...Object.values(sent_away), ...Object.values(ended)].reduce((sum, count) => sum + count, 0);
      const { faults: others, ...rest } = await afterwards(node, before, pings);
      const faults = [...others];
      const kept = nodesBefore.filter((remote) => clients.some((client) => client.remote === remote)).length;
      if (kept < lab.nodes.length - 1) faults.push(`only ${kept} of the other nodes stayed connected`);
      // a busy machine is a reason for fewer in the tests, not in a long run
      if (long && begun / seconds < perSecond * 0.9)
        faults.push(`only ${Math.round(begun / seconds)} connects a second`);
      const done = `${begun} connects, ${Math.round(begun / seconds)} a second; the kernel completed ${connected}, the daemon sent away or served ${taken}`;
      return { done, faults, ...rest };
    },
  };
}

async function connects(lab: AnycastLab, node: AnycastNode, amount: number, addresses: number): Promise<FloodReport> {
  const { client } = lab;
  await client.ip([`tuntap add dev ${device} mode tun`, `link set ${device} txqueuelen 10000 up`]);
  await client.ip([`address add 10.66.255.254/16 dev ${device}`]);
  await lab.routeToClient(network);
  const words = [device, node.outside.ipv4, `${syncPort}`, `${amount}`, `${perSecond}`, `${addresses}`];
  const program = client.spawn(process.execPath, [script, ...words]);
  const [, json = ""] = await program.waitFor(/^done (.*)$/m, { timeout: 60_000 + (amount / perSecond) * 1000 });
  await program.stop();
  const report: FloodReport = JSON.parse(json);
  return report;
}

/** Of `anytun status`. */
interface SyncServer {
  readonly clients: readonly { readonly remote: string }[];
  readonly sent_away: Readonly<Record<string, number>>;
  readonly ended: Readonly<Record<string, number>>;
}

async function syncServer({ host }: AnycastNode): Promise<SyncServer> {
  const [program, cli] = ownDaemon;
  const text = await host.check(program, [cli, "status", "anytun0", "--json", "--interval", "0"]);
  const status: { readonly cluster: { readonly sync_servers: readonly SyncServer[] } } = JSON.parse(text);
  const [server] = status.cluster.sync_servers;
  if (server === undefined) throw new LabError("setup", "the node has no sync port");
  return server;
}
