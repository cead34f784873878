/** A log target as asked for; nothing is open yet. */
export type LogTargetSpec =
  | {
      readonly type: "stdout" | "stderr";
      readonly level: number;
    }
  | {
      readonly type: "file";
      readonly level: number;
      readonly path: string;
    };
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
export declare function splitLogTarget(option: string, value: string): LogTargetParts;
/**
 * Parses all targets in order; each stream may be named once, files any number of times.
 * @throws UsageError
 */
export declare function parseLogTargets(
  values: readonly {
    option: string;
    value: string;
  }[],
): LogTargetSpec[];
