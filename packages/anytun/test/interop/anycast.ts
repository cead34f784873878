/** An anycast laboratory: one client, three hosts with the same address, and a route of the client that leads to one of them. */
import { Lab, type LinkEnd, type Program } from "satp-tools/lab";
import { type Kind, startDaemon } from "./daemons.ts";

export const ANYCAST = "198.51.100.1";
const SYNC_PORT = 2342;

export interface AnycastNode {
  readonly end: LinkEnd;
  readonly kind: Kind;
  readonly daemon: Program;
}

export interface AnycastOptions {
  readonly client: Kind;
  readonly nodes: readonly Kind[];
  /** For all. */
  readonly common?: readonly string[];
  /** For one node, by its index. */
  readonly extra?: (index: number) => readonly string[];
  /** Before a node starts. */
  readonly prepare?: (node: LinkEnd) => Promise<void>;
}

/** The manual's example, with the names replaced by addresses. */
export class Anycast {
  readonly client: LinkEnd;
  readonly nodes: readonly AnycastNode[];
  readonly daemon: Program;
  readonly #lab: Lab;

  private constructor(lab: Lab, client: LinkEnd, daemon: Program, nodes: readonly AnycastNode[]) {
    this.#lab = lab;
    this.client = client;
    this.daemon = daemon;
    this.nodes = nodes;
  }

  static async create({
    client: kind,
    nodes: kinds,
    common = [],
    extra = () => [],
    prepare,
  }: AnycastOptions): Promise<Anycast> {
    const lab = await Lab.create();
    try {
      const hosts = await Promise.all(
        ["client", ...kinds.map((_, i) => `unicast${i + 1}`)].map((name) => lab.host(name)),
      );
      const [client, ...ends] = await lab.network(hosts);
      if (client === undefined) throw new Error("no client");
      for (const end of ends) {
        await end.host.ip([`address add ${ANYCAST}/32 dev lo`]);
        await prepare?.(end);
      }
      const release = await holdConnects(ends);
      const nodes = ends.map((end, index): AnycastNode => {
        const others = ends.filter((other) => other !== end).map(({ ipv4 }) => `${ipv4}:${SYNC_PORT}`);
        const cluster = ["-S", `${SYNC_PORT}`, "-M", others.join(",")];
        const tunnel = ["-i", ANYCAST, "-d", "anytun0", "-t", "tun", "-n", "10.99.0.1/30", "-e", "server"];
        const nodeKind = kinds[index] ?? "ours";
        const daemon = startDaemon(end.host, nodeKind, [...tunnel, ...common, ...cluster, ...extra(index)]);
        return { end, kind: nodeKind, daemon };
      });
      const device = ["-d", "anytun0", "-t", "tun", "-n", "10.99.0.2/30"];
      if (ends[0] !== undefined) await client.host.ip([`route add ${ANYCAST}/32 via ${ends[0].ipv4}`]);
      for (const { daemon } of nodes) await daemon.waitFor(/sync server listening on/, { timeout: 30_000 });
      await release();
      for (const { daemon } of nodes) {
        for (const { end } of nodes.filter((other) => other.daemon !== daemon)) {
          await daemon.waitFor(new RegExp(`sync: connected to ${end.ipv4.replaceAll(".", "\\.")}:`), {
            timeout: 25_000,
          });
        }
      }
      const daemon = startDaemon(client.host, kind, ["-r", ANYCAST, ...device, ...common, "-e", "client"]);
      return new Anycast(lab, client, daemon, nodes);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  node(index: number): AnycastNode {
    const found = this.nodes[index];
    if (found === undefined) throw new Error(`no node ${index}`);
    return found;
  }

  /** From now on the shared address is this node. */
  async switchTo(index: number): Promise<void> {
    await this.client.host.ip([`route replace ${ANYCAST}/32 via ${this.node(index).end.ipv4}`]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lab[Symbol.asyncDispose]();
  }
}

/**
 * Until it is released, packets between these hosts go nowhere. An original whose first connect is refused tries again after ten
 * seconds; one whose packets are lost is heard a second later.
 */
export async function holdConnects(ends: readonly LinkEnd[]): Promise<() => Promise<void>> {
  const each = async (verb: "replace" | "del"): Promise<void> => {
    for (const end of ends) {
      const others = ends.filter((other) => other !== end);
      const wrong = verb === "replace" ? " lladdr 02:00:00:00:00:01 nud permanent" : "";
      await end.host.ip(others.map(({ ipv4 }) => `neighbour ${verb} ${ipv4} dev ${end.device}${wrong}`));
    }
  };
  await each("replace");
  return () => each("del");
}

/** Addresses inside the tunnel. */
export const NODE_INSIDE = "10.99.0.1";
export const CLIENT_INSIDE = "10.99.0.2";
