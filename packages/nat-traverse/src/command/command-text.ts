/** How the text of --cmd becomes words: the original's rules (specification, section 6). Works on bytes, not characters. */

export interface CommandWords {
  /** Name or path of the program; without a slash it is looked for along PATH. */
  readonly program: Uint8Array;
  /** Its command line, its own name first. */
  readonly args: readonly Uint8Array[];
}

/** One of these, and the text is the shell's. */
const SHELL_CHARACTERS: ReadonlySet<number> = new Set(Buffer.from("$&*(){}[]'\";\\|?<>~`\n"));
const SHELL = Buffer.from("/bin/sh");

/** @returns undefined for a text without a word */
export function commandWords(text: Uint8Array): CommandWords | undefined {
  const words = splitAtBlanks(text);
  const [program] = words;
  if (program === undefined) return undefined;
  if (!needsShell(text)) return { program, args: words };
  return { program: SHELL, args: [Buffer.from("sh"), Buffer.from("-c"), text] };
}

function needsShell(text: Uint8Array): boolean {
  if (text.some((byte) => SHELL_CHARACTERS.has(byte))) return true;
  // an assignment before the command, or a word that only the shell knows
  return /^\s*([A-Za-z_][A-Za-z0-9_]*=|exec\s)/.test(Buffer.from(text).toString("latin1"));
}

function splitAtBlanks(text: Uint8Array): Uint8Array[] {
  const words: Uint8Array[] = [];
  let start = -1;
  for (let i = 0; i <= text.length; i++) {
    const isBlank = i === text.length || isSpace(text[i] ?? 0);
    if (isBlank && start >= 0) words.push(text.subarray(start, i));
    if (isBlank) start = -1;
    else if (start < 0) start = i;
  }
  return words;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
