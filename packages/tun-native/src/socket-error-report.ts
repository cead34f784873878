import type { NativeBinding } from "./binding.ts";
import { endpointAddress } from "./endpoint.ts";
import type { ErrnoName } from "./errors.ts";
import { ENDPOINT_PORT, ENDPOINT_SCOPE, ENDPOINT_WORDS } from "./packet-batch.ts";
import { check, errnoName } from "./system-error.ts";

/** What became of a datagram on its way, as ICMP or this machine's kernel says. */
export interface SocketErrorReport {
  /** `ECONNREFUSED`, `EHOSTUNREACH`, `ENETUNREACH`, `EMSGSIZE`, … */
  readonly errno: ErrnoName;
  /** Whether ICMP brought it; otherwise the kernel found out itself. */
  readonly isIcmp: boolean;
  /** The packet's TTL was used up on the way. */
  readonly isExpired: boolean;
  /** Who says so; empty when it was this machine. */
  readonly by: string;
  /** Where the datagram was sent to; IPv6 with the number of its zone. */
  readonly address: string;
  readonly port: number;
  /** Beginning of the datagram's payload, as far as it came back. */
  readonly payload: Uint8Array;
}

// Words of a report, shared with native/udp_punch.cc; two endpoints follow.
const ERRNO = 0;
const ORIGIN = 1;
const TYPE = 2;
const LENGTH = 4;
const REPORT_WORDS = 8;
const ORIGIN_ICMP = 2;
const ORIGIN_ICMP6 = 3;
const ICMP_TIME_EXCEEDED = 11;
const ICMP6_TIME_EXCEEDED = 3;
const PAYLOAD_BYTES = 128;

/** @throws TunNativeError */
export function receiveErrorReport(native: NativeBinding, fd: number, label: string): SocketErrorReport | undefined {
  const words = new Int32Array(REPORT_WORDS + 2 * ENDPOINT_WORDS);
  const payload = new Uint8Array(PAYLOAD_BYTES);
  if (check(native.receiveErrorReport(fd, payload, words), "recvmsg(MSG_ERRQUEUE)", label) === 0) return undefined;
  const target = words.subarray(REPORT_WORDS);
  const origin = words[ORIGIN];
  const type = words[TYPE];
  const scope = target[ENDPOINT_SCOPE] ?? 0;
  return {
    errno: errnoName(words[ERRNO] ?? 0),
    isIcmp: origin === ORIGIN_ICMP || origin === ORIGIN_ICMP6,
    isExpired:
      (origin === ORIGIN_ICMP && type === ICMP_TIME_EXCEEDED) ||
      (origin === ORIGIN_ICMP6 && type === ICMP6_TIME_EXCEEDED),
    by: endpointAddress(target, 1),
    address: `${endpointAddress(target, 0)}${scope === 0 ? "" : `%${scope}`}`,
    port: target[ENDPOINT_PORT] ?? 0,
    payload: payload.subarray(0, Math.min(words[LENGTH] ?? 0, PAYLOAD_BYTES)),
  };
}
