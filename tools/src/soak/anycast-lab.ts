// Hosts of an anycast endpoint: a client behind a router, nodes with one shared address beside it, and a server behind all of
// them, so that a connection through the tunnel outlives the node that carries it. The router's route says which node that is.
import { ownDaemon } from "../contenders/index.ts";
import { type Host, Lab, LabError, type LinkEnd, type Program } from "../lab/index.ts";

export type NodeKind = "ours" | "anytun";

export const anycastAddress = "198.51.100.1";
export const serverAddress = "10.200.0.1";
export const clientInside = "10.99.0.2";
export const syncPort = 2342;

export interface AnycastNode {
  readonly kind: NodeKind;
  readonly host: Host;
  readonly daemon: Program;
  /** Towards the router, the node's own. */
  readonly outside: LinkEnd;
  /** The server's end of the cable to the node. */
  readonly behind: LinkEnd;
  /** Of the daemon. */
  readonly options: readonly string[];
}

export class AnycastLab {
  readonly #lab: Lab;
  readonly #router: Host;
  readonly client: Host;
  readonly server: Host;
  readonly #nodes: AnycastNode[];
  readonly #near: LinkEnd;
  #place: string;

  private constructor(lab: Lab, router: Host, near: LinkEnd, server: Host, nodes: readonly AnycastNode[]) {
    this.#lab = lab;
    this.#router = router;
    this.#near = near;
    this.#place = near.ipv4;
    this.client = near.host;
    this.server = server;
    this.#nodes = [...nodes];
  }

  /** Through which the client reaches the shared address. */
  get clientDevice(): string {
    return this.#near.device;
  }

  get nodes(): readonly AnycastNode[] {
    return this.#nodes;
  }

  /** @throws LabError `setup` when there is none */
  node(index: number): AnycastNode {
    const node = this.#nodes[index];
    if (node === undefined) throw new LabError("setup", `no node ${index}`);
    return node;
  }

  /**
   * @param options of all daemons; nodes have sender ids of their own besides, or they would be replays of one another
   * @param nodeOptions of the nodes alone
   */
  static async create(
    client: NodeKind,
    kinds: readonly NodeKind[],
    options: readonly string[],
    nodeOptions: readonly string[] = [],
  ): Promise<AnycastLab> {
    const lab = await Lab.create();
    try {
      const [router, clientHost, server] = await Promise.all(
        ["router", "client", "server"].map((name) => lab.host(name)),
      );
      if (router === undefined || clientHost === undefined || server === undefined)
        throw new LabError("setup", "no host");
      const [near] = await lab.link(clientHost, router, { addresses: [["192.0.2.1/24"], ["192.0.2.254/24"]] });
      await clientHost.ip(["route add default via 192.0.2.254"]);
      await server.ip([`address add ${serverAddress}/32 dev lo`]);
      await forward(router);
      const places: Omit<AnycastNode, "daemon" | "options">[] = [];
      for (const [index, kind] of kinds.entries()) {
        const host = await lab.host(`node${index + 1}`);
        const [outside] = await lab.link(host, router, {
          addresses: [[`10.1.${index}.2/24`], [`10.1.${index}.1/24`]],
        });
        const [, behind] = await lab.link(host, server, {
          addresses: [[`10.2.${index}.2/24`], [`10.2.${index}.1/24`]],
        });
        await host.ip([
          `address add ${anycastAddress}/32 dev lo`,
          `route add default via 10.1.${index}.1`,
          `route add ${serverAddress}/32 via ${behind.ipv4}`,
        ]);
        await forward(host);
        places.push({ kind, host, outside, behind });
      }
      const nodes = places.map(({ kind, host, outside, behind }, index): AnycastNode => {
        const others = places.flatMap((other, i) => (i === index ? [] : [`${other.outside.ipv4}:${syncPort}`]));
        const words = ["-i", anycastAddress, "-n", "10.99.0.1/30", "-e", "server", "-s", `${index + 1}`];
        const cluster = ["-S", `${syncPort}`, "-M", others.join(","), "-R", `${clientInside}/32`];
        const all = [...words, ...options, ...cluster, ...nodeOptions];
        return { kind, host, outside, behind, options: all, daemon: start(host, kind, all) };
      });
      for (const node of nodes) await joined(node, nodes);
      const made = new AnycastLab(lab, router, near, server, nodes);
      await made.switchTo(0);
      start(near.host, client, ["-r", anycastAddress, "-n", `${clientInside}/30`, "-e", "client", ...options]);
      await clientHost.reach("10.99.0.1", { timeout: 30_000 });
      await clientHost.ip([`route add ${serverAddress}/32 via 10.99.0.1 dev anytun0`]);
      await clientHost.reach(serverAddress);
      return made;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** From now on the shared address is this node, and the server answers through it. */
  async switchTo(index: number): Promise<void> {
    const node = this.node(index);
    await this.#router.ip([`route replace ${anycastAddress}/32 via ${node.outside.ipv4}`]);
    await this.server.ip([`route replace ${clientInside}/32 via 10.2.${index}.2`]);
  }

  /** Kills the node's daemon as it stands. */
  async kill(index: number): Promise<void> {
    await this.node(index).daemon.stop("SIGKILL");
  }

  /** Starts a node's daemon again; returns when it is connected to all others. */
  async restart(index: number): Promise<void> {
    const { host, kind, options } = this.node(index);
    const node = { ...this.node(index), daemon: start(host, kind, options) };
    this.#nodes[index] = node;
    await joined(node, this.#nodes);
  }

  /** The node and the others cannot reach each other any more, whoever reached whom; everybody else still reaches them all. */
  async partition(index: number): Promise<void> {
    await this.#blackholes("add", index);
  }

  async heal(index: number): Promise<void> {
    await this.#blackholes("del", index);
  }

  /** Both ways: what still arrives would be heard. */
  async #blackholes(verb: "add" | "del", index: number): Promise<void> {
    const alone = this.node(index);
    for (const other of this.#nodes) {
      if (other === alone) continue;
      await alone.host.ip([`route ${verb} blackhole ${other.outside.ipv4}/32`]);
      await other.host.ip([`route ${verb} blackhole ${alone.outside.ipv4}/32`]);
    }
  }

  /** Whatever is for this network comes to the client, which passes it on. */
  async routeToClient(network: string): Promise<void> {
    await this.#router.ip([`route add ${network} via ${this.#place}`]);
    await forward(this.client);
  }

  /** The client sends from another address of its network from now on. @param last 2 to 253, and another one each time */
  async roam(last: number): Promise<void> {
    const { device, ipv4 } = this.#near;
    const next = `192.0.2.${last}`;
    await this.client.ip([
      `address add ${next}/32 dev ${device}`,
      `route replace default via 192.0.2.254 src ${next}`,
      // the first one stays: the route to the router is its own
      ...(this.#place === ipv4 ? [] : [`address del ${this.#place}/32 dev ${device}`]),
    ]);
    this.#place = next;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lab[Symbol.asyncDispose]();
  }
}

async function joined({ daemon }: AnycastNode, nodes: readonly AnycastNode[]): Promise<void> {
  await daemon.waitFor(/sync server listening on/, { timeout: 60_000 });
  // an original that came too early tries again after ten seconds
  for (const { outside } of nodes.filter((other) => other.daemon !== daemon)) {
    const connected = new RegExp(`sync: connected to ${outside.ipv4.replaceAll(".", "\\.")}:`);
    await daemon.waitFor(connected, { timeout: 30_000 });
  }
}

async function forward(host: Host): Promise<void> {
  const script =
    "echo 1 >/proc/sys/net/ipv4/ip_forward; for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done";
  await host.check("sh", ["-c", script]);
}

function start(host: Host, kind: NodeKind, words: readonly string[]): Program {
  const common = ["-D", "-L", "stdout:3", "-d", "anytun0", "-t", "tun", ...words];
  if (kind === "anytun") return host.spawn("anytun", common);
  const [node, cli] = ownDaemon;
  return host.spawn(node, [cli, "--state-dir", "/run/anytun", ...common]);
}
