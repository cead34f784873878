/** The command line of `anytun status`. */
import { parseArgs } from "node:util";
import { decimal } from "../../config/values.ts";
import { quoted, UsageError } from "../../errors.ts";

export const STATUS_USAGE = `USAGE:
anytun status [<name>]
   [-h|--help]                         show this list and end
   <name>                              of a tunnel or its interface, or the path of its status socket (default: all)
   [--json]                            one JSON object, for programs
   [--watch]                           look again and again; with --json one object a line
   [--interval] <seconds>              between two looks (default: 1); 0: one look, without rates
   [--peers] <count|all>               peers shown, those with the most traffic first (default: 20)
exit status: 0 answered, 1 a daemon that cannot be asked, 3 no such daemon, 255 bad options
`;

const DEFAULT_PEERS = 20;
const MOST_PEERS = 65_536;
const DEFAULT_INTERVAL_SECONDS = 1;
const INTERVAL = { least: 0.1, most: 86_400 } as const;
const OPTIONS = "options are --json, --watch, --interval, --peers and -h";

export interface StatusWish {
  /** Absent = all daemons. */
  readonly name: string | undefined;
  readonly json: boolean;
  readonly watch: boolean;
  readonly intervalSeconds: number;
  readonly peers: number | "all";
}

/** @throws UsageError */
export function parseStatusWish(words: readonly string[]): StatusWish | "help" {
  const { tokens } = parseArgs({
    args: [...words],
    options: {
      help: { type: "boolean", short: "h" },
      json: { type: "boolean" },
      watch: { type: "boolean" },
      interval: { type: "string" },
      peers: { type: "string" },
    },
    // what does not fit is told below, in our own words
    strict: false,
    tokens: true,
  });
  let name: string | undefined;
  let json = false;
  let watch = false;
  let intervalSeconds = DEFAULT_INTERVAL_SECONDS;
  let peers: StatusWish["peers"] = DEFAULT_PEERS;
  for (const token of tokens) {
    if (token.kind !== "option") {
      const word = token.kind === "positional" ? token.value : "--";
      if (token.kind !== "positional" || name !== undefined || word === "") {
        throw new UsageError(`status ${quoted(word)}`, undefined, `unexpected word; expected one name, and ${OPTIONS}`);
      }
      name = word;
      continue;
    }
    const option = `status ${quoted(token.rawName)}`;
    if (token.name === "interval" || token.name === "peers") {
      if (token.value === undefined) throw new UsageError(option, undefined, "a value is missing");
      if (token.name === "interval") intervalSeconds = parseInterval(option, token.value);
      else peers = parsePeers(option, token.value);
      continue;
    }
    if (token.value !== undefined)
      throw new UsageError(option, undefined, `unknown option, or one without a value; ${OPTIONS}`);
    if (token.name === "help") return "help";
    if (token.name === "json") json = true;
    else if (token.name === "watch") watch = true;
    else throw new UsageError(option, undefined, `unknown option; ${OPTIONS}`);
  }
  if (watch && intervalSeconds === 0)
    throw new UsageError("status --interval", "0", "expected more than 0 with --watch");
  return { name, json, watch, intervalSeconds, peers };
}

function parseInterval(option: string, value: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (seconds === 0 || (seconds >= INTERVAL.least && seconds <= INTERVAL.most)) return seconds;
  throw new UsageError(option, value, `expected a number of seconds from ${INTERVAL.least} to ${INTERVAL.most}, or 0`);
}

function parsePeers(option: string, value: string): number | "all" {
  if (value === "all") return value;
  const peers = decimal(value);
  if (peers !== undefined && peers <= MOST_PEERS) return peers;
  throw new UsageError(option, value, `expected a number from 0 to ${MOST_PEERS}, or all`);
}
