/** Ends of what was started, run last first and once. */
export class Ends {
  readonly #ends: (() => void | Promise<void>)[] = [];
  #closing: Promise<void> | undefined;

  add(end: () => void | Promise<void>): void {
    this.#ends.push(end);
  }

  run(): Promise<void> {
    this.#closing ??= this.#runAll();
    return this.#closing;
  }

  async #runAll(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
  }
}
