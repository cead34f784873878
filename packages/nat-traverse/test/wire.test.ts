import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ACK,
  GARBAGE,
  type HandshakePacket,
  needsWrapping,
  PacketKind,
  readPacket,
  writeControl,
  writeHandshake,
} from "../src/wire.ts";

const byte = fc.integer({ min: 0, max: 255 });
const half = fc.integer({ min: 0, max: 0xffff });
const word = fc.integer({ min: 0, max: 0xffffffff });
const session = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });
const level = fc.integer({ min: 0, max: 3 });
const handshakes = fc.record<HandshakePacket>({
  kind: fc.constant(PacketKind.handshake),
  capabilities: byte,
  session,
  heardSession: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  level,
  heardLevel: level,
  nomination: byte,
  path: word,
  heardPath: word,
  observedPort: half,
  stamp: half,
  heardStamp: half,
  localPort: half,
  peerPort: half,
});

describe("packets", () => {
  it.each([
    ["garbage", GARBAGE, "garbage"],
    [
      "garbage with a tail that says nothing",
      Buffer.from("nat-traverse-garbage-and-more-of-it-without-a-meaning"),
      "garbage",
    ],
    ["an acknowledgement", ACK, "ack"],
    ["an acknowledgement with a tail", Buffer.concat([ACK, Buffer.from("x")]), "ack"],
    ["nothing", new Uint8Array(), "data"],
    ["the beginning of garbage", GARBAGE.subarray(0, 19), "data"],
    ["the beginning of an acknowledgement", ACK.subarray(0, 19), "data"],
    ["something else", Buffer.from("hello"), "data"],
  ])("sorts %s", (_, bytes, is) => {
    expect(readPacket(bytes).is).toBe(is);
  });

  it("have the documented bytes", () => {
    const bytes = writeHandshake({
      ...{ capabilities: 5, session: 0x0102030405060708n, heardSession: 0x1112131415161718n, level: 2, heardLevel: 1 },
      ...{
        nomination: 7,
        path: 0x00039c41,
        heardPath: 0x00009c40,
        observedPort: 40000,
        stamp: 0xabcd,
        heardStamp: 0x1234,
        localPort: 40001,
        peerPort: 40002,
      },
    });
    expect(Buffer.from(bytes).toString("hex")).toBe(
      [
        Buffer.from("nat-traverse-garbage").toString("hex"),
        ...["006e7401", "00", "05", "0000", "0102030405060708", "1112131415161718"],
        ...["02", "01", "07", "00", "00039c41", "00009c40", "9c40", "abcd", "1234", "9c41", "9c42"],
      ].join(""),
    );
  });

  it("come back as they were written", () => {
    fc.assert(
      fc.property(handshakes, fc.uint8Array({ maxLength: 9 }), (packet, tail) => {
        const bytes = Buffer.concat([writeHandshake(packet), tail]);
        expect(readPacket(bytes)).toEqual({ is: "handshake", packet });
      }),
    );
  });

  it("carry a body", () => {
    fc.assert(
      fc.property(session, session, fc.uint8Array({ maxLength: 99 }), (mine, theirs, body) => {
        const packet = { kind: PacketKind.data, capabilities: 1, session: mine, heardSession: theirs, body };
        expect(readPacket(writeControl(packet))).toEqual({ is: "control", packet });
      }),
    );
  });

  it("are read without an exception whatever they hold, and what is cut is never a handshake", () => {
    fc.assert(
      fc.property(handshakes, fc.nat(61), fc.uint8Array({ maxLength: 80 }), (packet, length, noise) => {
        expect(readPacket(writeHandshake(packet).subarray(0, length)).is).not.toBe("handshake");
        const noisy = Buffer.concat([GARBAGE, Buffer.from([0, 0x6e, 0x74, 1]), noise]);
        expect(["garbage", "handshake", "control"]).toContain(readPacket(noisy).is);
      }),
    );
  });

  it.each([
    ["another version", 23, 2],
    ["an unknown kind", 24, 99],
  ])("of %s are garbage", (_, at, value) => {
    const bytes = writeControl({ kind: PacketKind.bye, capabilities: 1, session: 1n, heardSession: 2n, body: GARBAGE });
    bytes[at] = value;
    expect(readPacket(bytes).is).toBe("garbage");
  });

  it("are never mistaken for data that was not wrapped", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (tail) => {
        for (const data of [tail, Buffer.concat([GARBAGE, tail]), Buffer.concat([ACK, tail])]) {
          const { is } = readPacket(data);
          if (!needsWrapping(data)) expect(is === "data" || data.length > ACK.length).toBe(true);
        }
      }),
    );
    expect(needsWrapping(ACK)).toBe(true);
    expect(needsWrapping(GARBAGE)).toBe(true);
  });
});
