/** What a {@link SatpError} is about. Bad packets are never errors: they are counted as drop reasons. */
export type SatpErrorCode =
  /** kd-prf is not null, and neither a key nor a passphrase was given. */
  | "key-missing"
  /** The master key does not have the length that the kd-prf needs. */
  | "key-length"
  /** kd-prf is not null, and neither a salt nor a passphrase was given. */
  | "salt-missing"
  /** The master salt is not 14 bytes long. */
  | "salt-length"
  /** A number is not an integer, or not in the range that its place on the wire or in memory has. */
  | "out-of-range"
  /** The text is not an IPv4 or IPv6 address. */
  | "bad-address"
  /** The text is not an address with a prefix length. */
  | "bad-prefix"
  /** The tunnel already has a peer with this mux. */
  | "peer-exists"
  /** The tunnel has no peer with this mux. */
  | "peer-unknown"
  /** Routes need the destination of IP packets, and a tap device carries Ethernet frames. */
  | "routes-need-tun"
  /** A range of sequence numbers was handed out before, or more are waiting than may be. */
  | "sequence-range"
  /** A cipher context number that was never given out, or whose keys are gone. */
  | "context-unknown";

/** Thrown for wrong arguments and configuration; `code` tells which, `message` names the value and the expectation. */
export class SatpError extends Error {
  override readonly name: string = "SatpError";
  readonly code: SatpErrorCode;

  constructor(code: SatpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Throws `out-of-range` unless `value` is an integer in `[least, most]`. */
export function checkRange(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new SatpError("out-of-range", `${name} ${value}: expected an integer from ${least} to ${most}`);
  }
}
