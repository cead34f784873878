import { describe, expect, it } from "vitest";
import { ENDPOINT_PORT, ENDPOINT_WORDS } from "../../src/batch/packet-batch.ts";
import { sealPacket } from "../../src/packet/seal-packet.ts";
import { CANDIDATE_MS, TURN_MS } from "../../src/peers/candidate.ts";
import { parsePrefix } from "../../src/routing/prefix.ts";
import { SILENCE_MS } from "../../src/tunnel/roaming.ts";
import { contextFor, endpoint, ipv4Frame, TestTunnel } from "../support/test-tunnel.ts";

const right = contextFor("right");

/** One datagram: sequence number, port it comes from, milliseconds since the one before, sender id. */
type Step = readonly [sequence: number, port: number, after?: number, senderId?: number];

/** The next frame to the peer: the port it goes to, and after a plus the one that gets a copy. */
function whereTo(test: TestTunnel): string {
  const sent = test.send([ipv4Frame()]);
  const copies = test.copies(sent.length);
  for (const { datagram } of copies) expect(datagram).toEqual(sent[0]?.datagram);
  return [...sent, ...copies].map((one) => one.endpoint[ENDPOINT_PORT]).join("+");
}

/** Where frames go after each step. */
function places(windowSize: number, configured: number | undefined, steps: readonly Step[]): string[] {
  const test = new TestTunnel({ windowSize });
  const peer = test.addPeer(configured === undefined ? undefined : endpoint(configured));
  return steps.map(([sequence, port, after = 1, senderId = 0]) => {
    test.now += after;
    const packet = { sequence, senderId, mux: 0, payloadType: 0x0800, payload: ipv4Frame() };
    test.receiveOne(sealPacket(right, packet), endpoint(port));
    const where = whereTo(test);
    expect(peer.endpoint[ENDPOINT_PORT]).toBe(Number(where.split("+")[0]));
    return where;
  });
}

const SILENT = SILENCE_MS;

describe("roaming", () => {
  it.each<[string, number, number | undefined, string, ...(readonly Step[])]>([
    ["an unknown endpoint is learned", 0, undefined, "1", [5, 1]],
    ["an endpoint that was never heard shares with the first that is", 0, 9, "9+1", [5, 1]],
    ["and gives way to what is newer", 0, 9, "9+1 1", [5, 1], [6, 1]],
    ["from wherever it comes", 64, 9, "9+1 2", [5, 1], [6, 2]],
    ["but not to an old number", 0, 9, "9+1 9+1", [5, 1], [5, 2]],
    ["and ends the sharing when it is heard itself", 64, 9, "9+1 9", [5, 1], [6, 9, TURN_MS]],
    ["nor gives way any more when an old number came from it", 0, 1, "1+2 1+2 1+2", [9, 2], [3, 1, TURN_MS], [10, 2]],
    ["a newer packet moves it", 0, 1, "1 2 1", [5, 1], [6, 2], [7, 1]],
    ["a newer packet moves it, with replay protection", 64, 1, "1 2 1", [5, 1], [6, 2], [9, 1]],
    ["a repeated one does nothing while the peer is heard", 0, 1, "1 1 1", [5, 1], [5, 2], [4, 2]],
    ["a repeated one does nothing, with replay protection", 64, 1, "1 1", [5, 1], [5, 2, 60_000]],
    ["an older packet in the window moves nothing, ever", 64, 1, "1 1 1+2", [50, 1], [49, 2], [48, 2, 60_000]],
    ["after silence an older one is answered there too", 0, 1, "1 1+2", [5, 1], [0, 2, SILENT]],
    ["not before", 0, 1, "1 1", [5, 1], [0, 2, SILENT - 1]],
    ["until the endpoint has something new", 0, 1, "1 1+2 1", [5, 1], [5, 2, SILENT], [6, 1, TURN_MS]],
    ["which something old is not", 0, 1, "1 1+2 1+2", [5, 1], [5, 2, SILENT], [5, 1, TURN_MS]],
    ["nor does it put off the silence", 0, 1, "1 1 1+2", [5, 1], [5, 1, SILENT - 1], [5, 2]],
    ["a peer that began again moves when it is newer", 0, 1, "1 1+2 1+2 2", [5, 1], [0, 2, SILENT], [1, 2], [6, 2]],
    ["and may move meanwhile", 0, 1, "1 1+2 1+3", [5, 1], [0, 2, SILENT], [1, 3, TURN_MS]],
    ["but not with every packet", 0, 1, "1 1+2 1+2 1+2", [5, 1], [0, 2, SILENT], [1, 3, TURN_MS - 1], [2, 2]],
    [
      "a place whose turn is over has the next but one",
      0,
      1,
      "1 1+2 1+3 1+3 1+2",
      [5, 1],
      [0, 2, SILENT],
      [0, 3, TURN_MS],
      [0, 2],
      [0, 2, TURN_MS],
    ],
    ["a new sender id does nothing while the peer is heard", 64, 1, "1 1", [5, 1], [900, 2, 1, 7]],
    ["after silence it is answered there too", 64, 1, "1 1+2", [5, 1], [0, 2, SILENT, 7]],
    [
      "at once with its second packet, and no other takes more",
      64,
      1,
      "1 1 1+2 1+2",
      [5, 1],
      [900, 2, 1, 7],
      [901, 2, 1, 7],
      [902, 2, SILENT, 7],
    ],
    ["a sender id that was heard at the endpoint moves it", 64, 1, "1 1 2", [5, 1], [900, 1, 1, 7], [901, 2, 1, 7]],
    ["also when it brought the endpoint there", 0, 9, "9+1 1 2", [5, 1], [6, 1], [7, 2]],
    [
      "one around the end of numbers is as old as its number",
      64,
      1,
      "1 1 1+2",
      [0xfffffff0, 1],
      [3, 2],
      [4, 2, SILENT],
    ],
  ])("%s", (_, windowSize, configured, expected, ...steps) => {
    expect(places(windowSize, configured, steps).join(" ")).toBe(expected);
  });

  it("forgets a candidate that is silent", () => {
    const test = new TestTunnel();
    test.addPeer(endpoint(1));
    const packet = { senderId: 0, mux: 0, payloadType: 0x0800, payload: ipv4Frame() };
    const receive = (sequence: number, port: number) =>
      test.receiveOne(sealPacket(right, { ...packet, sequence }), endpoint(port));
    receive(5, 1);
    test.now += SILENCE_MS;
    receive(0, 2);
    test.now += CANDIDATE_MS - 1;
    expect(whereTo(test)).toBe("1+2");
    receive(1, 2);
    test.now += CANDIDATE_MS - 1;
    expect(whereTo(test)).toBe("1+2");
    test.now += 1;
    expect(whereTo(test)).toBe("1");
    receive(2, 2);
    expect(whereTo(test)).toBe("1+2");
    expect(test.events).toEqual(["candidate of 0 at 2", "candidate of 0 at 2"]);
  });

  it("gives copies of the peers that have a candidate, in order, and counts them as nothing", () => {
    const test = new TestTunnel({ routing: "routes" });
    for (const mux of [1, 2]) {
      test.addPeer(endpoint(mux), mux);
      test.tunnel.routes.insert(parsePrefix(`10.0.${mux}.0/24`), mux);
    }
    const packet = { sequence: 1, senderId: 0, mux: 2, payloadType: 0x0800, payload: ipv4Frame() };
    test.receiveOne(sealPacket(right, packet), endpoint(7, "fe80::7", 1));
    const sent = test.send(["10.0.1.1", "10.0.2.1", "10.0.1.2", "10.0.2.2"].map((to) => ipv4Frame(to)));
    expect(sent.map((one) => one.endpoint[ENDPOINT_PORT])).toEqual([1, 2, 1, 2]);
    const copies = test.copies(4);
    expect(copies.map(({ datagram }) => datagram)).toEqual([sent[1]?.datagram, sent[3]?.datagram]);
    for (const copy of copies) expect(copy.endpoint).toEqual(endpoint(7, "fe80::7", 1));
    expect(test.tunnel.counters.packetsOut).toBe(4);
    expect(test.drops()).toEqual({});
    test.tunnel.removePeer(2);
    expect(test.copies(test.send([ipv4Frame("10.0.1.1")]).length)).toEqual([]);
  });

  it("tells whom it is from and from where", () => {
    const test = new TestTunnel();
    test.addPeer();
    const packet = { senderId: 0, mux: 0, payloadType: 0x0800, payload: ipv4Frame() };
    for (const [sequence, port] of [
      [1, 11],
      [2, 11],
      [3, 12],
    ] as const) {
      test.receiveOne(sealPacket(right, { ...packet, sequence }), endpoint(port));
    }
    expect(test.events).toEqual(["moved 0 from 0 to 11", "moved 0 from 11 to 12"]);
  });

  it("follows address and scope as it follows the port", () => {
    const test = new TestTunnel();
    const peer = test.addPeer(endpoint(1, "fe80::1"));
    const scoped = endpoint(1, "fe80::1");
    scoped[2] = 4;
    const places = [endpoint(1, "fe80::1"), endpoint(1, "fe80::2"), scoped, endpoint(1, "10.0.0.1")];
    for (const [sequence, place] of places.entries()) {
      const packet = { sequence, senderId: 0, mux: 0, payloadType: 0x0800, payload: ipv4Frame() };
      test.receiveOne(sealPacket(right, packet), place);
      expect(peer.endpoint).toEqual(place);
    }
    expect(test.events.length).toBe(3);
  });

  it("is not fooled by a place that cannot be answered", () => {
    const test = new TestTunnel();
    const peer = test.addPeer(endpoint(1));
    const packet = { sequence: 1, senderId: 0, mux: 0, payloadType: 0x0800, payload: ipv4Frame() };
    test.receiveOne(sealPacket(right, packet), new Int32Array(ENDPOINT_WORDS));
    expect(peer.endpoint).toEqual(endpoint(1));
  });
});

describe("an endpoint set by the owner", () => {
  it("counts as never heard, unless it is the same", () => {
    const test = new TestTunnel();
    const peer = test.addPeer(endpoint(1));
    const packet = { sequence: 1, senderId: 0, mux: 0, payloadType: 0x0800, payload: ipv4Frame() };
    test.receiveOne(sealPacket(right, packet), endpoint(1));
    test.tunnel.setEndpoint(0, endpoint(1));
    expect(peer.endpointHeardMs).toBe(test.now);
    test.tunnel.setEndpoint(0, endpoint(2));
    expect(peer.endpointHeardMs).toBe(-1);
    expect(peer.lastHeardMs).toBe(test.now);
    expect(test.send([ipv4Frame()])[0]?.endpoint).toEqual(endpoint(2));
  });

  it("ends what it shared with a candidate when it is the same", () => {
    const test = new TestTunnel();
    test.addPeer(endpoint(1));
    const packet = { sequence: 1, senderId: 0, mux: 0, payloadType: 0x0800, payload: ipv4Frame() };
    test.receiveOne(sealPacket(right, packet), endpoint(2));
    test.tunnel.setEndpoint(0, endpoint(3));
    expect(whereTo(test)).toBe("3+2");
    test.tunnel.setEndpoint(0, endpoint(2));
    expect(whereTo(test)).toBe("2");
  });

  it("needs a peer", () => {
    const test = new TestTunnel();
    expect(() => test.tunnel.setEndpoint(4, endpoint(1))).toThrow(expect.objectContaining({ code: "peer-unknown" }));
    test.addPeer();
    expect(() => test.addPeer()).toThrow(expect.objectContaining({ code: "peer-exists" }));
  });
});
