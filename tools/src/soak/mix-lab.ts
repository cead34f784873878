// A cluster in any mix of programs: three nodes with one shared address behind a router whose route to it can be switched, a control
// host on the first of them, and clients with networks of their own. Everybody's own way leads through the router as well.
import { setTimeout as sleep } from "node:timers/promises";
import { ownDaemon } from "../contenders/index.ts";
import { type Host, Lab, LabError, type LinkEnd, type Program, waitUntil } from "../lab/index.ts";
import { anycastAddress, type NodeKind, syncPort } from "./anycast-lab.ts";

export type ClientKind = NodeKind | "uanytun";

export interface MixOptions {
  readonly nodes: readonly NodeKind[];
  /** Each its own connection, if a control host hands them out; without one there is one client. */
  readonly clients: readonly ClientKind[];
  /** Absent = the manual's example, where the first client that comes is the connection. */
  readonly control: NodeKind | undefined;
}

export interface MixNode {
  readonly kind: NodeKind;
  readonly outside: LinkEnd;
  readonly daemon: Program;
}

export interface MixClient {
  readonly kind: ClientKind;
  readonly host: Host;
  /** An address of its network, behind its end of the tunnel. */
  readonly network: string;
}

/** Of all nodes, inside the tunnel. */
export const nodeInside = "10.99.0.1";
const controlPort = 2323;
const originalTellsMs = 250;
/** As in the manual's example. */
const plain = ["-a", "null", "-c", "null", "-w", "0"];
const windowed = ["-w", "1024"];

export class MixLab {
  readonly nodes: readonly MixNode[];
  readonly clients: readonly MixClient[];
  readonly #lab: Lab;
  readonly #router: Host;

  private constructor(lab: Lab, router: Host, nodes: readonly MixNode[], clients: readonly MixClient[]) {
    this.#lab = lab;
    this.#router = router;
    this.nodes = nodes;
    this.clients = clients;
  }

  /** Returns when every client reaches the first node, and the others know where the clients are. @throws LabError */
  static async create({ nodes: kinds, clients: clientKinds, control }: MixOptions): Promise<MixLab> {
    const lab = await Lab.create();
    try {
      const router = await lab.host("router");
      await router.check("sh", ["-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"]);
      const places = await hosts(lab, router, "node", 1, kinds.length);
      const homes = await hosts(lab, router, "client", 3, clientKinds.length);
      for (const { host } of places) await host.ip([`address add ${anycastAddress}/32 dev lo`]);
      const [first] = places;
      if (first === undefined) throw new LabError("setup", "no node");
      if (control !== undefined) await startControl(first.host, control, clientKinds.length);

      // an original whose first connect is refused tries again after ten seconds, one whose packets are lost after one
      const blackholes = places.map(({ ipv4 }) => `blackhole ${ipv4}/32`);
      await router.ip(blackholes.map((route) => `route add ${route}`));
      const nodes = places.map((outside, index): MixNode => {
        const kind = kinds[index] ?? "ours";
        const others = places.filter((other) => other !== outside).map(({ ipv4 }) => `${ipv4}:${syncPort}`);
        const cluster = ["-S", `${syncPort}`, "-M", others.join(","), "-s", `${index + 1}`];
        const table = control === undefined ? [] : ["-X", `${first.ipv4}:${controlPort}`];
        // an original drops what it has no route for
        const routes = control === undefined && kind === "anytun" ? ["-R", "10.99.1.0/24"] : [];
        const tunnel = ["-i", anycastAddress, "-n", `${nodeInside}/16`, "-e", "server"];
        const words = [...tunnel, ...cluster, ...table, ...(control === undefined ? plain : []), ...routes];
        return { kind, outside, daemon: start(outside.host, kind, words) };
      });
      for (const { daemon } of nodes) await daemon.waitFor(/sync server listening on/, { timeout: 30_000 });
      await router.ip(blackholes.map((route) => `route del ${route}`));
      for (const { daemon } of nodes) {
        for (const other of nodes) if (other.daemon !== daemon) await follows(daemon, other.outside.ipv4, syncPort);
        if (control !== undefined) await follows(daemon, first.ipv4, controlPort);
      }

      await router.ip([`route replace ${anycastAddress}/32 via ${first.ipv4}`]);
      const clients: MixClient[] = [];
      for (const [index, { host }] of homes.entries()) {
        const kind = clientKinds[index] ?? "ours";
        const number = index + 1;
        const network = `10.99.${number}.2`;
        await host.ip([`address add ${network}/32 dev lo`]);
        const keys = control === undefined ? plain : ["-m", `${number}`, "-E", secret(number), ...windowed];
        start(host, kind, ["-r", anycastAddress, "-n", `10.99.${number}.1/16`, "-e", "client", ...keys]);
        clients.push({ kind, host, network });
      }
      for (const { host } of clients) await host.reach(nodeInside, { timeout: 30_000 });
      await Promise.all(nodes.map((node) => knowsPlaces(node, clients.length)));
      return new MixLab(lab, router, nodes, clients);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** From now on the shared address is this node. @throws LabError `setup` when there is none */
  async switchTo(index: number): Promise<MixNode> {
    const node = this.nodes[index];
    if (node === undefined) throw new LabError("setup", `no node ${index}`);
    await this.#router.ip([`route replace ${anycastAddress}/32 via ${node.outside.ipv4}`]);
    return node;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lab[Symbol.asyncDispose]();
  }
}

/** Hosts beside the router, each with a network of its own. */
async function hosts(lab: Lab, router: Host, name: string, net: number, count: number): Promise<LinkEnd[]> {
  const made = await Promise.all(Array.from({ length: count }, (_, i) => lab.host(`${name}${i + 1}`)));
  const ends: LinkEnd[] = [];
  for (const [i, host] of made.entries()) {
    const addresses = [[`10.${net}.${i}.2/24`], [`10.${net}.${i}.1/24`]] as const;
    const [end] = await lab.link(host, router, { addresses });
    await host.ip([`route add default via 10.${net}.${i}.1`]);
    ends.push(end);
  }
  return ends;
}

const secret = (number: number): string => `secret of client ${number}`;

/** The table is made by the anytun-config of the same origin. */
async function startControl(host: Host, kind: NodeKind, clients: number): Promise<void> {
  const table = "/run/table";
  const program = (name: string): [string, ...string[]] => {
    const [node, daemon] = ownDaemon;
    return kind === "anytun" ? [name] : [node, daemon.replace("anytun.js", `${name}.js`)];
  };
  let text = "";
  for (let number = 1; number <= clients; number++) {
    const [config, ...args] = program("anytun-config");
    const words = ["-m", `${number}`, "-E", secret(number), "-R", `10.99.${number}.0/24`, "-e", "server", ...windowed];
    text += await host.check(config, [...args, ...words]);
  }
  await host.check("sh", ["-c", `umask 077; cat >${table}`], { input: text });
  const [control, ...args] = program("anytun-controld");
  const running = host.spawn(control, [...args, "-D", "-L", "stdout:3", "-f", table, "-X", `:${controlPort}`]);
  await running.waitFor(/sync server listening on \[::\]/, { timeout: 30_000 });
}

async function follows(daemon: Program, address: string, port: number): Promise<void> {
  const connected = new RegExp(`sync: connected to ${address.replaceAll(".", "\\.")}:${port}`);
  await daemon.waitFor(connected, { timeout: 30_000 });
}

/** The first node tells the others: after 12 ms what an original told had not come yet, after 110 ms it had. */
async function knowsPlaces({ kind, outside }: MixNode, clients: number): Promise<void> {
  // nobody can ask an original
  if (kind !== "ours") return sleep(originalTellsMs);
  const [node, daemon] = ownDaemon;
  const known = async (): Promise<boolean> => {
    const status = await outside.host.check(node, [daemon, "status", "anytun0", "--json", "--interval", "0"]);
    return status.match(/"endpoint": *"[\d.]+:\d+"/g)?.length === clients;
  };
  await waitUntil(known, { what: `the places of ${clients} clients` });
}

function start(host: Host, kind: ClientKind, words: readonly string[]): Program {
  const common = ["-D", "-L", "stdout:3", "-d", "anytun0", "-t", "tun", ...words];
  if (kind !== "ours") return host.spawn(kind, common);
  const [node, daemon] = ownDaemon;
  return host.spawn(node, [daemon, "--state-dir", "/run/anytun", ...common]);
}
