import { describe, expect, it } from "vitest";
import { ENDPOINT_SOCKET, ENDPOINT_WORDS } from "../../src/batch/packet-batch.ts";
import { endpointOf, formatEndpoint, sameEndpoint } from "../../src/peers/endpoint.ts";
import { Peer } from "../../src/peers/peer.ts";
import { PeerTable } from "../../src/peers/peer-table.ts";
import { SenderMemory, Senders, TUNNEL_MEMORY } from "../../src/peers/sender.ts";
import { SequenceCounter } from "../../src/peers/sequence-counter.ts";
import { SequenceVerdict } from "../../src/replay/sequence-verdict.ts";
import { parseAddress } from "../../src/routing/address.ts";

function peer(mux: number): Peer {
  return new Peer({ mux, context: 0, tagBytes: 10, sequence: new SequenceCounter() }, 0, new SenderMemory());
}

describe("peer table", () => {
  it("finds peers by mux and knows the lowest", () => {
    const table = new PeerTable();
    expect(table.lowest).toBeUndefined();
    for (const mux of [7, 65535, 0, 300]) table.add(peer(mux));
    expect(table.size).toBe(4);
    expect([...table].map((p) => p.mux)).toEqual([0, 7, 300, 65535]);
    expect(table.get(300)?.mux).toBe(300);
    expect(table.get(301)).toBeUndefined();
    expect(table.get(65536)).toBeUndefined();
    expect(() => table.add(peer(7))).toThrow(expect.objectContaining({ code: "peer-exists" }));
    expect(table.remove(0)).toBe(true);
    expect(table.remove(0)).toBe(false);
    expect(table.lowest?.mux).toBe(7);
    table.add(peer(3));
    expect([...table].map((p) => p.mux)).toEqual([3, 7, 300, 65535]);
    for (const mux of [3, 7, 300, 65535]) expect(table.remove(mux)).toBe(true);
    expect(table.size).toBe(0);
    expect(table.lowest).toBeUndefined();
    expect([...table]).toEqual([]);
  });

  it("holds every mux there is", () => {
    const table = new PeerTable();
    for (let mux = 65535; mux >= 0; mux--) table.add(peer(mux));
    expect(table.size).toBe(65536);
    expect(table.lowest?.mux).toBe(0);
    expect(table.get(40000)?.mux).toBe(40000);
  });

  it("refuses a mux or tag length that does not exist", () => {
    expect(() => peer(65536)).toThrow(expect.objectContaining({ code: "out-of-range" }));
    expect(
      () => new Peer({ mux: 0, context: 0, tagBytes: 21, sequence: new SequenceCounter() }, 0, new SenderMemory()),
    ).toThrow(expect.objectContaining({ code: "out-of-range" }));
  });
});

describe("sender ids of a peer", () => {
  const { first, newer, older, replayed, senderLimit } = SequenceVerdict;

  it("are judged independently", () => {
    const senders = new Senders(4, new SenderMemory());
    expect(senders.judge(1, 10)).toBe(first);
    expect(senders.judge(2, 3)).toBe(first);
    expect(senders.judge(1, 10)).toBe(replayed);
    expect(senders.judge(2, 4)).toBe(newer);
    expect(senders.judge(1, 9)).toBe(older);
    expect(senders.size).toBe(2);
  });

  it("without replay protection only know what is newer", () => {
    const senders = new Senders(0, new SenderMemory());
    const verdicts = [5, 5, 4, 6, 0, 0xffffffff, 0].map((n) => senders.judge(0, n));
    expect(verdicts).toEqual([first, older, older, newer, older, newer, older]);
  });

  it.each([0, 4, 64])("that follow the highest number are judged together, with a window of %i", (windowSize) => {
    const senders = new Senders(windowSize, new SenderMemory());
    expect(senders.follow(1, 1)).toBe(false);
    senders.judge(1, 0xffffff00);
    expect([0xffffff00, 0xffffff02].map((bits) => senders.follow(bits, 1))).toEqual([false, false]);
    expect(senders.follow(0xffffff01, 0xff)).toBe(true);
    expect(senders.latest).toEqual({ senderId: 1, sequence: 0xffffffff });
    expect(senders.follow(0, 1)).toBe(false);
    expect(senders.judge(1, 0xffffffff)).toBe(windowSize === 0 ? older : replayed);
    senders.judge(2, 0xfffffff0);
    // not behind the last number of all
    expect(senders.follow(0xfffffff1, 16)).toBe(false);
    expect(senders.follow(0xfffffff1 | 0, 15)).toBe(true);
  });

  it("that passed the highest number of all by a window's rules are judged one by one", () => {
    const senders = new Senders(16, new SenderMemory());
    senders.judge(1, 2);
    // older for the window, which goes around, and newer as a number
    expect(senders.judge(1, 0xfffffffb)).toBe(newer);
    expect(senders.follow(0xfffffffc, 2)).toBe(false);
    expect([0xfffffffc, 0xfffffffc].map((bits) => senders.judge(1, bits))).toEqual([newer, replayed]);
  });

  it("get memory up to a limit", () => {
    const senders = new Senders(2 ** 24, new SenderMemory());
    expect(senders.limit).toBe(16);
    for (let id = 0; id < 16; id++) expect(senders.judge(id, 1)).toBe(first);
    expect(senders.judge(16, 1)).toBe(senderLimit);
    expect(senders.judge(3, 2)).toBe(newer);
    expect(senders.size).toBe(16);
  });

  it.each([
    [0, 65536],
    [1, 65536],
    [4096, 65536],
    [8192, 32768],
    [2 ** 20, 256],
  ])("window %i allows %i of them", (windowSize, limit) => {
    expect(new Senders(windowSize, new SenderMemory()).limit).toBe(limit);
  });
});

describe("memory for the sender ids of a tunnel", () => {
  const { first, newer, senderLimit } = SequenceVerdict;

  it("keeps half for the first sender id of each peer", () => {
    const memory = new SenderMemory();
    expect(memory.take(TUNNEL_MEMORY / 2, false)).toBe(true);
    expect(memory.take(1, false)).toBe(false);
    expect(memory.take(TUNNEL_MEMORY / 2, true)).toBe(true);
    expect(memory.take(1, true)).toBe(false);
    memory.giveBack(1);
    expect(memory.take(1, true)).toBe(true);
  });

  it("is not taken from others by a peer that uses many, and comes back", () => {
    const memory = new SenderMemory();
    // windows of 2 MiB, 16 a peer: the fourth peer meets the half
    const greedy = Array.from({ length: 4 }, () => new Senders(2 ** 24, memory));
    const verdicts = greedy.flatMap((senders) => Array.from({ length: 16 }, (_, id) => senders.judge(id, 1)));
    expect(verdicts.slice(0, -1).every((verdict) => verdict === first)).toBe(true);
    expect(verdicts.at(-1)).toBe(senderLimit);
    const modest = new Senders(2 ** 24, memory);
    expect([modest.judge(0, 1), modest.judge(1, 1), modest.judge(0, 2)]).toEqual([first, senderLimit, newer]);
    expect(modest.size).toBe(1);
    greedy[0]?.forget();
    expect([modest.judge(1, 1), modest.judge(0, 3)]).toEqual([first, newer]);
  });

  it("is enough for 65,536 peers with windows of 8192 packets", () => {
    const memory = new SenderMemory();
    const peers = Array.from({ length: 65_536 }, () => new Senders(8192, memory));
    expect(peers.every((senders) => senders.judge(7, 1) === first)).toBe(true);
  });
});

describe("endpoints", () => {
  it.each([
    ["192.0.2.1", 4444, {}, "192.0.2.1:4444"],
    ["255.255.255.255", 65535, {}, "255.255.255.255:65535"],
    ["2001:db8::1", 0, {}, "[2001:db8::1]:0"],
    ["fe80::1", 53, { scope: 3 }, "[fe80::1%3]:53"],
  ])("%s port %i", (address, port, options, text) => {
    expect(formatEndpoint(endpointOf(parseAddress(address), port, options))).toBe(text);
  });

  it("have a word for none", () => {
    expect(formatEndpoint(new Int32Array(ENDPOINT_WORDS))).toBe("unknown");
  });

  it("differ in family, address, port and scope, not in the local socket", () => {
    const base = endpointOf(parseAddress("fe80::1"), 53, { scope: 3, socket: 1 });
    const same = (other: Int32Array) => sameEndpoint(base, 0, other, 0);
    expect(same(endpointOf(parseAddress("fe80::1"), 53, { scope: 3, socket: 2 }))).toBe(true);
    for (let word = 0; word < ENDPOINT_WORDS; word++) {
      const other = base.slice();
      other[word] = (other[word] ?? 0) ^ 1;
      expect(same(other)).toBe(word === ENDPOINT_SOCKET);
    }
  });

  it("refuse a port that does not exist", () => {
    expect(() => endpointOf(parseAddress("::1"), 65536)).toThrow(expect.objectContaining({ code: "out-of-range" }));
  });
});
