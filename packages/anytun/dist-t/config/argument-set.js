export class ArgumentSet {
  #args;
  constructor(args) {
    this.#args = args;
  }
  /** True when the option was typed, whatever its value. */
  has(name) {
    return this.#args.some((arg) => arg.name === name);
  }
  /** The occurrence that wins; an earlier one is never looked at. */
  last(name) {
    return this.#args.findLast((arg) => arg.name === name);
  }
  /** Like `last`, for words whose empty value changes nothing. */
  lastWord(name) {
    return this.#args.findLast((arg) => arg.name === name && arg.value !== "");
  }
  /** Every occurrence of these options, in command-line order. */
  all(...names) {
    return this.#args.filter((arg) => names.includes(arg.name));
  }
}
//# sourceMappingURL=argument-set.js.map
