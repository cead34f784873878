/** The `-L` grammar: `TYPE:LEVEL[,P1[,P2…]]` (spec: log targets). */
import { UsageError } from "../errors.ts";

/** A log target as asked for; nothing is open yet. */
export type LogTargetSpec =
  | { readonly type: "stdout" | "stderr"; readonly level: number }
  | { readonly type: "file"; readonly level: number; readonly path: string };

const DEFAULT_LOG_FILE = "anytun.log";
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
      throw new UsageError(option, value, "logging to syslog is not available yet");
    case "eventlog":
      throw new UsageError(option, value, "the eventlog target is not supported; use stdout, stderr or file");
    default:
      throw new UsageError(option, value, "unknown log target; expected stdout, stderr or file");
  }
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
 * Parses all targets in order; each stream may be named once, files any number of times.
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
