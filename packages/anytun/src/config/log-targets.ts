/** -L and -U, the same for every program. */
import { resolve } from "node:path";
import { type LogTargetSpec, parseLogTargets } from "../log/target-spec.ts";
import type { ArgumentSet } from "./argument-set.ts";

/**
 * -U stands for a `stdout:5` target at its place in the list.
 * @param usual what is used without any
 * @param cwd where the program was started: files are found there, whatever becomes the working directory
 * @throws UsageError
 */
export function parseLog(args: ArgumentSet, usual: readonly LogTargetSpec[], cwd: string): readonly LogTargetSpec[] {
  const debug = args.last("debug");
  const wanted = args.all("log", "debug").flatMap((arg) => {
    if (arg.name === "debug") return arg === debug ? [{ option: arg.typed, value: "stdout:5" }] : [];
    return [{ option: arg.typed, value: arg.value }];
  });
  if (wanted.length === 0) return usual;
  return parseLogTargets(wanted).map((spec) =>
    spec.type === "file" ? { ...spec, path: resolve(cwd, spec.path) } : spec,
  );
}
