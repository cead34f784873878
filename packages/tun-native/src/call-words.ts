import { loadBinding } from "./load-binding.ts";
import { Pinned } from "./pinned-memory.ts";

// Shared with native/call.h.
const CALL_WORDS = 12;

/** The word behind which the arguments lie. */
export const RESULT = 0;

let shared: Int32Array | undefined;

/**
 * Arguments and result of the calls that packets make, in memory that the addon sees too, for all of this thread. What Node does
 * for each value that is handed over takes a lonely packet a twentieth of its way through a tunnel.
 */
export function callWords(): Int32Array {
  if (shared === undefined) {
    const { array, memory } = new Pinned(new Int32Array(CALL_WORDS));
    loadBinding().shareCallWords(memory);
    shared = array;
  }
  return shared;
}
