import { describe, expect, it } from "vitest";
import { ENDPOINT_PORT, ENDPOINT_WORDS } from "../../src/batch/packet-batch.ts";
import { sealPacket } from "../../src/packet/seal-packet.ts";
import { SILENCE_MS } from "../../src/tunnel/roaming.ts";
import { contextFor, endpoint, ipv4Frame, TestTunnel } from "../support/test-tunnel.ts";

const right = contextFor("right");

/** One datagram: sequence number, port it comes from, milliseconds since the one before, sender id. */
type Step = readonly [sequence: number, port: number, after?: number, senderId?: number];

/** Port of the endpoint after each step. */
function ports(windowSize: number, configured: number | undefined, steps: readonly Step[]): number[] {
  const test = new TestTunnel({ windowSize });
  const peer = test.addPeer(configured === undefined ? undefined : endpoint(configured));
  return steps.map(([sequence, port, after = 1, senderId = 0]) => {
    test.now += after;
    const packet = { sequence, senderId, mux: 0, payloadType: 0x0800, payload: ipv4Frame() };
    test.receiveOne(sealPacket(right, packet), endpoint(port));
    return peer.endpoint[ENDPOINT_PORT] ?? -1;
  });
}

describe("roaming", () => {
  it.each<[string, number, number | undefined, readonly Step[], readonly number[]]>([
    ["an unknown endpoint is learned", 0, undefined, [[5, 1]], [1]],
    ["an endpoint that was never heard gives way", 0, 9, [[5, 1]], [1]],
    [
      "a newer packet moves it",
      0,
      9,
      [
        [5, 1],
        [6, 2],
        [7, 1],
      ],
      [1, 2, 1],
    ],
    [
      "a newer packet moves it, with replay protection",
      64,
      9,
      [
        [5, 1],
        [6, 2],
        [9, 1],
      ],
      [1, 2, 1],
    ],
    [
      "a copy moves nothing while the peer is heard",
      0,
      9,
      [
        [5, 1],
        [5, 2],
        [4, 2],
      ],
      [1, 1, 1],
    ],
    [
      "a copy moves nothing, with replay protection",
      64,
      9,
      [
        [5, 1],
        [5, 2, 60_000],
      ],
      [1, 1],
    ],
    [
      "an older packet in the window moves nothing, ever",
      64,
      9,
      [
        [50, 1],
        [49, 2],
        [48, 2, 60_000],
      ],
      [1, 1, 1],
    ],
    [
      "after silence an older one moves it, without replay protection",
      0,
      9,
      [
        [5, 1],
        [0, 2, SILENCE_MS],
      ],
      [1, 2],
    ],
    [
      "not before",
      0,
      9,
      [
        [5, 1],
        [0, 2, SILENCE_MS - 1],
      ],
      [1, 1],
    ],
    [
      "a peer that began again stays where it was learned",
      0,
      9,
      [
        [500, 1],
        [0, 2, SILENCE_MS],
        [1, 2],
        [2, 3],
      ],
      [1, 2, 2, 2],
    ],
    [
      "a new sender id moves nothing while the peer is heard",
      64,
      9,
      [
        [5, 1],
        [900, 2, 1, 7],
      ],
      [1, 1],
    ],
    [
      "a new sender id moves it after silence",
      64,
      9,
      [
        [5, 1],
        [0, 2, SILENCE_MS, 7],
      ],
      [1, 2],
    ],
    [
      "a known sender id moves it with its next packet",
      64,
      9,
      [
        [5, 1],
        [900, 2, 1, 7],
        [901, 2, 1, 7],
      ],
      [1, 1, 2],
    ],
    [
      "newer across the wrap",
      64,
      9,
      [
        [0xfffffff0, 1],
        [3, 2],
      ],
      [1, 2],
    ],
  ])("%s", (_, windowSize, configured, steps, expected) => {
    expect(ports(windowSize, configured, steps)).toEqual(expected);
  });

  it("counts silence from the last packet of that endpoint, not of others", () => {
    const quiet = SILENCE_MS / 2 + 1;
    // the copies from port 2 do not keep the endpoint at port 1 alive, and nothing else does
    expect(
      ports(0, 9, [
        [5, 1],
        [4, 2, quiet],
        [4, 2, quiet],
      ]),
    ).toEqual([1, 1, 2]);
    expect(
      ports(0, 9, [
        [5, 1],
        [6, 1, quiet],
        [4, 2, quiet],
      ]),
    ).toEqual([1, 1, 1]);
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

  it("needs a peer", () => {
    const test = new TestTunnel();
    expect(() => test.tunnel.setEndpoint(4, endpoint(1))).toThrow(expect.objectContaining({ code: "peer-unknown" }));
    test.addPeer();
    expect(() => test.addPeer()).toThrow(expect.objectContaining({ code: "peer-exists" }));
  });
});
