import { readFileSync } from "node:fs";

/** The bytes of the last words of our command line: a word that is not UTF-8 is only whole there. */
export function wordsAsTyped(count: number): Buffer[] {
  const all = readFileSync("/proc/self/cmdline");
  const found: Buffer[] = [];
  for (let start = 0; start < all.length; ) {
    const end = all.indexOf(0, start);
    found.push(all.subarray(start, end));
    start = end + 1;
  }
  return found.slice(found.length - count);
}
