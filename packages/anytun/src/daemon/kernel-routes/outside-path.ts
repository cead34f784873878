/** The kernel's way to an address, if there were no tunnel. */
import { type Address, formatAddress, parsePrefix, prefixOf } from "satp-core";
import type { MainRoute } from "tun-native";

/** Number of the routes that we make: `rtm_protocol`, one that no other program is known for. */
export const PROTOCOL = 173;

/** Which route of a table an address takes, apart from those through `device` and those of single peers that we made. */
export function outsidePath(table: readonly MainRoute[], address: Address, device: string): MainRoute | undefined {
  const own = hostPrefix(address);
  let best: MainRoute | undefined;
  let bestLength = -1;
  for (const route of table) {
    if (route.device === device || (route.protocol === PROTOCOL && route.destination === own)) continue;
    const prefix = parsePrefix(route.destination);
    if (!contains(prefix, address)) continue;
    const isBetter =
      prefix.length > bestLength || (prefix.length === bestLength && (route.metric ?? 0) < (best?.metric ?? 0));
    if (!isBetter) continue;
    best = route;
    bestLength = prefix.length;
  }
  return best;
}

/** `192.0.2.1/32`. */
export function hostPrefix(address: Address): string {
  return `${formatAddress(address)}/${address.family === 4 ? 32 : 128}`;
}

/** Host bits of the prefix do not count. */
export function contains({ length, ...network }: Address & { readonly length: number }, address: Address): boolean {
  if (network.family !== address.family) return false;
  const a = prefixOf(network, length).words;
  return prefixOf(address, length).words.every((word, at) => word === a[at]);
}
