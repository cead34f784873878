import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Address, type AddressWords, formatAddress, parseAddress } from "../../src/routing/address.ts";
import { formatPrefix, type Prefix, parsePrefix, prefixOf } from "../../src/routing/prefix.ts";
import { RoutingTable } from "../../src/routing/routing-table.ts";

function lookup(table: RoutingTable, address: Address): number {
  const [a, b, c, d] = address.words;
  return address.family === 4 ? table.lookup4(a) : table.lookup6(a, b, c, d);
}

/** Longest prefix match by looking at every prefix, bit by bit. */
class LinearTable {
  readonly #routes = new Map<string, [Prefix, number]>();

  get size(): number {
    return this.#routes.size;
  }

  insert(prefix: Prefix, mux: number): void {
    this.#routes.set(formatPrefix(prefix), [prefix, mux]);
  }

  remove(prefix: Prefix): boolean {
    return this.#routes.delete(formatPrefix(prefix));
  }

  lookup(address: Address): number {
    let best = -1;
    let length = -1;
    for (const [prefix, mux] of this.#routes.values()) {
      if (prefix.family !== address.family || prefix.length <= length) continue;
      if (bits(prefix).slice(0, prefix.length) !== bits(address).slice(0, prefix.length)) continue;
      best = mux;
      length = prefix.length;
    }
    return best;
  }
}

function bits(address: Address): string {
  return address.words.map((word) => (word >>> 0).toString(2).padStart(32, "0")).join("");
}

function table(...routes: [string, number][]): RoutingTable {
  const made = new RoutingTable();
  for (const [prefix, mux] of routes) made.insert(parsePrefix(prefix), mux);
  return made;
}

describe("routing table", () => {
  it("answers -1 without routes", () => {
    expect(new RoutingTable().lookup4(0)).toBe(-1);
    expect(new RoutingTable().lookup6(0, 0, 0, 0)).toBe(-1);
  });

  it.each<[string, number]>([
    ["10.1.2.3", 32],
    ["10.1.2.4", 24],
    ["10.1.3.1", 16],
    ["10.2.0.1", 8],
    ["11.0.0.1", 0],
    ["2001:db8::1", 128],
    ["2001:db8::2", 64],
    ["2001:db8:1::2", 33],
    ["2001:db8:8000::2", 32],
    ["fd00::1", 1],
    ["::1", -1],
  ])("%s goes to %i", (address, mux) => {
    const routes = table(
      ["0.0.0.0/0", 0],
      ["10.0.0.0/8", 8],
      ["10.1.0.0/16", 16],
      ["10.1.2.0/24", 24],
      ["10.1.2.3/32", 32],
      ["8000::/1", 1],
      ["2001:db8::/32", 32],
      ["2001:db8::/33", 33],
      ["2001:db8::/64", 64],
      ["2001:db8::1/128", 128],
    );
    expect(lookup(routes, parseAddress(address))).toBe(mux);
  });

  it.each(Array.from({ length: 33 }, (_, length) => length))("is exact at the edges of an IPv4 /%i", (length) => {
    const prefix = prefixOf(parseAddress("170.85.170.85"), length);
    const routes = new RoutingTable();
    routes.insert(prefix, 7);
    const [base] = prefix.words;
    const last = (base | (length === 0 ? 0xffffffff : length === 32 ? 0 : 0xffffffff >>> length)) >>> 0;
    expect([routes.lookup4(base), routes.lookup4(last), routes.lookup4(last | 0)]).toEqual([7, 7, 7]);
    if (length > 0) expect([routes.lookup4(base - 1), routes.lookup4(last + 1)]).toEqual([-1, -1]);
  });

  it.each(Array.from({ length: 129 }, (_, length) => length))("is exact at the edges of an IPv6 /%i", (length) => {
    const prefix = prefixOf(parseAddress("aaaa:5555:aaaa:5555:aaaa:5555:aaaa:5555"), length);
    const routes = new RoutingTable();
    routes.insert(prefix, 7);
    expect(lookup(routes, prefix)).toBe(7);
    for (let bit = 0; bit < 128; bit++) {
      const words = [...prefix.words];
      const changed = words.map((word, i) => (i === bit >>> 5 ? (word ^ (0x80000000 >>> (bit & 31))) >>> 0 : word));
      const [a = 0, b = 0, c = 0, d = 0] = changed;
      expect([bit, routes.lookup6(a, b, c, d)]).toEqual([bit, bit < length ? -1 : 7]);
    }
  });

  it("re-points and removes", () => {
    const routes = table(["10.0.0.0/8", 1], ["10.1.0.0/16", 2]);
    routes.insert(parsePrefix("10.1.2.3/16"), 3);
    expect(routes.size).toBe(2);
    expect(lookup(routes, parseAddress("10.1.0.1"))).toBe(3);
    expect(routes.remove(parsePrefix("10.1.0.0/17"))).toBe(false);
    expect(routes.remove(parsePrefix("fd00::/8"))).toBe(false);
    expect(routes.remove(parsePrefix("10.1.0.0/16"))).toBe(true);
    expect(routes.remove(parsePrefix("10.1.0.0/16"))).toBe(false);
    expect(lookup(routes, parseAddress("10.1.0.1"))).toBe(1);
    expect(routes.remove(parsePrefix("10.0.0.0/8"))).toBe(true);
    expect(lookup(routes, parseAddress("10.1.0.1"))).toBe(-1);
    expect(routes.size).toBe(0);
  });

  it("refuses muxes and lengths that do not exist", () => {
    const routes = new RoutingTable();
    const refused = expect.objectContaining({ code: "out-of-range" });
    expect(() => routes.insert(parsePrefix("10.0.0.0/8"), 65536)).toThrow(refused);
    expect(() => routes.insert({ family: 4, words: [0, 0, 0, 0], length: 33 }, 1)).toThrow(refused);
    expect(() => routes.remove({ family: 6, words: [0, 0, 0, 0], length: 129 })).toThrow(refused);
  });

  // few distinct words, so that prefixes nest and collide
  const word = fc.oneof(
    fc.constantFrom(0, 0x0a000000, 0x0a010000, 0x0a010203, 0x80000000, 0xffffffff),
    fc.integer({ min: 0, max: 15 }),
    fc.integer({ min: 0, max: 0xffffffff }),
  );
  const address4 = word.map((w): Address => ({ family: 4, words: [w, 0, 0, 0] }));
  const address6 = fc.tuple(word, word, word, word).map((words: AddressWords): Address => ({ family: 6, words }));
  const address = fc.oneof(address4, address6);
  const prefix = fc.oneof(
    fc.tuple(address4, fc.integer({ min: 0, max: 32 })).map(([a, length]) => prefixOf(a, length)),
    fc.tuple(address6, fc.integer({ min: 0, max: 128 })).map(([a, length]) => prefixOf(a, length)),
  );
  const change = fc.record({ prefix, mux: fc.integer({ min: 0, max: 65535 }), removes: fc.boolean(), again: fc.nat() });

  it("agrees with a linear scan through inserts, changes and removals", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 120 }), fc.array(address, { maxLength: 20 }), (changes, addresses) => {
        const routes = new RoutingTable();
        const linear = new LinearTable();
        const seen: Prefix[] = [];
        for (const { prefix: fresh, mux, removes, again } of changes) {
          // half of the removals meet a prefix that was there once
          const target = removes && again % 2 === 0 ? (seen[again % (seen.length || 1)] ?? fresh) : fresh;
          if (removes) {
            expect(routes.remove(target)).toBe(linear.remove(target));
          } else {
            routes.insert(target, mux);
            linear.insert(target, mux);
            seen.push(target);
          }
          expect(routes.size).toBe(linear.size);
          expect(lookup(routes, target)).toBe(linear.lookup(target));
        }
        for (const candidate of [...addresses, ...seen]) {
          expect([formatAddress(candidate), lookup(routes, candidate)]).toEqual([
            formatAddress(candidate),
            linear.lookup(candidate),
          ]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("answers anew after a change, also for destinations it was just asked for", () => {
    const routes = table(["10.0.0.0/8", 1], ["fd00::/8", 1]);
    const ask = () => [lookup(routes, parseAddress("10.1.2.3")), lookup(routes, parseAddress("fd00::1"))];
    expect([ask(), ask()]).toEqual([
      [1, 1],
      [1, 1],
    ]);
    routes.insert(parsePrefix("10.1.0.0/16"), 2);
    routes.insert(parsePrefix("fd00::/16"), 2);
    expect(ask()).toEqual([2, 2]);
    routes.insert(parsePrefix("10.1.0.0/16"), 3);
    routes.insert(parsePrefix("fd00::/16"), 3);
    expect(ask()).toEqual([3, 3]);
    routes.remove(parsePrefix("10.1.0.0/16"));
    routes.remove(parsePrefix("10.0.0.0/8"));
    routes.remove(parsePrefix("fd00::/16"));
    routes.remove(parsePrefix("fd00::/8"));
    expect(ask()).toEqual([-1, -1]);
    routes.insert(parsePrefix("0.0.0.0/0"), 4);
    routes.insert(parsePrefix("::/0"), 4);
    expect(ask()).toEqual([4, 4]);
  });
});
