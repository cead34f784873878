/** The texts of -h and -v, in the original's layout. */
import { type Option, type OptionSet, options, spellings } from "./options.ts";

/** Descriptions begin in this column, counted from 1. */
const DESCRIPTION_COLUMN = 40;

const COMMANDS = [
  ["anytun genkey [-h]", "make a random key for --key-file"],
  ["anytun status [-h]", "show the running tunnels"],
  ["anytun install-units [-h]", "write the units of systemd"],
] as const;

/** The list of options, final newline included. */
export function usageText(): string {
  return `USAGE:\nanytun \n${options.map(entry).join("")}\n${commands()}`;
}

function commands(): string {
  return COMMANDS.map(([head, description]) => `${head.padEnd(DESCRIPTION_COLUMN - 1)}${description}\n`).join("");
}

/** The same for a companion tool. */
export function toolUsageText(program: string, known: OptionSet): string {
  return `USAGE:\n${program} \n${known.options.map(entry).join("")}`;
}

/** What the addon was built for. `process` is one. */
export interface Runtime {
  readonly version: string;
  readonly platform: string;
  readonly arch: string;
}

/** Two lines. */
export function versionText(version: string, runtime: Runtime, program = "anytun"): string {
  return `${program} version ${version}\nnode ${runtime.version}, addon ${runtime.platform}-${runtime.arch}\n`;
}

function entry(option: Option): string {
  const { shownAs, valueHint, description, below } = option.definition;
  const names = shownAs === undefined ? spellings(option) : [...spellings(option).slice(0, -1), `--${shownAs}`];
  const head = `   [${names.join("|")}]${valueHint === undefined ? "" : ` ${valueHint}`}`;
  const indent = " ".repeat(DESCRIPTION_COLUMN - 1);
  const apart = below || head.length >= DESCRIPTION_COLUMN - 1;
  return apart ? `${head}\n${indent}${description}\n` : `${head.padEnd(DESCRIPTION_COLUMN - 1)}${description}\n`;
}
