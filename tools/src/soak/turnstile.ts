// So many at a time; who is urgent goes before others.
export class Turnstile {
  readonly #urgent: (() => void)[] = [];
  readonly #patient: (() => void)[] = [];
  #free: number;

  constructor(most: number) {
    this.#free = most;
  }

  async pass<T>(isUrgent: boolean, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => (isUrgent ? this.#urgent : this.#patient).push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#urgent.shift() ?? this.#patient.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
