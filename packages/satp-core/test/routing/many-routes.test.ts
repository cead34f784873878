/** Tables large enough for the flat table of IPv4. */
import { expect, it } from "vitest";
import { type Address, formatAddress } from "../../src/routing/address.ts";
import { addressBits, formatPrefix, type Prefix, prefixOf } from "../../src/routing/prefix.ts";
import { RoutingTable } from "../../src/routing/routing-table.ts";

function lookup(table: RoutingTable, address: Address): number {
  const [a, b, c, d] = address.words;
  return address.family === 4 ? table.lookup4(a) : table.lookup6(a, b, c, d);
}

/** Longest prefix match by asking for every length: fast enough for many prefixes, and nothing derived or cached. */
class ExactTable {
  readonly #muxes = new Map<string, number>();

  get size(): number {
    return this.#muxes.size;
  }

  insert(prefix: Prefix, mux: number): void {
    this.#muxes.set(key(prefix), mux);
  }

  remove(prefix: Prefix): boolean {
    return this.#muxes.delete(key(prefix));
  }

  lookup(address: Address): number {
    for (let length = addressBits(address.family); length >= 0; length--) {
      const mux = this.#muxes.get(key(prefixOf(address, length)));
      if (mux !== undefined) return mux;
    }
    return -1;
  }
}

function key({ family, words, length }: Prefix): string {
  return `${family} ${words} ${length}`;
}

// Crowded into few networks, so that prefixes nest, and more than enough of them for the flat table of IPv4, which
// comes and goes on the way up and down.
it.each<4 | 6>([4, 6])("stays exact with many clustered prefixes coming and going, IPv%i", (family) => {
  let state = 0x9e3779b9;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const networks = [0x0a000000, 0x0a010000, 0x0a010200, 0xc0a80000, 0xfffffe00, 0];
  const near = (): number => ((networks[random(6)] ?? 0) | random(2 ** (8 + 8 * random(3)))) >>> 0;
  const somewhere = (): Address =>
    family === 4
      ? { family, words: [near(), 0, 0, 0] }
      : { family, words: [near(), near(), random(2) * near(), random(2) * near()] };
  const lengths = family === 4 ? [32, 32, 30, 29, 28, 25, 24, 24, 23, 22, 17] : [128, 127, 97, 96, 95, 65, 64, 48, 33];
  const fresh = (): Prefix => {
    const length = random(500) === 0 ? random(addressBits(family) + 1) : (lengths[random(lengths.length)] ?? 0);
    return prefixOf(somewhere(), length);
  };
  const routes = new RoutingTable();
  const exact = new ExactTable();
  const present: Prefix[] = [];
  const wrong: string[] = [];
  const compare = (at: Address): void => {
    if (lookup(routes, at) !== exact.lookup(at)) wrong.push(formatAddress(at));
  };
  // prefixes that are there already are changed on the way to one that is not
  const insert = (): void => {
    for (const before = exact.size; exact.size === before; ) {
      const prefix = fresh();
      const mux = random(65536);
      routes.insert(prefix, mux);
      exact.insert(prefix, mux);
      if (exact.size > before) present.push(prefix);
      if (random(16) === 0) compare(prefix);
    }
  };
  const remove = (): void => {
    const at = random(present.length);
    const prefix = present[at] ?? fresh();
    present[at] = present[present.length - 1] ?? prefix;
    present.pop();
    if (routes.remove(prefix) !== exact.remove(prefix)) wrong.push(formatPrefix(prefix));
    if (random(16) === 0) compare(prefix);
  };
  const most = family === 4 ? 66_000 : 5_000;
  // each step of the way, one change in so many goes the other way
  for (const [goal, steps] of [
    [most, 8],
    [most / 2, 3],
    [most, 4],
    [0, 3],
  ] as const) {
    while (present.length !== goal) {
      const up = present.length < goal;
      if (present.length === 0 || (random(steps) === 0 ? !up : up)) insert();
      else remove();
      if (random(16) === 0) compare(somewhere());
    }
    expect([routes.size, wrong]).toEqual([goal, []]);
  }
});

it("holds a million prefixes, finds them fast and gives them back", () => {
  const routes = new RoutingTable();
  const prefixes = 1_000_000;
  // an odd factor walks through the /24s without meeting one twice: scattered, and no list to keep
  const at = (i: number) => (Math.imul(i, 0x9e3779b1) << 8) >>> 0;
  const prefixAt = (i: number): Prefix => ({ family: 4, words: [at(i), 0, 0, 0], length: 24 });
  for (let i = 0; i < prefixes; i++) routes.insert(prefixAt(i), i & 0xffff);
  expect(routes.size).toBe(prefixes);
  const wrong: number[] = [];
  for (let i = 0; i < prefixes; i++) if (routes.lookup4(at(i) | 77) !== (i & 0xffff)) wrong.push(i);
  expect(wrong).toEqual([]);
  const started = performance.now();
  let found = 0;
  for (let i = 0; i < prefixes; i++) if (routes.lookup4(at(i * 3) | 5) >= 0) found++;
  const nanoseconds = ((performance.now() - started) * 1e6) / prefixes;
  expect(found).toBe(Math.ceil(prefixes / 3));
  // measured 30 ns for destinations that never repeat; the bound tells it from a scan on a busy machine
  expect(nanoseconds).toBeLessThan(5000);
  for (let i = 0; i < prefixes; i++) if (!routes.remove(prefixAt(i))) wrong.push(i);
  expect(wrong).toEqual([]);
  expect(routes.size).toBe(0);
  expect(routes.lookup4(at(5))).toBe(-1);
});
