/** What the daemon is told to do: parsed, checked and immutable. Built by `parseConfig`, used by the daemon; knows no option names. */
import type { MasterKeys, Role, Suite } from "satp-core";
import type { LogLevel } from "../log/level.ts";
import type { LogFormat } from "../log/line.ts";
import type { LogTargetSpec } from "../log/target-spec.ts";

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

/** A line for the log once its targets are open. */
export interface StartNote {
  readonly level: LogLevel;
  readonly text: string;
}

export interface Config {
  /** Targets in command-line order; each type of stream at most once. */
  readonly logTargets: readonly LogTargetSpec[];
  /** Of streams and files. */
  readonly logFormat: LogFormat;
  /** Warnings and remarks found while parsing, in the order in which they are logged at start. */
  readonly notes: readonly StartNote[];
  /** `-D` or `-U` was given. */
  readonly foreground: boolean;
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
  /** Whether interface and network may move many packets in one piece, where the kernel can. */
  readonly offload: { readonly tun: boolean; readonly udp: boolean };
  /** Program to run once the interface is up. */
  readonly postUpScript: string | undefined;
  /** 0–65535. */
  readonly mux: number;
  /** Sender id of the first epoch, 0–65535. */
  readonly senderId: number;
  /** Numbers that the replay window remembers, 0–16,777,216; 0 = no replay protection. */
  readonly windowSize: number;
  /** Effective suite: coupling rules applied. */
  readonly suite: Suite;
  readonly role: Role;
  /** Master secrets; empty arrays when the effective kd-prf is null. */
  readonly keys: MasterKeys;
  /** Absolute directory of the sequence store; `"none"` = nothing is kept. */
  readonly stateDir: string;
}
