/** A burst is decided faster than its datagrams one by one, and must end the same. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sealPacket } from "../../src/packet/seal-packet.ts";
import { contextFor, endpoint, ipv4Frame, TestTunnel } from "../support/test-tunnel.ts";
import { toHex } from "../support/vectors.ts";

const right = contextFor("right");
const first = sealPacket(right, { sequence: 1, senderId: 0, mux: 0, payloadType: 0x0800, payload: ipv4Frame() });

/** Mostly one sender id from one place with rising numbers, as traffic is; and everything else between. */
const often = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 6 }, { arbitrary: fc.constantFrom(...others), weight: 1 });
const datagram = fc.record({
  step: often(1, 0, 2, -1, -9, 20),
  senderId: often(0, 1, 0x8000),
  mux: often(0, 1),
  port: often(1, 2),
  host: often("127.0.0.1", "127.0.0.2", "2001:db8::1"),
  socket: often(0, 1),
  payload: often(ipv4Frame(), new Uint8Array(0)),
  payloadType: often(0x0800, 0x6558),
  isForged: often(false, true),
  isShort: often(false, true),
});
const burst = fc.record({
  after: fc.constantFrom(0, 1, 1_500, 11_000, 70_000),
  datagrams: fc.array(datagram, { maxLength: 16 }),
});
const options = fc.record({ windowSize: fc.constantFrom(0, 8), autodetect: fc.boolean(), hasTwo: fc.boolean() });

/** All that datagrams may change. */
function state(test: TestTunnel) {
  const { tunnel, events } = test;
  return {
    events,
    drops: test.drops(),
    bytesIn: tunnel.counters.bytesIn,
    peers: Array.from(tunnel.peers, (peer) => ({
      mux: peer.mux,
      endpoint: [...peer.endpoint],
      candidate: [...peer.candidate.endpoint],
      heardMs: peer.endpointHeardMs,
      lastHeardMs: peer.lastHeardMs,
      packetsIn: peer.counters.packetsIn,
      drops: test.drops(peer.counters),
      replay: [peer.lastReplaySequence, peer.lastReplaySenderId],
    })),
  };
}

describe("a burst", () => {
  it("ends as its datagrams one by one", () => {
    let accepted = 0;
    fc.assert(
      fc.property(
        options,
        fc.array(burst, { minLength: 1, maxLength: 4 }),
        ({ windowSize, autodetect, hasTwo }, bursts) => {
          const begin = () => {
            const test = new TestTunnel({ windowSize, autodetect });
            // before there is a peer, its other datagrams of the burst count as a stranger's
            if (autodetect) test.receiveOne(first, endpoint(1));
            else test.addPeer(endpoint(1));
            if (!autodetect && hasTwo) test.addPeer(endpoint(2), 1);
            return test;
          };
          const together = begin();
          const alone = begin();
          let sequence = 100;
          for (const { after, datagrams } of bursts) {
            together.now += after;
            alone.now += after;
            const packets = datagrams.map(({ step, senderId, mux, payload, payloadType, isForged, isShort }) => {
              sequence += step;
              const packet = sealPacket(right, { sequence, senderId, mux, payloadType, payload });
              if (isForged) packet[packet.length - 1] = (packet.at(-1) ?? 0) ^ 1;
              return isShort ? packet.subarray(0, 12) : packet;
            });
            const sources = datagrams.map(({ port, host, socket }) => endpoint(port, host, socket));
            const frames = together.receive(packets, sources);
            const single = packets.flatMap((packet, i) => alone.receive([packet], sources.slice(i, i + 1)));
            accepted += frames.length;
            expect(frames.map(toHex)).toEqual(single.map(toHex));
            expect(state(together)).toEqual(state(alone));
          }
        },
      ),
      { numRuns: 150 },
    );
    expect(accepted).toBeGreaterThan(400);
  });
});
