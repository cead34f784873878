import { setFlagsFromString } from "node:v8";

/** Bytecodes of other functions that the compiler may take into one, three times its default. */
const MOST_INLINED = 3000;
/** Also calls that few turns come to: the warm-up sends more packets of some kinds than of others. */
const LEAST_FREQUENCY = 0.01;

/**
 * Has the compiler make few large functions of the packet path instead of dozens of small ones. These lie anywhere in memory,
 * and behind a pause a lonely packet waits for each page of them; streams are as fast either way. Before the path is compiled.
 */
export function inlineMore(): void {
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${MOST_INLINED}`);
  setFlagsFromString(`--min-inlining-frequency=${LEAST_FREQUENCY}`);
}
