/** Metrics by name. */
import { Counter, Gauge, type Registry } from "prom-client";

export type Labels = Readonly<Record<string, string | number>>;

/** Each is made when its first value comes. */
export class Metrics {
  readonly #registry: Registry;
  readonly #made = new Map<string, (labels: Labels, value: number) => void>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  counter(name: string, help: string, value: number, labels: Labels = {}): void {
    this.#set(name, labels, value, () => {
      const counter = new Counter({ name, help, labelNames: Object.keys(labels), registers: [this.#registry] });
      return (given, count) => counter.inc(given, count);
    });
  }

  gauge(name: string, help: string, value: number, labels: Labels = {}): void {
    this.#set(name, labels, value, () => {
      const gauge = new Gauge({ name, help, labelNames: Object.keys(labels), registers: [this.#registry] });
      return (given, count) => gauge.set(given, count);
    });
  }

  #set(name: string, labels: Labels, value: number, make: () => (labels: Labels, value: number) => void): void {
    let set = this.#made.get(name);
    if (set === undefined) {
      set = make();
      this.#made.set(name, set);
    }
    set(labels, value);
  }
}
