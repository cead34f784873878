/** Where `--metrics` listens. */
import { BlockList, isIP } from "node:net";
import { UsageError } from "../errors.ts";
import { LOG_WARNING } from "../log/level.ts";
import type { ArgumentSet } from "./argument-set.ts";
import type { Config, StartNote } from "./config.ts";
import { decimal } from "./values.ts";

const LOOPBACK = "127.0.0.1";
const EXPECTED = "expected a port, or ADDRESS:PORT like 127.0.0.1:9464 or [::1]:9464";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

export function parseMetrics(args: ArgumentSet, notes: StartNote[]): Config["metrics"] {
  const arg = args.lastWord("metrics");
  if (arg === undefined) return undefined;
  const [, bracketed, plain, digits = ""] = /^(?:(?:\[([^[\]]+)\]|([^:[\]]*)):)?(\d+)$/.exec(arg.value) ?? [];
  const port = decimal(digits);
  const typed = bracketed ?? plain ?? "";
  const host = typed === "" || typed === "localhost" ? LOOPBACK : typed;
  const family = isIP(host);
  if (port === undefined || port > 65_535 || family === 0 || (family === 6) !== (bracketed !== undefined)) {
    throw new UsageError(arg.typed, arg.value, EXPECTED);
  }
  if (!loopback.check(host, family === 6 ? "ipv6" : "ipv4")) {
    const text = `${arg.typed} ${arg.value}: whoever reaches this address sees peers and counters, without encryption or password`;
    notes.push({ level: LOG_WARNING, text });
  }
  return { host, port };
}
