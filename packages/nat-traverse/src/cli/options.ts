/**
 * Every option, once, as argument definitions of citty with our own fields beside them. The parser and the usage text
 * read this table; citty's own parser knows neither the original's abbreviations nor its error texts.
 * The original's options come first. Those of our own need their full names, so that `-q`, `--v` and `-w` go on meaning
 * what they always meant.
 */
import type { BooleanArgDef, StringArgDef } from "citty";

interface OptionGrammar {
  /** The original has it too: any prefix of the name will do. */
  readonly original?: boolean;
  /** The value is a whole number. */
  readonly number?: boolean;
  /** Acts as soon as it is reached; later words are never looked at. */
  readonly acts?: "help" | "version";
}

export type OptionDefinition = (BooleanArgDef | StringArgDef) & OptionGrammar;

export const optionTable = {
  window: {
    type: "string",
    original: true,
    number: true,
    valueHint: "N",
    description: "packets to send before our acknowledgement to an original peer, one each second (default: 10)",
  },
  timeout: {
    type: "string",
    original: true,
    number: true,
    valueHint: "SECONDS",
    description: "how long to wait for the peer after that; 0: for ever (default: 10)",
  },
  cmd: {
    type: "string",
    original: true,
    valueHint: "COMMAND",
    description: "become this command, with the connected socket as its standard input and output",
  },
  "quit-after-connect": {
    type: "boolean",
    original: true,
    description: "end as soon as the hole is open, with status 0",
  },
  version: { type: "boolean", original: true, acts: "version", description: "show the version and end" },
  help: { type: "boolean", original: true, acts: "help", description: "show this text and end" },
  keepalive: {
    type: "string",
    number: true,
    valueHint: "SECONDS",
    description: "show a sign of life so often while nothing else is sent; 0: never (default: 25)",
  },
  stay: { type: "boolean", description: "the end of standard input does not end the relay to an original peer" },
  "limit-rate": {
    type: "string",
    valueHint: "BYTES",
    description: "send at most so much in a second; with K, M or G thousands of it",
  },
  "no-spray": { type: "boolean", description: "do not look for the ports of port-changing gateways" },
  "no-low-ports": { type: "boolean", description: "as root, use no source ports below 1024 for that" },
  "no-short-ttl": { type: "boolean", description: "send no packets that end before the peer's gateway" },
  json: { type: "boolean", description: "tell what happens as JSON, one object a line" },
  quiet: { type: "boolean", description: "tell failures only" },
  verbose: { type: "boolean", description: "tell everything, one event a line" },
} as const;

export type OptionName = keyof typeof optionTable;

export interface Option {
  readonly name: OptionName;
  readonly definition: OptionDefinition;
}

/** The table in order. */
export const options: readonly Option[] = Object.keys(optionTable)
  .filter(isOptionName)
  .map((name) => ({ name, definition: optionTable[name] }));

/**
 * @param spelling without dashes; letter case does not matter
 * @returns undefined when nothing has this name, or no single original option begins with it
 */
export function findOption(spelling: string): Option | undefined {
  const wanted = spelling.toLowerCase();
  const exact = options.find(({ name }) => name === wanted);
  if (exact !== undefined) return exact;
  if (wanted === "") return undefined;
  const begun = options.filter(({ name, definition }) => definition.original && name.startsWith(wanted));
  return begun.length === 1 ? begun[0] : undefined;
}

export function takesValue(option: Option): boolean {
  return option.definition.type === "string";
}

function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(optionTable, name);
}
