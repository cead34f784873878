// Two hosts, each behind a gateway, or a chain of two, and a network between that loses what it is told to lose:
//
//   left -- gateway -- [carrier --] internet [-- carrier] -- gateway -- right
import { fileURLToPath } from "node:url";
import type { Host } from "../host.ts";
import { Lab } from "../lab.ts";
import { gatewayRules, type NatKind, translates, type WanInput } from "./gateway-rules.ts";

/** The gateways of one side, the host's own first. */
export type NatChain = readonly [NatKind] | readonly [NatKind, NatKind];

export interface NatLabOptions {
  /** Default `drop`. */
  readonly wanInput?: WanInput;
  /** Parts of a hundred that are lost in each direction. Default 0. */
  readonly loss?: number;
  /** Milliseconds that each packet between the sides takes longer, by another hop. Default 0. */
  readonly delayMs?: number;
}

export interface NatSide {
  readonly host: Host;
  /** Address under which the other side reaches this one. */
  readonly address: string;
  readonly address6: string;
  readonly gateways: readonly Host[];
}

const SIDES = [
  { name: "left", n: 1, net: "203.0.113" },
  { name: "right", n: 2, net: "198.51.100" },
] as const;

const delayLine = fileURLToPath(new URL("delay-line.js", import.meta.url));

export class NatLab {
  readonly left: NatSide;
  readonly right: NatSide;
  readonly internet: Host;
  readonly #lab: Lab;

  private constructor(lab: Lab, internet: Host, left: NatSide, right: NatSide) {
    this.#lab = lab;
    this.internet = internet;
    this.left = left;
    this.right = right;
  }

  /** Owned by the caller, who disposes of it. @throws LabError */
  static async create(left: NatChain, right: NatChain, options: NatLabOptions = {}): Promise<NatLab> {
    const lab = await Lab.create();
    try {
      const internet = await lab.host("internet");
      await forward(internet);
      const sides = [];
      for (const [index, chain] of [left, right].entries())
        sides.push(await makeSide(lab, internet, index, chain, options));
      const [made, other] = sides;
      if (made === undefined || other === undefined) throw new TypeError("a laboratory has two sides");
      const natLab = new NatLab(lab, internet, made, other);
      if (options.loss !== undefined) await natLab.lose(options.loss);
      if (options.delayMs !== undefined) await delay(internet, options.delayMs);
      return natLab;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** From now on this share of the packets between the sides is lost, in parts of a hundred. */
  async lose(percent: number): Promise<void> {
    const part = `numgen random mod 1000 < ${Math.round(percent * 10)}`;
    // what comes out of a delay line was judged before it went in
    const rule = percent === 0 ? "" : `iifname != "path*" meta l4proto udp ${percent === 100 ? "" : part} drop`;
    const ruleset = `table inet path {}
delete table inet path
table inet path {
  chain lossy {
    type filter hook forward priority filter
    ${rule}
  }
}
`;
    await this.internet.check("nft", ["-f", "-"], { input: ruleset });
  }

  /** Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lab[Symbol.asyncDispose]();
  }
}

/** Sends what comes in from either side through a device of a process that holds it back. */
async function delay(internet: Host, milliseconds: number): Promise<void> {
  const line = internet.spawn(process.execPath, [delayLine, `${milliseconds}`]);
  await line.waitFor(/ready/);
  const commands = ["path0", "path1"].flatMap((device, index) => [
    `link set ${device} up`,
    ...["-4", "-6"].flatMap((family) => [
      `${family} route add default dev ${device} table ${100 + index}`,
      `${family} rule add iif eth${index} lookup ${100 + index}`,
    ]),
  ]);
  // "ip -batch" takes no families
  await internet.check("sh", ["-ec", commands.map((command) => `ip ${command}`).join("\n")]);
}

async function makeSide(
  lab: Lab,
  internet: Host,
  index: number,
  chain: NatChain,
  options: NatLabOptions,
): Promise<NatSide> {
  const side = SIDES[index] ?? SIDES[0];
  const { n, net } = side;
  const isInside = chain.some(translates);
  const outside6 = `2001:db8:${n}:f`;
  const gateways: Host[] = [];
  let outer: { host: Host; net: string; net6: string } = { host: internet, net, net6: outside6 };
  for (const [depth, kind] of [...chain].reverse().entries()) {
    const gateway = await lab.host(`${side.name}-gateway${depth}`);
    await forward(gateway);
    const [up, wan] = await lab.link(outer.host, gateway, {
      addresses: [
        [`${outer.net}.1/25`, `${outer.net6}::1/64`],
        [`${outer.net}.2/25`, `${outer.net6}::2/64`],
      ],
    });
    await gateway.ip([`route add default via ${up.ipv4}`, `route add default via ${up.ipv6}`]);
    const inside = depth === chain.length - 1 ? 1 : 2;
    await outer.host.ip([`route add 2001:db8:${n}:${inside}::/64 via ${wan.ipv6}`]);
    if (inside === 2) await outer.host.ip([`route add 2001:db8:${n}:1::/64 via ${wan.ipv6}`]);
    const lan = "eth1";
    const rules = gatewayRules({
      ...{ kind, wanDevice: wan.device, lanDevice: lan, wanAddress: wan.ipv4, coneSeconds: 30 },
      wanInput: options.wanInput ?? "drop",
    });
    if (rules !== "") await gateway.check("nft", ["-f", "-"], { input: rules });
    if (!translates(kind)) {
      const network = isInside ? `192.168.${n}.0/24` : `${net}.128/25`;
      if (outer.host !== internet || !isInside) await outer.host.ip([`route add ${network} via ${wan.ipv4}`]);
    }
    gateways.unshift(gateway);
    outer = { host: gateway, net: `100.64.${n}`, net6: `2001:db8:${n}:2` };
  }
  const host = await lab.host(side.name);
  const [gatewayEnd, hostEnd] = isInside
    ? [`192.168.${n}.1/24`, `192.168.${n}.2/24`]
    : [`${net}.129/25`, `${net}.130/25`];
  const net6 = `2001:db8:${n}:1`;
  const [near] = await lab.link(outer.host, host, {
    addresses: [
      [gatewayEnd, `${net6}::1/64`],
      [hostEnd, `${net6}::2/64`],
    ],
  });
  await host.ip([`route add default via ${near.ipv4}`, `route add default via ${near.ipv6}`]);
  return { host, address: isInside ? `${net}.2` : `${net}.130`, address6: `${net6}::2`, gateways };
}

async function forward(host: Host): Promise<void> {
  const script = "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding";
  await host.check("sh", ["-c", script]);
}
