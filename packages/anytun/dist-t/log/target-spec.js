/** The `-L` grammar: `TYPE:LEVEL[,P1[,P2…]]` (spec: log targets). */
import { UsageError } from "../errors.js";

const DEFAULT_LOG_FILE = "anytun.log";
const MAX_INT = 2 ** 31;
/**
 * The syntax of a target, without looking at its type.
 * @param option the option as typed, for the error text
 * @throws UsageError
 */
export function splitLogTarget(option, value) {
  const colon = value.indexOf(":");
  if (colon < 0) throw new UsageError(option, value, "expected TARGET:LEVEL[,PARAMETER,..]");
  const [levelText = "", ...parameters] = value.slice(colon + 1).split(",");
  return { type: value.slice(0, colon), level: parseLevel(option, value, levelText), parameters };
}
/** @throws UsageError */
function parseLogTarget(option, value) {
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
function parseLevel(option, value, text) {
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
export function parseLogTargets(values) {
  const specs = [];
  for (const { option, value } of values) {
    const spec = parseLogTarget(option, value);
    if (spec.type !== "file" && specs.some((other) => other.type === spec.type)) {
      throw new UsageError(option, value, `the ${spec.type} log target is supported only once`);
    }
    specs.push(spec);
  }
  return specs;
}
//# sourceMappingURL=target-spec.js.map
