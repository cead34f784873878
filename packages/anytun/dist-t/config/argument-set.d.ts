/** The options of one command line by name, with the original's rules for repeats. */
import type { Argument } from "../cli/arguments.ts";
import type { OptionName } from "../cli/options.ts";
export declare class ArgumentSet {
  #private;
  constructor(args: readonly Argument[]);
  /** True when the option was typed, whatever its value. */
  has(name: OptionName): boolean;
  /** The occurrence that wins; an earlier one is never looked at. */
  last(name: OptionName): Argument | undefined;
  /** Like `last`, for words whose empty value changes nothing. */
  lastWord(name: OptionName): Argument | undefined;
  /** Every occurrence of these options, in command-line order. */
  all(...names: readonly OptionName[]): readonly Argument[];
}
