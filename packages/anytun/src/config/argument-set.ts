/** The options of one command line by name, with the original's rules for repeats. */
import type { Argument } from "../cli/arguments.ts";
import type { OptionName } from "../cli/options.ts";

export class ArgumentSet {
  readonly #args: readonly Argument[];

  constructor(args: readonly Argument[]) {
    this.#args = args;
  }

  /** True when the option was typed, whatever its value. */
  has(name: OptionName): boolean {
    return this.#args.some((arg) => arg.name === name);
  }

  /** The occurrence that wins; an earlier one is never looked at. */
  last(name: OptionName): Argument | undefined {
    return this.#args.findLast((arg) => arg.name === name);
  }

  /** Like `last`, for words whose empty value changes nothing. */
  lastWord(name: OptionName): Argument | undefined {
    return this.#args.findLast((arg) => arg.name === name && arg.value !== "");
  }

  /** Every occurrence of these options, in command-line order. */
  all(...names: readonly OptionName[]): readonly Argument[] {
    return this.#args.filter((arg) => names.includes(arg.name));
  }
}
