/** The interface: its kind, name, addresses and script (spec: anytun-cli.md 8). */
import { formatAddress, tryParseAddress } from "satp-core";
import { UsageError } from "../errors.js";
import { LOG_WARNING } from "../log/level.js";
import { decimal, parseNumber } from "./values.js";

/** What the kernel leaves of a name: IFNAMSIZ without the final zero. */
const MAX_NAME_LENGTH = 15;
/** The kind is given by the first three letters of -t, else of -d; without both it is tun. */
export function parseDevice(args, notes) {
  const type = args.lastWord("type");
  const dev = args.lastWord("dev");
  const name = dev === undefined ? undefined : parseDeviceName(dev, notes);
  if (type !== undefined) return { kind: kindOf(type, 'expected "tun" or "tap"'), name };
  if (dev === undefined) return { kind: "tun", name: undefined };
  return {
    kind: kindOf(dev, "unable to recognize type of device (tun or tap); expected -t tun or -t tap with it"),
    name,
  };
}
function kindOf(arg, expected) {
  const kind = arg.value.slice(0, 3);
  if (kind !== "tun" && kind !== "tap") throw new UsageError(arg.typed, arg.value, expected);
  return kind;
}
function parseDeviceName(arg, notes) {
  const name = arg.value.slice(0, MAX_NAME_LENGTH);
  if (name === "." || name === ".." || /[/:\s]/.test(name) || /%(?!d)|%.*%/.test(name)) {
    throw new UsageError(arg.typed, arg.value, "expected an interface name, with at most one %d");
  }
  if (name !== arg.value) {
    notes.push({
      level: LOG_WARNING,
      text: `${arg.typed} ${arg.value}: cut to ${MAX_NAME_LENGTH} characters, ${name}`,
    });
  }
  return name;
}
/** -n, one of each family: the last one wins. Lists and repeats are allowed. */
export function parseInterfaceAddresses(args) {
  let ipv4;
  let ipv6;
  for (const arg of args.all("ifconfig")) {
    if (arg.value === "") continue;
    for (const element of arg.value.split(",")) {
      const { family, ...address } = parseInterfaceAddress(arg, element);
      if (family === 4) ipv4 = address;
      else ipv6 = address;
    }
  }
  return { ipv4, ipv6 };
}
function parseInterfaceAddress(arg, element) {
  const slash = element.indexOf("/");
  const address = tryParseAddress(element.slice(0, Math.max(slash, 0)));
  const prefixLength = decimal(element.slice(slash + 1));
  if (address === undefined || prefixLength === undefined || prefixLength > (address.family === 4 ? 32 : 128)) {
    throw new UsageError(arg.typed, element, "expected ADDRESS/LENGTH, like 192.0.2.1/24 or 2001:db8::1/64");
  }
  return { family: address.family, address: formatAddress(address), prefixLength };
}
/** Least MTU that IPv4 hosts must take, and a jumbo frame: more is longer than the data plane's frames. */
const MTU_RANGE = { least: 576, most: 9_000 };
export function parseMtu(args) {
  const arg = args.lastWord("mtu");
  if (arg === undefined || arg.value === "auto") return arg === undefined ? undefined : "auto";
  const { least, most } = MTU_RANGE;
  return parseNumber(arg, least, most, `expected a number of bytes from ${least} to ${most}, or auto`);
}
/**
 * A path with blanks is taken whole when there is such a file; otherwise it ends at the first blank,
 * where the original always cuts it.
 */
export function parsePostUpScript(args, isFile) {
  const value = args.last("post-up-script")?.value.replace(/^\s+/, "");
  if (value === undefined || value === "") return undefined;
  return /\s/.test(value) && !isFile(value) ? value.replace(/\s.*/s, "") : value;
}
//# sourceMappingURL=device.js.map
