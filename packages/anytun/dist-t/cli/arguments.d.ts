import { type OptionName } from "./options.ts";
/** One option of the command line. */
export interface Argument {
  readonly name: OptionName;
  /** The option as typed, for error texts. */
  readonly typed: string;
  /** Empty for switches. */
  readonly value: string;
  /** Position of the word that holds the value (of the option itself for switches). */
  readonly index: number;
}
export type Invocation =
  | {
      readonly action: "help" | "version";
    }
  | {
      readonly action: "run";
      readonly args: readonly Argument[];
    };
/**
 * @param words the command line without interpreter and script
 * @throws UsageError for the first word that does not fit; never shows a secret
 */
export declare function parseArguments(words: readonly string[]): Invocation;
/**
 * Positions of the words that hold secrets. Looks only at the table and never fails, so that secrets are masked in the
 * process title even on a command line that is refused afterwards.
 */
export declare function secretWords(words: readonly string[]): number[];
