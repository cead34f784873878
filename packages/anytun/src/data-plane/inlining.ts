import { setFlagsFromString } from "node:v8";

/** Options of V8. */
export const INLINING: readonly string[] = [
  // bytecodes of other functions that the compiler may take into one: twice its default
  "--max-inlined-bytecode-size-cumulative=2000",
  // also calls that few turns come to: the warm-up sends more packets of some kinds than of others
  "--min-inlining-frequency=0.01",
];

/**
 * Has the compiler make few large functions of the packet path instead of dozens of small ones. These lie anywhere in memory,
 * and behind a pause a lonely packet waits for each page of them; streams are as fast either way. Holds for what the process
 * compiles from now on.
 */
export function inlineMore(): void {
  for (const option of INLINING) setFlagsFromString(option);
}
