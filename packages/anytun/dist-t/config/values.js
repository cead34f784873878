import { UsageError } from "../errors.js";
/** Decimal digits only, within the range; `expected` replaces the usual words. */
export function parseNumber(arg, least, most, expected) {
  const value = decimal(arg.value);
  if (value === undefined || value < least || value > most) {
    throw new UsageError(arg.typed, arg.value, expected ?? `expected a number from ${least} to ${most}`);
  }
  return value;
}
/** The number that a text of decimal digits stands for. */
export function decimal(text) {
  return /^[0-9]+$/.test(text) ? Number(text) : undefined;
}
export function parsePort(arg, services) {
  const port = decimal(arg.value) ?? services(arg.value);
  if (port === undefined || port > 65_535) {
    throw new UsageError(arg.typed, arg.value, "expected a port from 0 to 65535 or the name of a UDP service");
  }
  return port;
}
/** A word of a closed list. */
export function parseName(arg, byName, expected) {
  const value = byName(arg.value);
  if (value === undefined) throw new UsageError(arg.typed, arg.value, expected);
  return value;
}
/** Bytes of a hexadecimal text; the text itself is a secret and never part of the error. */
export function parseSecretHex(arg) {
  if (!/^[0-9a-fA-F]*$/.test(arg.value)) {
    throw new UsageError(arg.typed, undefined, "expected hexadecimal digits and nothing else");
  }
  if (arg.value.length % 2 !== 0) {
    throw new UsageError(
      arg.typed,
      undefined,
      `expected an even number of hexadecimal digits, got ${arg.value.length}`,
    );
  }
  return new Uint8Array(Buffer.from(arg.value, "hex"));
}
//# sourceMappingURL=values.js.map
