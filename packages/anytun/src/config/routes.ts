/** Networks behind peers, and when the destination of a packet decides about its way (spec: anytun-cli.md 11). */
import { type Routing, tryParseAddress } from "satp-core";
import type { Argument } from "../cli/arguments.ts";
import { UsageError } from "../errors.ts";
import { LOG_INFO } from "../log/level.ts";
import type { ArgumentSet } from "./argument-set.ts";
import type { RoutePrefix, StartNote } from "./config.ts";
import { decimal } from "./values.ts";

/** Every -R, lists and repeats, in command-line order. */
export function parseRoutes(args: ArgumentSet): RoutePrefix[] {
  return args.all("route").flatMap((arg) => {
    if (arg.value === "") return [];
    return arg.value.split(",").map((element) => parseRoute(arg, element));
  });
}

function parseRoute(arg: Argument, element: string): RoutePrefix {
  const slash = element.indexOf("/");
  const address = tryParseAddress(element.slice(0, Math.max(slash, 0)));
  const length = decimal(element.slice(slash + 1));
  if (address === undefined || length === undefined || length > (address.family === 4 ? 32 : 128)) {
    throw new UsageError(arg.typed, element, "expected NETWORK/LENGTH, like 10.0.0.0/8 or fd00::/8");
  }
  return { address, length };
}

/**
 * By routes only when others hand out connections, and then only where -t says `tun` and nothing else, or neither
 * kind nor name of the interface is given. So it always was; a note tells who meant otherwise.
 */
export function parseRouting(args: ArgumentSet, kind: "tun" | "tap", notes: StartNote[]): Routing {
  if (args.all("sync-hosts", "control-host", "sync-plain-hosts").every(({ value }) => value === "")) return "single";
  const type = args.lastWord("type");
  const dev = args.lastWord("dev");
  if (type === undefined ? dev === undefined : type.value === "tun") return "routes";
  if (kind === "tun") {
    const text = `${dev?.typed ?? "-t"} ${dev?.value ?? type?.value}: packets are not routed by destination without -t tun`;
    notes.push({ level: LOG_INFO, text });
  }
  return "single";
}
