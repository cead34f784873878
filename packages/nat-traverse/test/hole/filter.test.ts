import { describe, expect, it } from "vitest";
import { Filter } from "../../src/hole/filter.ts";
import { ACK, Capability, GARBAGE, PacketKind, writeControl, writeHandshake } from "../../src/wire.ts";

const mine = 1n;
const peer = 2n;
const stranger = 3n;
const data = Buffer.from("data");
const longAck = Buffer.concat([ACK, data]);
const longGarbage = Buffer.concat([GARBAGE, data]);

function control(kind: 1 | 5, session: bigint, heardSession: bigint, body: Uint8Array = data): Uint8Array {
  return writeControl({ kind, capabilities: 1, session, heardSession, body });
}

function handshake(session: bigint, heardSession: bigint): Uint8Array {
  const levels = { level: 3, heardLevel: 2, nomination: 1 };
  const rest = { path: 1, heardPath: 1, observedPort: 1, stamp: 1, heardStamp: 1, localPort: 1, peerPort: 2 };
  return writeHandshake({ capabilities: 1, session, heardSession, ...levels, ...rest });
}

function sorted(filter: Filter, bytes: Uint8Array): string {
  const result = filter.sort(bytes);
  return result.is === "data" ? `data ${Buffer.from(result.bytes).toString()}` : result.is;
}

describe("between two ends that relay", () => {
  it.each([
    ["data", data, "data data"],
    ["an empty datagram", Buffer.alloc(0), "data "],
    ["garbage", GARBAGE, "leftover"],
    ["an acknowledgement", ACK, "leftover"],
    ["more than an acknowledgement", longAck, `data ${longAck.toString()}`],
    ["what begins with garbage and was not wrapped", longGarbage, "leftover"],
    ["wrapped data", control(PacketKind.data, peer, mine, GARBAGE), "data nat-traverse-garbage"],
    ["wrapped data of another run", control(PacketKind.data, stranger, mine), "leftover"],
    ["wrapped data for another run", control(PacketKind.data, peer, stranger), "leftover"],
    ["a control packet", control(PacketKind.keepalive, peer, mine), "control"],
    ["a handshake", handshake(peer, mine), "handshake"],
    ["a handshake of another run", handshake(stranger, 0n), "handshake"],
  ])("%s, before the first data and behind it", (_, bytes, wanted) => {
    const filter = new Filter(mine, peer, Capability.relay);
    expect(sorted(filter, bytes)).toBe(wanted);
    expect(sorted(filter, data)).toBe("data data");
    expect(sorted(filter, bytes)).toBe(wanted);
  });
});

describe("with an original", () => {
  it.each([
    ["data", data, "data data", "data data"],
    ["garbage", GARBAGE, "leftover", "data nat-traverse-garbage"],
    ["an acknowledgement", ACK, "leftover", "data nat-traverse-ackacka"],
    ["more than garbage", longGarbage, `data ${longGarbage.toString()}`, `data ${longGarbage.toString()}`],
    ["a control packet", control(PacketKind.keepalive, peer, mine), "data", "data"],
    ["a handshake", handshake(peer, mine), "handshake", "data"],
  ])("%s", (_, bytes, before, behind) => {
    const filter = new Filter(mine, 0n, 0);
    expect(sorted(filter, bytes)).toMatch(before);
    filter.sort(data);
    expect(sorted(filter, bytes)).toMatch(behind);
  });
});

describe("with a command at the other end", () => {
  it.each([
    ["garbage", GARBAGE, "leftover", "data nat-traverse-garbage"],
    ["a handshake of this connection", handshake(peer, mine), "handshake", "handshake"],
    ["a handshake of another one", handshake(stranger, mine), "handshake", "data"],
  ])("%s", (_, bytes, before, behind) => {
    const filter = new Filter(mine, peer, Capability.command);
    expect(sorted(filter, bytes)).toBe(before);
    filter.sort(data);
    expect(sorted(filter, bytes)).toMatch(behind);
  });
});
