import { TunNativeError } from "./errors.ts";
import { loadBinding } from "./load-binding.ts";

/** The word behind which the arguments lie, shared with native/call.h. */
export const RESULT = 0;

/**
 * Arguments and result of the calls that packets make, in memory that the addon sees too: the same for all of this thread. What
 * Node does for each value that is handed over takes a lonely packet a twentieth of its way through a tunnel.
 * @throws TunNativeError `ENOMEM`
 */
export function callWords(): Int32Array {
  const words = loadBinding().shareCallWords();
  if (words === undefined) throw new TunNativeError({ code: "ENOMEM", message: "no memory for the words of calls" });
  return words;
}
