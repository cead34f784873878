// What makes a gateway one of a kind: nftables rules. The kinds in the words of RFC 4787:
//
// kind             mapping               port    filtering
// none             -                     -       lets everything in (routing only)
// firewall         -                     -       by address and port
// full-cone        endpoint independent  kept    none
// restricted       endpoint independent  kept    by address
// port-restricted  endpoint independent  kept    by address and port
// symmetric        by address and port   random  by address and port
// symmetric-seq    by address and port   +1      by address and port
//
// `:shift` behind a cone's name gives port P the outside port P xor 4096.

export type NatKind =
  | "none"
  | "firewall"
  | "full-cone"
  | "restricted"
  | "port-restricted"
  | "symmetric"
  | "symmetric-seq"
  | "full-cone:shift"
  | "restricted:shift"
  | "port-restricted:shift";

export const natKinds: readonly NatKind[] = [
  ...(["none", "firewall", "full-cone", "restricted", "port-restricted", "symmetric", "symmetric-seq"] as const),
  ...(["full-cone:shift", "restricted:shift", "port-restricted:shift"] as const),
];

/** What a gateway does with packets that nobody inside asked for. `accept` is a router without a filter. */
export type WanInput = "drop" | "reject" | "accept";

export interface GatewayOptions {
  readonly kind: NatKind;
  readonly wanDevice: string;
  readonly lanDevice: string;
  readonly wanAddress: string;
  readonly wanInput: WanInput;
  /** Seconds that a cone remembers an outgoing packet. */
  readonly coneSeconds: number;
}

/** Whether hosts behind it need addresses of their own. */
export function translates(kind: NatKind): boolean {
  return kind !== "none" && kind !== "firewall";
}

/** A ruleset for `nft -f -`; empty for a plain router. */
export function gatewayRules(options: GatewayOptions): string {
  const { kind, wanDevice: wan, lanDevice: lan, wanInput, coneSeconds } = options;
  if (kind === "none") return "";
  const { outgoing, source, destination } = translation(options);
  const unasked = `iifname "${wan}" ${wanInput}`;
  return `table inet gateway {
  map cone { type inet_service : ipv4_addr . inet_service; flags dynamic,timeout; timeout ${coneSeconds}s; size 65536; }
  set peers { type ipv4_addr . inet_service; flags dynamic,timeout; timeout ${coneSeconds}s; size 65536; }
  chain for_the_gateway { type filter hook input priority filter
    ct state established,related accept
    iifname != "${wan}" accept
    icmp type echo-request accept
    icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    ${unasked}
  }
  chain through { type filter hook forward priority filter; policy drop
    ${outgoing}
    ct state established,related accept
    ct state invalid drop
    iifname "${lan}" accept
    ct status dnat accept
    ${wanInput === "accept" ? `iifname "${wan}" drop` : unasked}
  }
  chain incoming { type nat hook prerouting priority dstnat
    ${destination === "" ? "" : `iifname "${wan}" meta nfproto ipv4 meta l4proto udp ${destination}`}
  }
  chain leaving { type nat hook postrouting priority srcnat
    ${source === "" ? "" : `oifname "${wan}" meta nfproto ipv4 ${source}\n    oifname "${wan}" meta nfproto ipv4 masquerade`}
  }
}
`;
}

interface Translation {
  /** Notes outgoing packets. */
  readonly outgoing: string;
  /** Statement that translates a packet on its way out. */
  readonly source: string;
  /** Statement that translates an unasked packet on its way in. */
  readonly destination: string;
}

const NOTHING: Translation = { outgoing: "", source: "", destination: "" };

function translation({ kind, wanDevice, wanAddress }: GatewayOptions): Translation {
  const [base = "", shifted] = kind.split(":");
  const shift = shifted === undefined ? "" : " ^ 4096";
  const cone = shift === "" ? "masquerade" : `meta l4proto udp snat ip to ${wanAddress} : udp sport${shift}`;
  const noted = (what: string): string => `oifname "${wanDevice}" meta nfproto ipv4 meta l4proto udp update ${what}`;
  const conePorts = noted("@cone { udp sport : ip saddr . udp sport }");
  switch (base) {
    case "port-restricted":
      return { ...NOTHING, source: cone };
    case "full-cone":
      return { outgoing: conePorts, source: cone, destination: `dnat ip to udp dport${shift} map @cone` };
    case "restricted":
      return {
        outgoing: `${conePorts}\n    ${noted("@peers { ip daddr . udp sport }")}`,
        source: cone,
        destination: `ip saddr . udp dport${shift} @peers dnat ip to udp dport${shift} map @cone`,
      };
    case "symmetric":
      return { ...NOTHING, source: "masquerade fully-random" };
    case "symmetric-seq": {
      const ports = Array.from({ length: 16_384 }, (_, i) => `${i}:${i + 49_152}`).join(",");
      const next = `numgen inc mod 16384 map { ${ports} }`;
      return { ...NOTHING, source: `meta l4proto udp snat ip to ${wanAddress} : ${next}` };
    }
    default:
      return NOTHING;
  }
}
