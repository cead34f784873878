/** The texts of -h and -v, in the original's layout. */
import { options, spellings } from "./options.js";

/** Descriptions begin in this column, counted from 1. */
const DESCRIPTION_COLUMN = 40;
/** The list of options, final newline included. */
export function usageText() {
  return `USAGE:\nanytun \n${options.map(entry).join("")}`;
}
/** Two lines. */
export function versionText(version, runtime) {
  return `anytun version ${version}\nnode ${runtime.version}, addon ${runtime.platform}-${runtime.arch}\n`;
}
function entry(option) {
  const { shownAs, valueHint, description, below } = option.definition;
  const names = shownAs === undefined ? spellings(option) : [...spellings(option).slice(0, -1), `--${shownAs}`];
  const head = `   [${names.join("|")}]${valueHint === undefined ? "" : ` ${valueHint}`}`;
  const indent = " ".repeat(DESCRIPTION_COLUMN - 1);
  const apart = below || head.length >= DESCRIPTION_COLUMN - 1;
  return apart ? `${head}\n${indent}${description}\n` : `${head.padEnd(DESCRIPTION_COLUMN - 1)}${description}\n`;
}
//# sourceMappingURL=usage.js.map
