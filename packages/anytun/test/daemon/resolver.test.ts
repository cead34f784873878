import { describe, expect, it } from "vitest";
import { type Address, type Lookup, literalAddress, resolve, systemLookup } from "../../src/daemon/resolver.ts";
import { FakeClock, settle } from "../support/fake-clock.ts";
import { memoryLog } from "../support/memory-log.ts";

const A: Address = { address: "192.0.2.1", family: 4 };
const B: Address = { address: "2001:db8::1", family: 6 };
const NAME = { host: "peer.example", port: 4444 };
const FAILURE = "ERROR: Error while resolving 'peer.example' '4444', retrying in 10 sec.";

function start(lookup: Lookup) {
  const clock = new FakeClock();
  const { log, lines } = memoryLog();
  const abort = new AbortController();
  const result: { addresses?: readonly Address[] | undefined; done: boolean } = { done: false };
  void resolve(NAME, "any", { lookup, clock, log }, abort.signal).then((addresses) => {
    result.addresses = addresses;
    result.done = true;
  });
  return { clock, lines, abort, result };
}

/** Fails the given number of times. */
function failing(times: number): Lookup & { calls: number } {
  const lookup = Object.assign(
    async (): Promise<readonly Address[]> => {
      lookup.calls++;
      if (lookup.calls <= times) throw new Error("getaddrinfo ENOTFOUND peer.example");
      return [A, B];
    },
    { calls: 0 },
  );
  return lookup;
}

describe("resolve", () => {
  it("returns all addresses in order, without a word above debug", async () => {
    const { result, lines } = start(failing(0));
    await settle();
    expect(result.addresses).toEqual([A, B]);
    expect(lines).toEqual(["DEBUG: trying to resolv UDP: 'peer.example' '4444'"]);
  });

  it("tries again after ten seconds, says so once, and tells when it worked", async () => {
    const lookup = failing(3);
    const { clock, result, lines } = start(lookup);
    await settle();
    expect(lines.filter((line) => line.startsWith("ERROR"))).toEqual([FAILURE]);
    await clock.advance(9_900);
    expect(lookup.calls).toBe(1);
    await clock.advance(100);
    expect(lookup.calls).toBe(2);
    await clock.advance(20_000);
    expect(result.addresses).toEqual([A, B]);
    expect(lines.filter((line) => !line.startsWith("DEBUG"))).toEqual([
      FAILURE,
      "INFO: resolving 'peer.example' '4444' failed: getaddrinfo ENOTFOUND peer.example",
      "NOTICE: resolved 'peer.example' '4444' after 3 failed attempts",
    ]);
  });

  it("never gives up, and repeats the line every five minutes", async () => {
    const lookup = failing(Number.POSITIVE_INFINITY);
    const { clock, lines, result, abort } = start(lookup);
    await settle();
    await clock.advance(600_000);
    expect(lookup.calls).toBe(61);
    expect(lines.filter((line) => line === FAILURE)).toHaveLength(3);
    expect(result.done).toBe(false);
    abort.abort();
    await settle();
    expect(result).toEqual({ done: true, addresses: undefined });
    await clock.advance(60_000);
    expect(lookup.calls).toBe(61);
  });

  it("drops an answer that comes after the abort", async () => {
    let answer: (addresses: readonly Address[]) => void = () => {};
    const { result, abort } = start(() => new Promise((done) => (answer = done)));
    abort.abort();
    answer([A]);
    await settle();
    expect(result).toEqual({ done: true, addresses: undefined });
  });
});

describe("the system's lookup", () => {
  it.each<[string, Address | undefined]>([
    ["192.0.2.1", A],
    ["2001:db8::1", B],
    ["fe80::1%eth0", { address: "fe80::1%eth0", family: 6 }],
    ["peer.example", undefined],
    ["127.1", undefined],
  ])("knows literals: %s", (host, expected) => {
    expect(literalAddress(host)).toEqual(expected);
  });

  it("answers literals without a resolver, names with addresses of the family", async () => {
    expect(await systemLookup("2001:db8::1", "any")).toEqual([B]);
    expect(await systemLookup("localhost", "ipv4")).toEqual([{ address: "127.0.0.1", family: 4 }]);
  });
});
