import { endpointOf, parseAddress, SequenceCounter } from "satp-core";
import { MemoryNetwork } from "tun-native/testing";
import { describe, expect, it } from "vitest";
import type { DrainWish } from "../../src/daemon/drain.ts";
import { PAGE_PEERS, peerPage } from "../../src/data-plane/peer-page.ts";
import { type StatusSources, statusAnswer } from "../../src/status/daemon-status.ts";
import { type PeerStatus, parseRequest, type StatusLine } from "../../src/status/protocol.ts";
import { type MemoryEnd, memoryEnd } from "../data-plane/memory-tunnel.ts";

const suite = { kdPrf: "aes-ctr-128", cipher: "aes-ctr-256", auth: "sha1", tagBytes: 10 } as const;

function sourcesOf(
  end: MemoryEnd,
  network: MemoryNetwork,
): StatusSources & { pages: number; readonly drains: DrainWish[] } {
  const drains: DrainWish[] = [];
  return {
    pages: 0,
    drains,
    drain: {
      run: async (wish) => void drains.push(wish),
      get state() {
        return drains.length === 0 ? undefined : { seconds: 3.0004, quietSeconds: 1 };
      },
    },
    info: {
      ...{ name: "office", version: "1.2.3", pid: 42, startedAt: new Date(0), kernel: "evp" },
      device: { name: "tun7", offloads: ["tso4"] },
      sockets: ["0.0.0.0:4444"],
      socketOffloads: [],
      config: {
        device: { kind: "tun", name: undefined },
        ipv4: { address: "10.0.0.1", prefixLength: 30 },
        ipv6: undefined,
        remote: { host: "2001:db8::1", port: 4444 },
        ...{ mux: 0, senderId: 0, windowSize: 64, keepAliveSeconds: 0, stateDir: "none", role: "left", suite },
      },
    },
    cluster: () => undefined,
    uptimeMs: () => network.now,
    mtu: () => ({ bytes: 1400, source: "default", pathBytes: 1500, fittingBytes: 1452, limitBytes: 0 }),
    snapshot: async () => end.reporter.snapshot(end.tunnel, { deviceErrors: 3, tooBigAnswers: 4 }),
    async peers(from) {
      this.pages++;
      return peerPage(end.tunnel, from, PAGE_PEERS, network.now);
    },
  };
}

async function answerOf(sources: StatusSources, peers: number | "all"): Promise<StatusLine[]> {
  const lines: StatusLine[] = [];
  for await (const line of statusAnswer(sources)({ version: 1, peers })) lines.push(line);
  return lines;
}

const peersOf = (lines: readonly StatusLine[]): PeerStatus[] =>
  lines.flatMap((line) => ("peers" in line ? line.peers : []));

function manyPeers(count: number): { sources: StatusSources & { pages: number }; end: MemoryEnd } {
  const network = new MemoryNetwork();
  const end = memoryEnd(network, { role: "left", address: "192.0.2.1", peer: "192.0.2.2" });
  for (let mux = 1; mux < count; mux++) {
    const peer = end.tunnel.addPeer({ mux, context: 0, tagBytes: 10, sequence: new SequenceCounter() });
    peer.countIn(1, mux % 97);
  }
  return { sources: sourcesOf(end, network), end };
}

describe("the answer of a daemon", () => {
  it("names everything with its unit, and only the drops that happened", async () => {
    const network = new MemoryNetwork();
    const end = memoryEnd(network, { role: "left", address: "192.0.2.1", peer: "192.0.2.2", windowSize: 64 });
    network.advance(2500);
    const [daemon, peers, last] = await answerOf(sourcesOf(end, network), 5);
    expect(daemon).toEqual({
      daemon: {
        ...{ name: "office", version: "1.2.3", pid: 42, started_at: "1970-01-01T00:00:00.000Z", uptime_seconds: 2.5 },
        device: { name: "tun7", type: "tun", addresses: ["10.0.0.1/30"], offloads: ["tso4"] },
        mtu: {
          ...{ bytes: 1400, source: "default", path_bytes: 1500, unfragmented_bytes: 1452, tcp_limit_bytes: null },
        },
        ...{ sockets: ["0.0.0.0:4444"], socket_offloads: [], role: "left", mux: 0, remote: "[2001:db8::1]:4444" },
        crypto: { kernel: "evp", cipher: "aes-ctr-256", kd_prf: "aes-ctr-128", auth: "sha1", tag_bytes: 10 },
        ...{ drain: null, cluster: null },
        ...{ replay_window_packets: 64, keepalive_seconds: 0, silent_after_seconds: 60, state_dir: "none" },
        ...{ packets_in: 0, bytes_in: 0, packets_out: 0, bytes_out: 0, keepalives_in: 0, keepalives_out: 0 },
        ...{ drops: { "device-write": 3 }, too_big_answers: 4, offload_counters: {}, peer_count: 1 },
      },
    });
    expect(peers).toEqual({
      peers: [
        {
          ...{ mux: 0, endpoint: "192.0.2.2:4444", candidate: null, state: "never-heard" },
          ...{ heard_seconds_ago: null, sent_seconds_ago: null, drops: {} },
          ...{ packets_in: 0, bytes_in: 0, packets_out: 0, bytes_out: 0, keepalives_in: 0, keepalives_out: 0 },
          replay: { window_packets: 64, sender_ids: 0, sender_id: null, newest_sequence: null },
          sequence: { sender_id: 0, epoch: 0, next: 0, reserved_until: 1_000_000, reserved: 1_000_000 },
        },
      ],
    });
    expect(last).toEqual({ end: true });
    expect(JSON.stringify([daemon, peers])).not.toMatch(/key(?!s_|epalive)|salt|pass/i);
  });

  it("to a wish to drain comes when that has begun", async () => {
    const network = new MemoryNetwork();
    const end = memoryEnd(network, { role: "left", address: "192.0.2.1", peer: "192.0.2.2" });
    const sources = sourcesOf(end, network);
    const lines: StatusLine[] = [];
    const request = parseRequest('{"version":1,"drain":{"quiet_seconds":0.5,"timeout_seconds":9}}');
    if (request === undefined) throw new Error("refused");
    for await (const line of statusAnswer(sources)(request)) lines.push(line);
    expect(sources.drains).toEqual([{ quietSeconds: 0.5, timeoutSeconds: 9 }]);
    expect(lines).toMatchObject([{ daemon: { drain: { seconds: 3, quiet_seconds: 1 } } }, { end: true }]);
  });

  it.each([
    ["no object", "1"],
    ["a time missing", '{"quiet_seconds":1}'],
    ["a text", '{"quiet_seconds":"1","timeout_seconds":1}'],
    ["a negative time", '{"quiet_seconds":-1,"timeout_seconds":1}'],
    ["more than a day", '{"quiet_seconds":1,"timeout_seconds":86401}'],
  ])("is refused to a wish to drain with %s", (_, wish) => {
    expect(parseRequest(`{"version":1,"drain":${wish}}`)).toBeUndefined();
  });

  it("tells when a peer was heard, and calls it silent after a while", async () => {
    const network = new MemoryNetwork();
    const end = memoryEnd(network, { role: "left", address: "192.0.2.1", peer: "192.0.2.2" });
    const peer = end.tunnel.peer(0);
    if (peer === undefined) throw new Error("no peer");
    network.advance(100_000);
    peer.lastHeardMs = 45_000;
    peer.lastSentMs = 99_999;
    peer.candidate.replace(endpointOf(parseAddress("2001:db8::9"), 9), 0, network.now);
    const state = async (): Promise<unknown> => peersOf(await answerOf(sourcesOf(end, network), 1));
    expect(await state()).toMatchObject([
      { state: "alive", heard_seconds_ago: 55, sent_seconds_ago: 0.001, candidate: "[2001:db8::9]:9" },
    ]);
    network.advance(5000);
    expect(await state()).toMatchObject([{ state: "silent", heard_seconds_ago: 60 }]);
  });

  it("shows the peers with the most traffic, or all of them in order, page by page", async () => {
    const { sources } = manyPeers(1000);
    const top = peersOf(await answerOf(sources, 12));
    expect(top.map(({ bytes_in }) => bytes_in)).toEqual([...Array(10).fill(96), 95, 95]);
    expect(top.slice(0, 2).map(({ mux }) => mux)).toEqual([96, 193]);
    const lines = await answerOf(sources, "all");
    expect(peersOf(lines).map(({ mux }) => mux)).toEqual(Array.from({ length: 1000 }, (_, mux) => mux));
    expect(lines.filter((line) => "peers" in line)).toHaveLength(Math.ceil(1000 / PAGE_PEERS));
    expect(peersOf(await answerOf(sources, 0))).toEqual([]);
  });

  it("asks for no further page before the last one was taken", async () => {
    const { sources } = manyPeers(2000);
    const answer = statusAnswer(sources)({ version: 1, peers: "all" })[Symbol.asyncIterator]();
    for (let i = 0; i < 3; i++) await answer.next();
    expect(sources.pages).toBe(2);
    await answer.return?.();
  });

  it("says so when the tunnel has ended", async () => {
    const { sources } = manyPeers(1);
    const ended: StatusSources = { ...sources, snapshot: async () => undefined };
    expect(await answerOf(ended, 1)).toEqual([{ error: "the tunnel has just ended" }]);
  });
});
