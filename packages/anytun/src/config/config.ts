/** What the daemon is told to do: parsed, checked and immutable. Built by `parseConfig`, used by the daemon; knows no option names. */
import type { Address, KdPrf, MasterKeys, Role, Routing, Suite } from "satp-core";
import type { LogLevel } from "../log/level.ts";
import type { LogFormat } from "../log/line.ts";
import type { LogTargetSpec } from "../log/target-spec.ts";
import type { ClusterConfig } from "./cluster.ts";

/** Address families that may be used below the tunnel. */
export type AddressFamily = "any" | "ipv4" | "ipv6";

/** Where UDP datagrams come from and go to. */
export interface UdpName {
  /** Name or literal address. */
  readonly host: string;
  /** 0–65535. */
  readonly port: number;
}

export interface DeviceConfig {
  readonly kind: "tun" | "tap";
  /** Exact name or a pattern with one `%d`, at most 15 characters; absent = the kernel's choice. */
  readonly name: string | undefined;
}

/** An address for the interface, as `-n` gave it; host bits are kept. */
export interface InterfaceAddress {
  /** Canonical text, without zone. */
  readonly address: string;
  /** 0–32 or 0–128. */
  readonly prefixLength: number;
}

/** A network behind a peer, as `-R` gave it; host bits are kept. */
export interface RoutePrefix {
  readonly address: Address;
  /** 0–32 or 0–128. */
  readonly length: number;
}

/** A client of a server that hands out its connections itself. */
export interface ClientConfig {
  /** 0–65535, each once. */
  readonly mux: number;
  readonly role: Role;
  readonly kdPrf: KdPrf;
  readonly keys: MasterKeys;
  /** As that of the daemon. */
  readonly windowSize: number;
  /** Absent = learnt from the client's first authenticated datagram. */
  readonly remote: UdpName | undefined;
  readonly family: AddressFamily;
  readonly routes: readonly RoutePrefix[];
}

/** A line for the log once its targets are open. */
export interface StartNote {
  readonly level: LogLevel;
  readonly text: string;
}

export interface Config {
  /** Of the tunnel in its configuration directory; absent when it has none. */
  readonly name: string | undefined;
  /** Targets in command-line order; each type of stream at most once. */
  readonly logTargets: readonly LogTargetSpec[];
  /** Of streams and files. */
  readonly logFormat: LogFormat;
  /** Warnings and remarks found while parsing, in the order in which they are logged at start. */
  readonly notes: readonly StartNote[];
  /** `-D` or `-U` was given. */
  readonly foreground: boolean;
  /** Absolute path; the process id is written there once the tunnel is up. */
  readonly pidFile: string | undefined;
  /** User to run as once everything is open. */
  readonly username: string | undefined;
  /** Group instead of that user's; counts only together with a user. */
  readonly groupname: string | undefined;
  /** Absolute path of the directory that becomes the root once everything is open. */
  readonly chroot: string | undefined;
  readonly family: AddressFamily;
  readonly local: {
    /** Name or literal to bind to; absent = every address of the allowed families. */
    readonly host: string | undefined;
    /** 0 = the kernel's choice, one per family. */
    readonly port: number;
  };
  /** Absent = the peer is detected from its first authenticated datagram. */
  readonly remote: UdpName | undefined;
  readonly device: DeviceConfig;
  /** With neither the interface is left alone: down, default MTU. */
  readonly ipv4: InterfaceAddress | undefined;
  readonly ipv6: InterfaceAddress | undefined;
  /** `auto` follows the path to the peer; absent = 1400 with an address, else untouched. */
  readonly mtu: number | "auto" | undefined;
  /** Lower the MSS of TCP connections to what fits. */
  readonly mssClamp: boolean;
  /** Whether interface and network may move many packets in one piece, and `ring` many pieces in one call, where the kernel can. */
  readonly offload: { readonly tun: boolean; readonly udp: boolean; readonly ring: boolean };
  /** Program to run once the interface is up. */
  readonly postUpScript: string | undefined;
  /** Program that makes the network send to this node or elsewhere. */
  readonly announceScript: string | undefined;
  /** 0–65535. */
  readonly mux: number;
  /** Networks behind the peer with the own mux. */
  readonly routes: readonly RoutePrefix[];
  /** Whether the destination decides which peer a packet goes to. */
  readonly routing: Routing;
  /** Whether the kernel routes the networks behind peers into the tunnel. */
  readonly installRoutes: boolean;
  /** Connections that this daemon serves by itself, besides or instead of the one with the own mux. */
  readonly clients: readonly ClientConfig[];
  /** Sender id of the first epoch, 0–65535. */
  readonly senderId: number;
  /** Numbers that the replay window remembers, 0–16,777,216; 0 = no replay protection. */
  readonly windowSize: number;
  /** Seconds without a packet to a peer after which it gets an empty one; 0 = never. */
  readonly keepAliveSeconds: number;
  /** Effective suite: coupling rules applied. */
  readonly suite: Suite;
  readonly role: Role;
  /** False = it was given none, and only other nodes hand some out; `keys` are random then. */
  readonly hasOwnKeys: boolean;
  /** Absent = the node is not part of one. */
  readonly cluster: ClusterConfig | undefined;
  /** Master secrets; empty arrays when the effective kd-prf is null. */
  readonly keys: MasterKeys;
  /** Where `anytun status` is answered: at a path that was asked for, or in a directory under the tunnel's name; absent = nowhere. */
  readonly statusSocket:
    | (({ readonly path: string } | { readonly dir: string }) & { readonly group?: string })
    | undefined;
  /** Where metrics are served, a literal address; absent = nowhere. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /** Absolute directory of the sequence store; `"none"` = nothing is kept. */
  readonly stateDir: string;
}
