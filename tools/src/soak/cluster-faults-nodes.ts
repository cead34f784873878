// Nodes that fail: one is killed and comes back, one is cut off from the others while the client moves.
import { fileURLToPath } from "node:url";
import { LabError, waitUntil } from "../lab/index.ts";
import { type AnycastLab, type AnycastNode, clientInside, serverAddress, syncPort } from "./anycast-lab.ts";
import { type ClusterFault, type ClusterFaultResult, Pings, pingFaults, threeNodes } from "./cluster-fault-lab.ts";
import { sleep } from "./fault-lab.ts";

/** One that is under way when the route changes, each way. */
const lostPerSwitch = 2;

export const killedFault: ClusterFault = {
  name: "node killed",
  async run(long): Promise<ClusterFaultResult> {
    await using lab = await threeNodes();
    const times = long ? 20 : 2;
    const faults: string[] = [];
    let sent = 0;
    let lost = 0;
    let taken = 0;
    for (let time = 0; time < times; time++) {
      // the next one is killed, restarted and takes over
      const index = (time + 1) % lab.nodes.length;
      const pings = await Pings.start(lab);
      await lab.kill(index);
      await sleep(1000);
      await lab.restart(index);
      await placeAt(lab.node(index), "192.0.2.1");
      const count = await pings.stop();
      faults.push(...pingFaults(count, 0).map((fault) => `through the others: ${fault}`));
      sent += count.sent;
      lost += count.lost;
      await lab.switchTo(index);
      // it has heard nothing of the client since it was started
      if (await reachesClient(lab)) taken++;
      else faults.push(`node ${index + 1} did not take over with its first packet`);
      await lab.client.reach(serverAddress);
    }
    const done = `${times} times kill -9 of a node beside, restarted after 1 s; then the route leads to it`;
    return { done, pings: { sent, lost }, seen: `took over with its first packet ${taken} times`, faults };
  },
};

export const partitionFault: ClusterFault = {
  name: "partition with roaming",
  async run(long): Promise<ClusterFaultResult> {
    await using lab = await threeNodes();
    const seconds = long ? 300 : 3;
    const moves = Math.max(3, seconds / 10);
    const alone = 0;
    const pings = await Pings.start(lab);
    await lab.partition(alone);
    let last = 1;
    let aloneKnows = "";
    for (let move = 0; move < moves; move++) {
      // first through the node alone, in the end through one of the others: both sides have news of their own
      await lab.switchTo(move === moves - 1 ? 1 : move % lab.nodes.length);
      last = 100 + move;
      await lab.roam(last);
      await sleep((seconds * 1000) / moves);
      if (move !== moves - 1 && move % lab.nodes.length === alone) aloneKnows = `192.0.2.${last}`;
    }
    const place = `192.0.2.${last}`;
    const faults: string[] = [];
    const known = await placeIn(lab.node(alone));
    if (known !== aloneKnows) faults.push(`there was no partition: the node alone knows ${known}`);
    const startMs = performance.now();
    await lab.heal(alone);
    for (const node of lab.nodes) await placeAt(node, place);
    const healedMs = performance.now() - startMs;
    for (const node of lab.nodes) {
      const shown = await placeIn(node);
      if (shown !== place) faults.push(`${node.host.name} went back to ${shown}`);
    }
    faults.push(...(await takeOvers(lab)));
    const count = await pings.stop();
    faults.push(...pingFaults(count, (moves + lab.nodes.length) * lostPerSwitch));
    const done = `a node without the others for ${seconds} s; the client moves ${moves} times, and the route with it`;
    return { done, pings: count, seen: `the same tables ${(healedMs / 1000).toFixed(1)} s after`, faults };
  },
};

/** Each node in turn carries the client. */
async function takeOvers(lab: AnycastLab): Promise<string[]> {
  const faults: string[] = [];
  for (const index of lab.nodes.keys()) {
    await lab.switchTo(index);
    if (!(await reachesClient(lab))) faults.push(`node ${index + 1} did not reach the client afterwards`);
  }
  return faults;
}

/** With one packet, from the server behind the nodes. */
async function reachesClient(lab: AnycastLab): Promise<boolean> {
  const words = ["-n", "-c", "1", "-W", "2", "-I", serverAddress, clientInside];
  return (await lab.server.run("ping", words)).status === 0;
}

const showtables = fileURLToPath(new URL("../../../packages/anytun/dist/anytun-showtables.js", import.meta.url));

/** The client's address in the tables of a node. */
async function shownPlace({ host }: AnycastNode): Promise<string | undefined> {
  const program = host.spawn(process.execPath, [showtables, "--connect", `127.0.0.1:${syncPort}`]);
  try {
    const [, place] = await program.waitFor(/^Client 0: (.*):\d+$/m, { timeout: 3000 });
    return place;
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    return undefined;
  } finally {
    await program.stop();
  }
}

/** As often as it takes: on a busy machine showtables needs longer than it gets. @throws LabError `timeout` */
function placeIn(node: AnycastNode): Promise<string> {
  return waitUntil(() => shownPlace(node), { what: `the tables of ${node.host.name}`, timeout: 60_000 });
}

/** Waits until the node's tables have the client there. @throws LabError `timeout` */
async function placeAt(node: AnycastNode, address: string): Promise<void> {
  await waitUntil(async () => (await shownPlace(node)) === address, {
    what: `${address} in the tables of ${node.host.name}`,
    interval: 250,
    timeout: 60_000,
  });
}
