import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MOST_ANSWER_BYTES, writeTooBig } from "../../src/data-plane/too-big.ts";

const FRAME_BYTES = 9216;
/** Of a frame that is too long there is as much as fits. */
const GIVEN = Buffer.alloc(FRAME_BYTES);

interface Wanted {
  readonly bytes?: number;
  readonly source?: readonly number[];
  readonly destination?: readonly number[];
  readonly protocol?: number;
  /** IPv4: the word of flags and fragment offset. */
  readonly fragment?: number;
  readonly ipOptionBytes?: number;
  /** What follows the IP header. */
  readonly body?: readonly number[];
}

const v6 = (...end: number[]): number[] => [0xfd, ...Array<number>(15 - end.length).fill(0), ...end];

/** The beginning of an IPv4 packet that says that it has `bytes` bytes. */
function ipv4(wanted: Wanted = {}): Buffer {
  const { bytes = 15_000, source = [10, 0, 0, 1], destination = [10, 9, 0, 2], protocol = 17 } = wanted;
  const { fragment = 0x4000, ipOptionBytes = 0, body = [] } = wanted;
  const packet = Buffer.from(GIVEN).fill(0x5a);
  const header = 20 + ipOptionBytes;
  packet.fill(0, 0, header);
  packet[0] = 0x40 | (header / 4);
  packet.writeUInt16BE(bytes, 2);
  packet.writeUInt16BE(fragment, 6);
  packet[8] = 64;
  packet[9] = protocol;
  packet.set([...source, ...destination], 12);
  packet.set(body, header);
  return packet;
}

function ipv6(wanted: Wanted = {}): Buffer {
  const { bytes = 15_000, source = v6(1), destination = v6(9, 2), protocol = 17, body = [] } = wanted;
  const packet = Buffer.from(GIVEN).fill(0x5a);
  packet.writeUInt32BE(0x60000000, 0);
  packet.writeUInt16BE(bytes - 40, 4);
  packet[6] = protocol;
  packet[7] = 64;
  packet.set([...source, ...destination], 8);
  packet.set(body, 40);
  return packet;
}

const MAC_TO = Buffer.from([2, 0, 0, 0, 0, 0xbb]);
const MAC_FROM = Buffer.from([2, 0, 0, 0, 0, 0xaa]);

function framed(packet: Buffer, options: { tag?: number; to?: Buffer; from?: Buffer; type?: number } = {}): Buffer {
  const { tag, to = MAC_TO, from = MAC_FROM, type = (packet[0] ?? 0) >> 4 === 4 ? 0x0800 : 0x86dd } = options;
  const words = [...(tag === undefined ? [] : [0x8100, tag]), type];
  return Buffer.concat([to, from, ...words.map((word) => Buffer.of(word >> 8, word & 255)), packet]);
}

/** The answer, written somewhere into memory whose other bytes must stay as they are; empty = none. */
function answerTo(frame: Buffer, ethernet = false, frameBytes = FRAME_BYTES): Buffer {
  const given = frame.subarray(0, frameBytes);
  const arena = Buffer.concat([Buffer.alloc(100, 0xee), given, Buffer.alloc(100, 0xee)]);
  const before = Buffer.from(arena);
  const out = Buffer.alloc(50 + MOST_ANSWER_BYTES + 50, 0xdd);
  const length = writeTooBig(arena, 100, given.length, ethernet, frameBytes, out, 50);
  expect(arena.equals(before)).toBe(true);
  expect(length).toBeLessThanOrEqual(MOST_ANSWER_BYTES);
  expect(out.subarray(0, 50).every((byte) => byte === 0xdd)).toBe(true);
  expect(out.subarray(50 + length).every((byte) => byte === 0xdd)).toBe(true);
  return out.subarray(50, 50 + length);
}

/** One's complement sum of words, most significant byte first: 0xffff where the checksum among them is right. */
function sum(...parts: readonly Uint8Array[]): number {
  const all = Buffer.concat(parts);
  let total = 0n;
  for (const [i, byte] of all.entries()) total += BigInt(byte) << (i % 2 === 0 ? 8n : 0n);
  while (total > 0xffffn) total = (total & 0xffffn) + (total >> 16n);
  return Number(total);
}

function expectIpv4(answer: Buffer, packet: Buffer, mtu: number): void {
  expect(answer[0]).toBe(0x45);
  expect(answer.readUInt16BE(2)).toBe(answer.length);
  expect(answer.length).toBe(Math.min(576, 28 + packet.length));
  expect(answer[9]).toBe(1);
  expect(answer.subarray(12, 16)).toEqual(packet.subarray(16, 20));
  expect(answer.subarray(16, 20)).toEqual(packet.subarray(12, 16));
  expect(sum(answer.subarray(0, 20))).toBe(0xffff);
  const icmp = answer.subarray(20);
  expect([icmp[0], icmp[1], icmp.readUInt16BE(4), icmp.readUInt16BE(6)]).toEqual([3, 4, 0, mtu]);
  expect(sum(icmp)).toBe(0xffff);
  expect(icmp.subarray(8)).toEqual(packet.subarray(0, icmp.length - 8));
}

function expectIpv6(answer: Buffer, packet: Buffer, mtu: number): void {
  expect(answer.readUInt32BE(0)).toBe(0x60000000);
  expect(answer.readUInt16BE(4)).toBe(answer.length - 40);
  expect(answer.length).toBe(Math.min(1280, 48 + packet.length));
  expect(answer[6]).toBe(58);
  expect(answer.subarray(8, 24)).toEqual(packet.subarray(24, 40));
  expect(answer.subarray(24, 40)).toEqual(packet.subarray(8, 24));
  const icmp = answer.subarray(40);
  expect([icmp[0], icmp[1], icmp.readUInt32BE(4)]).toEqual([2, 0, mtu]);
  const pseudo = Buffer.alloc(8);
  pseudo.writeUInt32BE(icmp.length, 0);
  pseudo[7] = 58;
  expect(sum(answer.subarray(8, 40), pseudo, icmp)).toBe(0xffff);
  expect(icmp.subarray(8)).toEqual(packet.subarray(0, icmp.length - 8));
}

const expectAnswer = (answer: Buffer, packet: Buffer, mtu: number): void =>
  (packet[0] ?? 0) >> 4 === 4 ? expectIpv4(answer, packet, mtu) : expectIpv6(answer, packet, mtu);

describe("writeTooBig", () => {
  it.each<[string, Buffer]>([
    ["UDP over IPv4", ipv4()],
    ["one byte too many over IPv4", ipv4({ bytes: FRAME_BYTES + 1 })],
    ['IPv4 without "don\'t fragment"', ipv4({ fragment: 0 })],
    ["a first fragment over IPv4", ipv4({ fragment: 0x2000 })],
    ["IPv4 with options", ipv4({ ipOptionBytes: 40, protocol: 6 })],
    ["an echo request over IPv4", ipv4({ protocol: 1, body: [8, 0] })],
    ["an echo reply over IPv4", ipv4({ protocol: 1, body: [0, 0] })],
    ["UDP over IPv6", ipv6()],
    ["one byte too many over IPv6", ipv6({ bytes: FRAME_BYTES + 1 })],
    ["the longest of all over IPv6", ipv6({ bytes: 65_575 })],
    ["an echo request over IPv6", ipv6({ protocol: 58, body: [128, 0] })],
    ["a first fragment over IPv6", ipv6({ protocol: 44, body: [17, 0, 0, 1] })],
    ["extension headers", ipv6({ protocol: 0, body: [60, 0, 1, 4, 0, 0, 0, 0, 6, 1, 1, 12] })],
    ["an authentication header", ipv6({ protocol: 51, body: [58, 4, ...Array<number>(22).fill(0), 129, 0] })],
  ])("answers %s", (_name, packet) => {
    expectAnswer(answerTo(packet), packet, FRAME_BYTES);
    const plain = framed(packet).subarray(0, FRAME_BYTES);
    const answer = answerTo(plain, true);
    expect(answer.subarray(0, 14)).toEqual(Buffer.concat([MAC_FROM, MAC_TO, plain.subarray(12, 14)]));
    expectAnswer(answer.subarray(14), plain.subarray(14), FRAME_BYTES - 14);
    const tagged = framed(packet, { tag: 0x6005 }).subarray(0, FRAME_BYTES);
    const other = answerTo(tagged, true);
    expect(other.subarray(0, 18)).toEqual(Buffer.concat([MAC_FROM, MAC_TO, tagged.subarray(12, 18)]));
    expectAnswer(other.subarray(18), tagged.subarray(18), FRAME_BYTES - 18);
  });

  it("quotes what there is of a packet", () => {
    for (const bytes of [28, 29, 100, 547, 548, 549]) {
      const packet = ipv4().subarray(0, bytes);
      expectIpv4(answerTo(packet), packet, FRAME_BYTES);
    }
    for (const bytes of [48, 49, 100, 1231, 1232, 1233]) {
      const packet = ipv6().subarray(0, bytes);
      expectIpv6(answerTo(packet), packet, FRAME_BYTES);
    }
  });

  const icmp = (type: number): Buffer => ipv4({ protocol: 1, body: [type, 0] });
  const icmp6 = (type: number): Buffer => ipv6({ protocol: 58, body: [type, 0] });
  it.each<[string, Buffer]>([
    ...[3, 4, 5, 11, 12, 30, 255].map((type): [string, Buffer] => [`ICMP type ${type}`, icmp(type)]),
    ...[1, 2, 3, 4, 127, 137].map((type): [string, Buffer] => [`ICMPv6 type ${type}`, icmp6(type)]),
    ["an ICMPv6 error behind a first fragment", ipv6({ protocol: 44, body: [58, 0, 0, 1, 0, 0, 0, 0, 2, 0] })],
    [
      "an ICMPv6 error behind options",
      ipv6({ protocol: 0, body: [60, 0, 0, 0, 0, 0, 0, 0, 58, 0, 0, 0, 0, 0, 0, 0, 1] }),
    ],
    ["a later fragment of IPv4", ipv4({ fragment: 0x2001 })],
    ["the last fragment of IPv4", ipv4({ fragment: 0x1fff })],
    ["a later fragment of IPv6", ipv6({ protocol: 44, body: [17, 0, 0, 9] })],
    ["a packet of IPv4 that fits", ipv4({ bytes: FRAME_BYTES })],
    ["a packet of IPv6 that fits", ipv6({ bytes: FRAME_BYTES })],
    ["a jumbogram", ipv6({ bytes: 40, protocol: 0 })],
    ...[
      [0, 0, 0, 0],
      [127, 0, 0, 1],
      [224, 0, 0, 1],
      [240, 0, 0, 1],
      [255, 255, 255, 255],
    ].flatMap((address): [string, Buffer][] => [
      [`a packet from ${address.join(".")}`, ipv4({ source: address })],
      [`a packet to ${address.join(".")}`, ipv4({ destination: address })],
    ]),
    ...[Array<number>(16).fill(0), [...Array<number>(15).fill(0), 1], [0xff, 2, ...v6(1).slice(2)]].flatMap(
      (address): [string, Buffer][] => [
        [`a packet from ${address.join(":")}`, ipv6({ source: address })],
        [`a packet to ${address.join(":")}`, ipv6({ destination: address })],
      ],
    ),
    ["a header length below the least", ipv4().fill(0x44, 0, 1)],
    ["a header without anything behind it", ipv4().subarray(0, 20)],
    ["IP options without their end", ipv4({ ipOptionBytes: 40 }).subarray(0, 60)],
    ["half an IPv6 header", ipv6().subarray(0, 39)],
    ["extension headers without end", ipv6({ protocol: 60, body: [60, 255] }).subarray(0, 2000)],
    ["another version", ipv4().fill(0x55, 0, 1)],
    ["nothing", Buffer.alloc(0)],
  ])("does not answer %s", (_name, packet) => {
    // an Ethernet header leaves less, so what fits has to be shorter
    const shorter = Buffer.from(packet);
    const says = packet.length < 6 ? 0 : packet.readUInt16BE(2);
    if ((packet[0] ?? 0) >> 4 === 4 && says === FRAME_BYTES) shorter.writeUInt16BE(FRAME_BYTES - 14, 2);
    if ((packet[0] ?? 0) >> 4 === 6 && packet.readUInt16BE(4) === FRAME_BYTES - 40) {
      shorter.writeUInt16BE(FRAME_BYTES - 54, 4);
    }
    expect(answerTo(packet)).toHaveLength(0);
    expect(answerTo(framed(shorter), true)).toHaveLength(0);
  });

  it.each<[string, Buffer]>([
    ["to a group", framed(ipv4(), { to: Buffer.alloc(6, 0xff) })],
    ["to an IPv6 group", framed(ipv6(), { to: Buffer.from([0x33, 0x33, 0, 0, 0, 1]) })],
    ["from a group", framed(ipv4(), { from: Buffer.from([1, 0, 0x5e, 0, 0, 1]) })],
    ["of another protocol", framed(ipv4(), { type: 0x0806 })],
    ["with two VLAN tags", framed(framed(ipv4(), { tag: 5 }).subarray(12), { type: 0x8100 })],
    ["without a whole header", framed(ipv4()).subarray(0, 13)],
    ["without a whole VLAN tag", framed(ipv4(), { tag: 5 }).subarray(0, 17)],
  ])("does not answer an Ethernet frame %s", (_name, frame) => {
    expect(answerTo(frame, true)).toHaveLength(0);
  });

  it("never answers an answer", () => {
    for (const packet of [ipv4(), ipv6()]) {
      expect(answerTo(answerTo(packet), false, 100)).toHaveLength(0);
    }
  });

  it("neither reads nor writes outside its memory, whatever is in the frame, and its checksums are always right", () => {
    const body = fc.uint8Array({ minLength: 0, maxLength: 1400 });
    const first = fc.constantFrom(0x45, 0x46, 0x4f, 0x60, 0x6a);
    fc.assert(
      fc.property(
        body,
        first,
        fc.integer({ min: 68, max: 600 }),
        fc.boolean(),
        (bytes, version, frameBytes, ethernet) => {
          const packet = Buffer.from(bytes);
          packet[0] = version;
          const answer = answerTo(ethernet ? framed(packet) : packet, ethernet, Math.max(frameBytes, 68));
          if (answer.length === 0) return;
          const given = (ethernet ? framed(packet) : packet).subarray(0, frameBytes);
          const link = ethernet ? 14 : 0;
          expectAnswer(answer.subarray(link), given.subarray(link), frameBytes - link);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
