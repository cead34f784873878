/** Takes secrets out of what `ps` shows. */
import { readFileSync } from "node:fs";
import { errorText } from "../error-text.ts";
import { secretWords } from "./arguments.ts";
import { splitCommandLine } from "./command-line.ts";
import type { OptionSet } from "./options.ts";

export interface MaskedSecrets {
  /** The words as typed; empty when there were no secrets among them. */
  readonly raw: readonly Uint8Array[];
  /** Why they can still be seen; undefined when they cannot. */
  readonly problem: string | undefined;
}

/** Before anything slow: until here `ps` shows the secrets. */
export async function maskSecrets(words: readonly string[], known: OptionSet): Promise<MaskedSecrets> {
  const secrets = secretWords(words, known);
  if (secrets.length === 0) return { raw: [], problem: undefined };
  try {
    const all = splitCommandLine(readFileSync("/proc/self/cmdline"));
    const first = all.length - words.length;
    const { maskArguments } = await import("tun-native");
    maskArguments(secrets.map((index) => first + index));
    return { raw: all.slice(first), problem: undefined };
  } catch (error) {
    return { raw: [], problem: errorText(error) };
  }
}
