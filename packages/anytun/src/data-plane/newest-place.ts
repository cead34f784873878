/**
 * Which of two places of a peer counts. Every node of a cluster decides alike, whatever the order in which it hears of them:
 * the later one, and of two of the same millisecond the one whose words are the greater.
 */
import { ENDPOINT_ADDRESS, ENDPOINT_FAMILY, ENDPOINT_PORT } from "satp-core";

/** Of a place that nobody has heard the peer at: one that somebody wrote down, or that was told without its time. */
export const UNDATED: number = Number.NEGATIVE_INFINITY;

/** Words that say where a peer is; the others say how this host reaches it. */
const PLACE_WORDS = [
  ENDPOINT_FAMILY,
  ENDPOINT_PORT,
  ENDPOINT_ADDRESS,
  ENDPOINT_ADDRESS + 1,
  ENDPOINT_ADDRESS + 2,
  ENDPOINT_ADDRESS + 3,
] as const;

/**
 * Whether news take the place of what is known, both being different places.
 * @param newsMs when the peer was heard there, on the same clock as `knownMs`
 */
export function isNewerPlace(news: Int32Array, newsMs: number, known: Int32Array, knownMs: number): boolean {
  if (newsMs !== knownMs) return newsMs > knownMs;
  for (const at of PLACE_WORDS) {
    const difference = ((news[at] ?? 0) >>> 0) - ((known[at] ?? 0) >>> 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
