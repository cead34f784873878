import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SenderMemory, Senders, TUNNEL_MEMORY, WINDOW_MEMORY } from "../../src/peers/sender.ts";
import { SequenceCounter } from "../../src/peers/sequence-counter.ts";
import { SequenceVerdict } from "../../src/replay/sequence-verdict.ts";
import { contextFor, endpoint, TestTunnel } from "../support/test-tunnel.ts";

const { replayed, first, newer, older } = SequenceVerdict;

function senders(windowSize: number): Senders {
  return new Senders(windowSize, new SenderMemory());
}

function judge(of: Senders, ...numbers: readonly number[]): SequenceVerdict[] {
  return numbers.map((number) => of.judge(0, number));
}

describe("another window size", () => {
  it.each([
    ["larger", 64, 1000],
    ["smaller", 1000, 64],
  ])("keeps what was seen, %s", (_, before, after) => {
    const all = senders(before);
    expect(judge(all, 100, 98, 101)).toEqual([first, older, newer]);
    all.resize(after);
    expect(judge(all, 98, 100, 101)).toEqual([replayed, replayed, replayed]);
    expect(judge(all, 99, 97, 102)).toEqual([older, older, newer]);
    expect(all.windowSize).toBe(after);
  });

  it("takes for seen what the old window could not tell", () => {
    const all = senders(10);
    judge(all, 1000);
    all.resize(100);
    expect(judge(all, 991, 990, 901)).toEqual([older, replayed, replayed]);
  });

  it("takes everything so far for seen where nothing was remembered", () => {
    const all = senders(0);
    judge(all, 5, 100);
    all.resize(64);
    expect(judge(all, 99, 100, 5, 101, 103, 102)).toEqual([replayed, replayed, replayed, newer, newer, older]);
    all.resize(0);
    expect(judge(all, 102)).toEqual([older]);
  });

  it("goes on behind 2^32", () => {
    const all = senders(16);
    judge(all, 0xfffffffe, 3);
    all.resize(32);
    expect(judge(all, 3, 0xfffffffe, 1, 4)).toEqual([replayed, replayed, older, older]);
  });

  it("gives memory back, and takes no more than there is", () => {
    const memory = new SenderMemory();
    const all = new Senders(2 ** 20, memory);
    for (let id = 0; id < 200; id++) expect(all.judge(id, 1)).toBe(first);
    // windows of 2 MiB: sixteen of them, the others stay as they are
    all.resize(2 ** 24);
    expect(all.limit).toBe(WINDOW_MEMORY / 2 ** 21);
    for (let id = 0; id < 200; id++) expect(all.judge(id, 1)).toBe(replayed);
    all.resize(0);
    all.forget();
    expect(memory.take(TUNNEL_MEMORY, true)).toBe(true);
    expect(memory.take(1, true)).toBe(false);
  });

  it("never lets a number pass twice, whatever changes in between", () => {
    const step = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({ do: fc.constant("judge" as const), value: fc.integer({ min: 0, max: 300 }) }),
      },
      fc.record({ do: fc.constant("resize" as const), value: fc.integer({ min: 1, max: 200 }) }),
      fc.record({ do: fc.constant("raise" as const), value: fc.integer({ min: 0, max: 300 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const all = senders(50);
        const seen = new Set<number>();
        for (const { do: action, value } of steps) {
          if (action === "resize") all.resize(value);
          else if (action === "raise") {
            all.raise(0, value);
            for (let number = 0; number <= value; number++) seen.add(number);
          } else if (judge(all, value)[0] !== replayed) {
            expect(seen.has(value)).toBe(false);
            seen.add(value);
          }
        }
      }),
    );
  });
});

describe("what somebody else heard", () => {
  it("counts as seen, and leaves newer numbers alone", () => {
    const all = senders(64);
    all.raise(0, 100);
    expect(judge(all, 100, 99, 40, 101, 103)).toEqual([replayed, replayed, replayed, newer, newer]);
    all.raise(0, 100);
    expect(judge(all, 102)).toEqual([older]);
    all.raise(0, 99);
    all.raise(0, 3);
    expect(judge(all, 104, 102)).toEqual([newer, replayed]);
  });

  it("is remembered of sender ids that were not heard here", () => {
    const all = senders(64);
    judge(all, 7);
    all.raise(5, 1000);
    all.raise(6, 2000);
    expect([...all.marks()]).toEqual([
      { senderId: 0, newest: 7 },
      { senderId: 5, newest: 1000 },
      { senderId: 6, newest: 2000 },
    ]);
    expect(all.judge(5, 1000)).toBe(replayed);
    expect(all.judge(6, 2001)).toBe(newer);
  });

  it("does not undo the turn behind 2^32", () => {
    const all = senders(64);
    judge(all, 0xfffffff0, 5);
    all.raise(0, 0xfffffff8);
    // for roaming, newer is a plain comparison
    expect(judge(all, 6, 0xfffffff7, 0xfffffffa)).toEqual([older, replayed, newer]);
  });

  it("without replay protection only makes numbers old", () => {
    const all = senders(0);
    all.raise(0, 100);
    expect(judge(all, 100, 101)).toEqual([older, newer]);
  });
});

describe("a peer that is changed in place", () => {
  it("keeps counters, endpoint and numbers, and forgets what was heard under other keys", () => {
    const test = new TestTunnel({ windowSize: 64 });
    const peer = test.addPeer(endpoint(1));
    peer.countOut(3, 300);
    judge(peer.senders, 50);
    const context = test.cipher.addContext(contextFor("left", undefined, "another"));
    test.tunnel.changePeer(0, { keys: { context, tagBytes: 10 } });
    expect([peer.context, peer.counters.packetsOut, peer.senders.size]).toEqual([context, 3, 0]);
    expect(peer.endpoint).toEqual(endpoint(1));
    expect(peer.sequence).toBe(test.keys.sequence);
    test.tunnel.changePeer(0, { endpoint: endpoint(2), windowSize: 0, sequence: new SequenceCounter() });
    expect(peer.endpoint).toEqual(endpoint(2));
    expect(peer.sequence.remaining).toBe(0);
    expect(peer.senders.windowSize).toBe(0);
  });

  it("is not changed at all when something does not fit", () => {
    const test = new TestTunnel({ windowSize: 64 });
    const peer = test.addPeer(endpoint(1));
    const change = { keys: { context: 9, tagBytes: 10 }, windowSize: 2 ** 24 + 1, endpoint: endpoint(2) };
    expect(() => test.tunnel.changePeer(0, change)).toThrow(/window size/);
    expect(() => test.tunnel.changePeer(0, { keys: { context: 9, tagBytes: 21 }, windowSize: 1 })).toThrow(
      /tag length/,
    );
    expect([peer.context, peer.senders.windowSize]).toEqual([test.keys.context, 64]);
    expect(peer.endpoint).toEqual(endpoint(1));
    expect(() => test.tunnel.changePeer(1, {})).toThrow("no peer with mux 1");
  });

  it("may have a window of its own", () => {
    const test = new TestTunnel({ windowSize: 64 });
    const peer = test.tunnel.addPeer({ ...test.keys, mux: 3, windowSize: 5 });
    expect(peer.senders.windowSize).toBe(5);
  });
});
