/** The argument `LOCALPORT:PEER:REMOTEPORT`. */
import { NatTraverseError, quoted } from "./errors.ts";

/** Where to punch from and to. */
export interface PeerSpec {
  /** 0 lets the kernel choose. */
  readonly localPort: number;
  /** Name or address as typed, without the brackets of an IPv6 address. */
  readonly peer: string;
  readonly remotePort: number;
}

/**
 * `40000:gw.example.com:40001`, `40000:[2001:db8::1]:40001`.
 * @throws NatTraverseError `usage`, which names the field and what was expected
 */
export function parsePeerSpec(text: string): PeerSpec {
  const first = text.indexOf(":");
  if (first < 0) throw wrong(text, undefined, "expected LOCALPORT:PEER:REMOTEPORT");
  const rest = text.slice(first + 1);
  const { peer, port } = rest.startsWith("[") ? bracketed(text, rest) : plain(text, rest);
  return {
    localPort: parsePort(text, "LOCALPORT", text.slice(0, first), 0),
    peer,
    remotePort: parsePort(text, "REMOTEPORT", port, 1),
  };
}

function bracketed(text: string, rest: string): { peer: string; port: string } {
  const end = rest.indexOf("]");
  if (end < 0) throw wrong(text, "PEER", `the bracket after ${quoted(rest)} is missing`);
  const peer = rest.slice(1, end);
  if (peer === "") throw wrong(text, "PEER", "the address in the brackets is missing");
  if (!peer.includes(":")) throw wrong(text, "PEER", `${quoted(peer)} is no IPv6 address: brackets are for those only`);
  if (rest.charAt(end + 1) !== ":") throw wrong(text, "REMOTEPORT", "expected :PORT after the bracket");
  return { peer, port: rest.slice(end + 2) };
}

function plain(text: string, rest: string): { peer: string; port: string } {
  const [peer = "", port, ...more] = rest.split(":");
  if (more.length > 0) {
    const hint = "too many fields; write an IPv6 address in brackets: LOCALPORT:[ADDRESS]:REMOTEPORT";
    throw wrong(text, undefined, hint);
  }
  if (peer === "" || peer === "0") throw wrong(text, "PEER", "a host name or an address is missing");
  if (/[\s\0]/.test(peer)) throw wrong(text, "PEER", "a name has no blanks");
  if (port === undefined) throw wrong(text, "REMOTEPORT", "the peer's port is missing");
  return { peer, port };
}

function parsePort(text: string, field: string, port: string, lowest: 0 | 1): number {
  const expected = `expected a port from ${lowest} to 65535`;
  if (port === "") throw wrong(text, field, `is missing, ${expected}`);
  const value = /^\d{1,20}$/.test(port) ? Number(port) : -1;
  if (value < lowest || value > 65535) throw wrong(text, field, `${quoted(port)}: ${expected}`);
  return value;
}

function wrong(text: string, field: string | undefined, problem: string): NatTraverseError {
  const where = field === undefined ? "" : ` ${field}`;
  return new NatTraverseError("usage", `${quoted(text)}:${where} ${problem}`);
}
