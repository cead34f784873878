// Hosts and the cables between them. Everything that a Lab makes ends with it.
import { Host } from "./host.ts";
import { LabError } from "./lab-error.ts";

export interface LinkOptions {
  /** Of both ends. Default 1500. */
  readonly mtu?: number;
  /** Addresses with prefix length of each end. Default 192.0.2.1/24 and 2001:db8::1/64, the other end .2 and ::2. */
  readonly addresses?: readonly [readonly string[], readonly string[]];
}

/** One host's end of a cable. */
export interface LinkEnd {
  readonly host: Host;
  readonly device: string;
  /** With prefix lengths. */
  readonly addresses: readonly string[];
  /** The first IPv4 address without its prefix length, empty if there is none. */
  readonly ipv4: string;
  readonly ipv6: string;
}

export class Lab {
  readonly #hosts: Host[] = [];
  #switches = 0;
  #nextIndex = 100;
  #closed = false;

  static async create(): Promise<Lab> {
    return new Lab();
  }

  /** A new host, with nothing but its loopback interface. Its life ends with the laboratory's. */
  async host(name: string): Promise<Host> {
    if (this.#closed) throw new LabError("closed", "the laboratory is closed");
    const host = await Host.create(name);
    this.#hosts.push(host);
    return host;
  }

  /** The common case: two new hosts with a cable between them. */
  async pair(left: string, right: string, options: LinkOptions = {}): Promise<[LinkEnd, LinkEnd]> {
    const [a, b] = await Promise.all([this.host(left), this.host(right)]);
    return this.link(a, b, options);
  }

  /** A cable between two hosts. */
  async link(left: Host, right: Host, options: LinkOptions = {}): Promise<[LinkEnd, LinkEnd]> {
    const mtu = options.mtu ?? 1500;
    const a = end(left, options.addresses?.[0] ?? defaults(1));
    const b = end(right, options.addresses?.[1] ?? defaults(2));
    await left.ip([this.#cable(a.device, b, mtu), ...configured(a)]);
    await right.ip(configured(b));
    return [a, b];
  }

  /** A switch with one port for each host: 192.0.2.1, .2, .3 … and 2001:db8::1, ::2 …, in the order given. */
  async network(hosts: readonly Host[], options: { mtu?: number } = {}): Promise<LinkEnd[]> {
    const mtu = options.mtu ?? 1500;
    const hub = await this.host(`switch${this.#switches}`);
    this.#switches += 1;
    await hub.ip([`link add name br0 mtu ${mtu} type bridge`, "link set br0 up"]);
    const ends: LinkEnd[] = [];
    for (const [index, host] of hosts.entries()) {
      const port = `port${index}`;
      const made = end(host, defaults(index + 1));
      await hub.ip([this.#cable(port, made, mtu), `link set ${port} master br0 up`]);
      await host.ip(configured(made));
      ends.push(made);
    }
    return ends;
  }

  /**
   * Every interface gets a number of its own: the kernel announces a veth at once only if its number differs from its
   * peer's, and otherwise up to a second later, until when IPv6 answers no neighbour.
   */
  #cable(device: string, peer: LinkEnd, mtu: number): string {
    const [near, far] = [this.#nextIndex, this.#nextIndex + 1];
    this.#nextIndex += 2;
    const veth = `link add name ${device} index ${near} mtu ${mtu} type veth`;
    return `${veth} peer name ${peer.device} index ${far} mtu ${mtu} netns ${peer.host.pid}`;
  }

  /** Ends every host, the last made first. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#hosts.splice(0).map((host) => host[Symbol.asyncDispose]()));
  }
}

function end(host: Host, addresses: readonly string[]): LinkEnd {
  const bare = addresses.map((address) => address.split("/")[0] ?? address);
  return {
    host,
    device: host.nextInterface(),
    addresses,
    ipv4: bare.find((address) => !address.includes(":")) ?? "",
    ipv6: bare.find((address) => address.includes(":")) ?? "",
  };
}

function defaults(number: number): string[] {
  return [`192.0.2.${number}/24`, `2001:db8::${number.toString(16)}/64`];
}

function configured(made: LinkEnd): string[] {
  return [
    ...made.addresses.map((address) => `address add ${address} dev ${made.device}`),
    `link set ${made.device} up`,
  ];
}
