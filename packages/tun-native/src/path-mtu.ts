import { endpointAddress } from "./endpoint.ts";
import { loadBinding } from "./load-binding.ts";
import { check } from "./system-error.ts";

/**
 * Bytes of the longest IP packet that reaches an endpoint in one piece, as far as the kernel knows: the MTU of the
 * route, or less where a router said so. Sends nothing.
 * @param endpoint eight words, as in a batch
 * @throws TunNativeError `ENETUNREACH` and the like: there is no route
 */
export function pathMtu(endpoint: Int32Array): number {
  return check(loadBinding().pathMtu(endpoint), "path MTU", endpointAddress(endpoint, 0));
}
