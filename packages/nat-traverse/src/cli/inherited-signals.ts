/**
 * Signals that this process should ignore, because whoever started it did: `nohup`, or a shell without job control for what
 * runs in the background. Node sets every signal to its default before anything of ours runs, so the first lines of the
 * program, which are for a shell (see build.mjs), pass on what they found.
 */
import { ignoreSignals } from "tun-native";

/** The C library keeps two to itself. */
const RESERVED: ReadonlySet<number> = new Set([32, 33]);
const SIGNALS = 64;

let inherited: readonly number[] = [];

/** Their numbers. */
export function inheritedIgnored(): readonly number[] {
  return inherited;
}

/** @param mask as in /proc/self/status: hexadecimal, the lowest bit is signal 1 */
export function ignoreInherited(mask: string): void {
  inherited = signalsOf(mask);
  ignoreSignals(inherited);
}

/** Nothing for what is no mask. */
export function signalsOf(mask: string): number[] {
  if (!/^[0-9a-f]{1,16}$/.test(mask)) return [];
  const bits = BigInt(`0x${mask}`);
  const all = Array.from({ length: SIGNALS }, (_, index) => index + 1);
  return all.filter((number) => !RESERVED.has(number) && (bits >> BigInt(number - 1)) % 2n === 1n);
}
