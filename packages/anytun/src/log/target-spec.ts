/** The `-L` grammar: `TYPE:LEVEL[,P1[,P2…]]` (spec: log targets). */
import { UsageError } from "../errors.ts";
import { facilityNames, isFacility, type SyslogFacility } from "./facility.ts";
import { LOG_FORMATS, type LogFormat } from "./line.ts";

/** A log target as asked for; nothing is open yet. */
export type LogTargetSpec =
  | { readonly type: "stdout" | "stderr"; readonly level: number }
  | { readonly type: "file"; readonly level: number; readonly path: string }
  | SyslogSpec;

export interface SyslogSpec {
  readonly type: "syslog";
  readonly level: number;
  /** Stands before `[PID]:`. */
  readonly ident: string;
  readonly facility: SyslogFacility;
  /** stderr takes its place when the system log is not there at the start. */
  readonly orStderr: boolean;
}

const DEFAULT_LOG_FILE = "anytun.log";
const DEFAULT_IDENT = "anytun";
const DEFAULT_FACILITY = "daemon";
const TARGETS = "syslog, stdout, stderr or file";

/** Without any `-L`. */
export const DEFAULT_LOG: readonly LogTargetSpec[] = [
  { type: "syslog", level: 3, ident: DEFAULT_IDENT, facility: DEFAULT_FACILITY, orStderr: true },
];

const MAX_INT = 2 ** 31;

/** A target word taken apart; the type may be unknown. */
export interface LogTargetParts {
  readonly type: string;
  /** 0–5 */
  readonly level: number;
  readonly parameters: readonly string[];
}

/**
 * The syntax of a target, without looking at its type.
 * @param option the option as typed, for the error text
 * @throws UsageError
 */
export function splitLogTarget(option: string, value: string): LogTargetParts {
  const colon = value.indexOf(":");
  if (colon < 0) throw new UsageError(option, value, "expected TARGET:LEVEL[,PARAMETER,..]");
  const [levelText = "", ...parameters] = value.slice(colon + 1).split(",");
  return { type: value.slice(0, colon), level: parseLevel(option, value, levelText), parameters };
}

/** @throws UsageError */
function parseLogTarget(option: string, value: string): LogTargetSpec {
  const { type, level, parameters } = splitLogTarget(option, value);
  switch (type) {
    case "stdout":
    case "stderr":
      return { type, level };
    case "file":
      return { type, level, path: parameters[0] || DEFAULT_LOG_FILE };
    case "syslog":
      return parseSyslog(option, value, level, parameters);
    case "eventlog":
      throw new UsageError(option, value, `the eventlog target is not supported; use ${TARGETS}`);
    default:
      throw new UsageError(option, value, `unknown log target; expected ${TARGETS}`);
  }
}

function parseSyslog(
  option: string,
  value: string,
  level: number,
  [ident = "", facility = DEFAULT_FACILITY]: readonly string[],
): SyslogSpec {
  if (!isFacility(facility)) {
    throw new UsageError(option, value, `unknown syslog facility; expected one of ${facilityNames.join(" ")}`);
  }
  return { type: "syslog", level, ident: ident || DEFAULT_IDENT, facility, orStderr: false };
}

/**
 * The value of `--log-format`.
 * @throws UsageError
 */
export function parseLogFormat(option: string, value: string): LogFormat {
  const format = LOG_FORMATS.find((name) => name === value);
  if (format === undefined) throw new UsageError(option, value, `expected ${LOG_FORMATS.join(" or ")}`);
  return format;
}

/** ≤ 0 is off, above 5 is 5. */
function parseLevel(option: string, value: string, text: string): number {
  const level = /^[+-]?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!(level >= -MAX_INT && level < MAX_INT)) {
    throw new UsageError(option, value, "expected a log level from 0 (off) to 5 (debug) after the colon");
  }
  return Math.min(Math.max(level, 0), 5);
}

/**
 * Parses all targets in order; the system log and each stream may be named once, files any number of times.
 * @throws UsageError
 */
export function parseLogTargets(values: readonly { option: string; value: string }[]): LogTargetSpec[] {
  const specs: LogTargetSpec[] = [];
  for (const { option, value } of values) {
    const spec = parseLogTarget(option, value);
    if (spec.type !== "file" && specs.some((other) => other.type === spec.type)) {
      throw new UsageError(option, value, `the ${spec.type} log target is supported only once`);
    }
    specs.push(spec);
  }
  return specs;
}
