import { describe, expect, it, onTestFinished } from "vitest";
import { PeerResolver } from "../../src/daemon/peer-resolver.ts";
import type { Address, Lookup } from "../../src/daemon/resolver.ts";
import { FakeClock, settle } from "../support/fake-clock.ts";
import { memoryLog } from "../support/memory-log.ts";

const A: Address = { address: "192.0.2.1", family: 4 };
const B: Address = { address: "192.0.2.2", family: 4 };

function start(host: string, answers: () => readonly Address[]) {
  const clock = new FakeClock();
  const { log, lines } = memoryLog();
  const began = clock.now();
  const used: string[] = [];
  const asked = { lookups: 0, heard: 0 };
  const peer = { heardAt: -1 };
  const lookup: Lookup = async () => {
    asked.lookups++;
    return answers();
  };
  const resolver = new PeerResolver({
    name: { host, port: 99 },
    family: "any",
    lookup,
    clock,
    log,
    heardAgo: () => {
      asked.heard++;
      return peer.heardAt < 0 ? -1 : clock.now() - peer.heardAt;
    },
    use: ({ address }, port) => used.push(`${(clock.now() - began) / 1000} s: ${address} ${port}`),
  });
  onTestFinished(() => resolver.close());
  return { clock, used, lines, asked, peer, resolver };
}

describe("a peer resolver", () => {
  it("uses a literal at once and for ever, without looking anything up", async () => {
    const { clock, used, asked } = start("192.0.2.9", () => [A]);
    await clock.advance(200_000);
    expect(used).toEqual(["0 s: 192.0.2.9 99"]);
    expect(asked).toEqual({ lookups: 0, heard: 0 });
  });

  it("rotates every ten seconds until the peer is heard", async () => {
    const { clock, used, peer } = start("peer.example", () => [A, B]);
    await settle();
    await clock.advance(21_000);
    peer.heardAt = clock.now();
    await clock.advance(30_000);
    expect(used).toEqual(["0 s: 192.0.2.1 99", "10 s: 192.0.2.2 99", "20 s: 192.0.2.1 99"]);
  });

  it("follows a name that moved once the peer is silent", async () => {
    let answers = [A];
    const { clock, used, asked, peer, lines } = start("peer.example", () => answers);
    await settle();
    peer.heardAt = clock.now() + 5000;
    await clock.advance(10_000);
    answers = [B];
    await clock.advance(53_000);
    expect(used).toHaveLength(1);
    await clock.advance(5_000);
    expect(used).toEqual(["0 s: 192.0.2.1 99", "65 s: 192.0.2.2 99"]);
    expect(lines).toContain("INFO: trying 192.0.2.2 for 'peer.example'");
    expect(asked.lookups).toBe(2);
  });

  it("retries a failing name every ten seconds, with one error line", async () => {
    let fails = true;
    const { clock, used, asked, lines } = start("peer.example", () => {
      if (fails) throw new Error("no such name");
      return [A];
    });
    await clock.advance(25_000);
    expect(asked.lookups).toBe(3);
    expect(lines.filter((line) => line.startsWith("ERROR"))).toEqual([
      "ERROR: Error while resolving 'peer.example' '99', retrying in 10 sec.",
    ]);
    fails = false;
    await clock.advance(10_000);
    expect(used).toHaveLength(1);
    expect(lines).toContain("NOTICE: resolved 'peer.example' '99' after 3 failed attempts");
  });

  it("asks rarely whether the peer was heard", async () => {
    const { clock, asked, peer } = start("peer.example", () => [A]);
    await settle();
    for (let i = 0; i < 600; i++) {
      peer.heardAt = clock.now();
      await clock.advance(1000);
    }
    expect(asked.heard).toBeLessThanOrEqual(12);
    expect(asked.lookups).toBe(1);
  });

  it("calls nothing back once it is closed", async () => {
    const { clock, used, resolver } = start("peer.example", () => [A, B]);
    await settle();
    await resolver.close();
    await resolver.close();
    await clock.advance(60_000);
    expect(used).toHaveLength(1);
  });
});
