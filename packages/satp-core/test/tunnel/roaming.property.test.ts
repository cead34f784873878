import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ENDPOINT_PORT } from "../../src/batch/packet-batch.ts";
import { sealPacket } from "../../src/packet/seal-packet.ts";
import { contextFor, endpoint, ipv4Frame, TestTunnel } from "../support/test-tunnel.ts";

const right = contextFor("right");
/** Ports of the peer, and of those who repeat what they recorded. */
const HOME = 1;
const ABROAD = 2;
const ATTACKERS = [8, 9];
/** A sender id that the peer had before this tunnel began, and does not use now. */
const FORMER = 77;

const port = fc.constantFrom(HOME, ABROAD);
const anyPort = fc.constantFrom(HOME, ABROAD, ...ATTACKERS);
const after = fc.constantFrom(0, 1, 900, 5_000, 11_000, 70_000);
const step = fc.oneof(
  fc.record({ kind: fc.constant("peer" as const), after, port, skip: fc.integer({ min: 1, max: 90 }) }),
  fc.record({ kind: fc.constant("restart" as const), after, sequence: fc.integer({ min: 0, max: 50 }) }),
  fc.record({ kind: fc.constant("sender" as const), after, senderId: fc.integer({ min: 0, max: 2 }) }),
  fc.record({
    kind: fc.constant("replay" as const),
    after,
    port: anyPort,
    which: fc.nat(),
    times: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    kind: fc.constant("former" as const),
    after,
    port: fc.constantFrom(...ATTACKERS),
    sequence: fc.nat(100),
  }),
);

describe("whoever repeats what he recorded", () => {
  it("never moves an endpoint that was heard, and gets at most one copy", () => {
    let copied = 0;
    let moved = 0;
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 64), fc.array(step, { maxLength: 60 }), (windowSize, steps) => {
        const test = new TestTunnel({ windowSize });
        const peer = test.addPeer(endpoint(HOME));
        const recorded: Uint8Array[] = [];
        let senderId = 0;
        let sequence = 20;
        const seal = (id: number, number: number) =>
          sealPacket(right, { sequence: number, senderId: id, mux: 0, payloadType: 0x0800, payload: ipv4Frame() });
        const speak = (from: number) => {
          const datagram = seal(senderId, sequence);
          if (test.receiveOne(datagram, endpoint(from)) !== undefined) recorded.push(datagram);
        };
        speak(HOME);
        for (const one of steps) {
          test.now += one.after;
          const before = peer.endpoint[ENDPOINT_PORT];
          if (one.kind === "restart") sequence = one.sequence;
          else if (one.kind === "sender") senderId = one.senderId;
          else if (one.kind === "peer") {
            sequence += one.skip;
            speak(one.port);
            if (peer.endpoint[ENDPOINT_PORT] !== before) moved++;
            continue;
          } else if (one.kind === "former") test.receiveOne(seal(FORMER, one.sequence), endpoint(one.port));
          else {
            const datagram = recorded[one.which % recorded.length];
            for (let i = 0; i < one.times; i++)
              if (datagram !== undefined) test.receiveOne(datagram, endpoint(one.port));
          }
          expect(peer.endpoint[ENDPOINT_PORT]).toBe(before);
          const sent = test.send([ipv4Frame()]);
          expect(sent.map((datagram) => datagram.endpoint[ENDPOINT_PORT])).toEqual([before]);
          const copies = test.copies(1);
          expect(copies.length).toBeLessThanOrEqual(1);
          for (const { endpoint: to } of copies) expect(to[ENDPOINT_PORT]).not.toBe(before);
          copied += copies.length;
        }
      }),
      { numRuns: 500 },
    );
    // the steps did reach what they are about
    expect(copied).toBeGreaterThan(100);
    expect(moved).toBeGreaterThan(100);
  });

  it("keeps a peer that began again elsewhere out for every other second at most", () => {
    const test = new TestTunnel();
    test.addPeer(endpoint(HOME));
    const packet = { senderId: 0, mux: 0, payloadType: 0x0800, payload: ipv4Frame() };
    const recorded = sealPacket(right, { ...packet, sequence: 100_000 });
    test.receiveOne(recorded, endpoint(HOME));
    let heard = 0;
    const turns = 60_000;
    for (let turn = 0; turn < turns; turn += 10) {
      test.now += 10;
      // the attacker repeats from his own place and, with a forged source, from the endpoint's
      for (const from of [8, HOME, 8]) test.receiveOne(recorded, endpoint(from));
      test.receiveOne(sealPacket(right, { ...packet, sequence: turn / 10 }), endpoint(ABROAD));
      const copies = test.copies(test.send([ipv4Frame()]).length);
      if (copies[0]?.endpoint[ENDPOINT_PORT] === ABROAD) heard++;
    }
    // ten seconds of silence come first
    expect(heard / (turns / 10)).toBeGreaterThan((0.5 * (turns - 11_000)) / turns);
    expect(test.events.length).toBeLessThan(turns / 1000);
  });
});
