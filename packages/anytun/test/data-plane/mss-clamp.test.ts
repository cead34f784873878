import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clampMss, isOrdinary } from "../../src/data-plane/mss-clamp.ts";

interface SynOptions {
  readonly version?: 4 | 6;
  readonly flags?: number;
  /** TCP options; padded to a multiple of four with zeros. */
  readonly options?: readonly number[];
  readonly ipOptionBytes?: number;
  readonly payload?: number;
  /** "plain" Ethernet, or with a VLAN tag. */
  readonly ethernet?: "plain" | "vlan";
}

const SYN = 0x02;
const mss = (value: number): number[] => [2, 4, value >> 8, value & 0xff];

/** One's complement sum over the pseudo header and the TCP part of an IP packet: 0 for a right checksum. */
function tcpSum(ip: Buffer): number {
  const v4 = (ip[0] ?? 0) >> 4 === 4;
  const headerBytes = v4 ? ((ip[0] ?? 0) & 15) * 4 : 40;
  const tcp = ip.subarray(headerBytes);
  const addresses = v4 ? ip.subarray(12, 20) : ip.subarray(8, 40);
  const all = Buffer.concat([
    addresses,
    Buffer.of(0, 6, tcp.length >> 8, tcp.length & 255),
    tcp,
    Buffer.alloc(tcp.length % 2),
  ]);
  let sum = 0;
  for (let i = 0; i < all.length; i += 2) sum += all.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 65536);
  return ~sum & 0xffff;
}

function packet({ version = 4, flags = SYN, options = [], ipOptionBytes = 0, payload = 0 }: SynOptions): Buffer {
  const padded = Buffer.concat([Buffer.from(options), Buffer.alloc((4 - (options.length % 4)) % 4)]);
  const tcp = Buffer.concat([Buffer.alloc(20), padded, Buffer.alloc(payload, 0x5a)]);
  tcp.writeUInt16BE(40_000, 0);
  tcp.writeUInt16BE(443, 2);
  tcp[12] = ((20 + padded.length) / 4) << 4;
  tcp[13] = flags;
  const header = Buffer.alloc(version === 4 ? 20 + ipOptionBytes : 40, 1);
  header[0] = version === 4 ? 0x40 | (header.length / 4) : 0x60;
  header[version === 4 ? 9 : 6] = 6;
  if (version === 4) header.writeUInt16BE(0x4000, 6);
  const ip = Buffer.concat([header, tcp]);
  ip.writeUInt16BE(tcpSum(ip), header.length + 16);
  return ip;
}

function framed(ip: Buffer, ethernet: "plain" | "vlan"): Buffer {
  const type = (ip[0] ?? 0) >> 4 === 4 ? [0x08, 0x00] : [0x86, 0xdd];
  const tag = ethernet === "vlan" ? [0x81, 0x00, 0x00, 0x05] : [];
  return Buffer.concat([Buffer.alloc(12, 2), Buffer.from(tag), Buffer.from(type), ip]);
}

const clamp = (frame: Buffer, limit: number, ethernet = false): boolean =>
  clampMss(frame, 0, frame.length, ethernet, limit);

describe("clampMss", () => {
  it.each<{ name: string; wanted: SynOptions; at: number; limit: number; result: number }>([
    { name: "IPv4", wanted: { options: mss(1460) }, at: 42, limit: 1400, result: 1360 },
    { name: "IPv6", wanted: { version: 6, options: mss(1440) }, at: 62, limit: 1400, result: 1340 },
    { name: "SYN-ACK", wanted: { flags: 0x12, options: mss(1460) }, at: 42, limit: 1400, result: 1360 },
    {
      name: "after other options",
      wanted: { options: [1, 3, 3, 7, 4, 2, ...mss(9000)] },
      at: 48,
      limit: 1400,
      result: 1360,
    },
    { name: "at an odd offset", wanted: { options: [1, ...mss(1460)] }, at: 43, limit: 1400, result: 1360 },
    { name: "behind IP options", wanted: { options: mss(1460), ipOptionBytes: 8 }, at: 50, limit: 1400, result: 1360 },
  ])("lowers the option and keeps the checksum right: $name", ({ wanted, at, limit, result }) => {
    const ip = packet(wanted);
    expect(tcpSum(ip)).toBe(0);
    expect(clamp(ip, limit)).toBe(true);
    expect(ip.readUInt16BE(at)).toBe(result);
    expect(tcpSum(ip)).toBe(0);
    for (const ethernet of ["plain", "vlan"] as const) {
      const frame = framed(packet(wanted), ethernet);
      expect(clamp(frame, limit, true)).toBe(true);
      expect(frame.subarray(frame.length - ip.length).equals(ip)).toBe(true);
    }
  });

  const fragment = packet({ options: mss(1460) });
  fragment.writeUInt16BE(0x2001, 6);
  const udp = packet({ options: mss(1460) });
  udp[9] = 17;
  const badLength = packet({ options: [2, 0, 5, 180] });
  const overlong = packet({ options: [2, 40, 5, 180] });
  it.each<[string, Buffer, number]>([
    ["a value that fits", packet({ options: mss(1360) }), 1400],
    ["no SYN", packet({ flags: 0x10, options: mss(1460) }), 1400],
    ["no options", packet({}), 1400],
    ["the option behind the end of options", packet({ options: [0, ...mss(1460)] }), 1400],
    ["a later fragment", fragment, 1400],
    ["UDP", udp, 1400],
    ["an option without length", badLength, 1400],
    ["an option beyond the header", overlong, 1400],
    ["a limit that nothing fits", packet({ options: mss(1460) }), 40],
    ["an IPv6 extension header", Buffer.from(packet({ version: 6, options: mss(1460) })).fill(0, 6, 7), 1400],
  ])("leaves alone: %s", (_name, ip, limit) => {
    const before = Buffer.from(ip);
    expect(clamp(ip, limit)).toBe(false);
    expect(ip.equals(before)).toBe(true);
    const frame = framed(ip, "plain");
    expect(clamp(frame, limit, true)).toBe(false);
  });

  it("leaves other Ethernet alone", () => {
    const arp = framed(packet({ options: mss(1460) }), "plain");
    arp.writeUInt16BE(0x0806, 12);
    expect(clamp(arp, 1400, true)).toBe(false);
  });

  it("never reads or writes outside the frame, whatever is in it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), fc.nat(1500), (body, ethernet, limit) => {
        const arena = Buffer.concat([Buffer.alloc(64, 0xaa), Buffer.from(body), Buffer.alloc(64, 0xaa)]);
        clampMss(arena, 64, body.length, ethernet, limit);
        expect(arena.subarray(0, 64).every((byte) => byte === 0xaa)).toBe(true);
        expect(arena.subarray(64 + body.length).every((byte) => byte === 0xaa)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it("keeps every checksum right, for any value and place of the option", () => {
    const wanted = fc.record({
      version: fc.constantFrom<4 | 6>(4, 6),
      nops: fc.nat(3),
      value: fc.nat(65_535),
      limit: fc.integer({ min: 200, max: 9000 }),
      payload: fc.nat(40),
    });
    fc.assert(
      fc.property(wanted, ({ version, nops, value, limit, payload }) => {
        const ip = packet({ version, payload, options: [...Array<number>(nops).fill(1), ...mss(value)] });
        const fits = limit - (version === 4 ? 40 : 60);
        expect(clamp(ip, limit)).toBe(value > fits);
        expect(tcpSum(ip)).toBe(0);
      }),
    );
  });

  it("leaves alone what looks ordinary, and a SYN never does", () => {
    const flags = fc.nat(255);
    const ipOptionBytes = fc.constantFrom(0, 0, 4, 40);
    fc.assert(
      fc.property(fc.record({ flags, ipOptionBytes, version: fc.constantFrom<4 | 6>(4, 6) }), (wanted) => {
        const ip = packet({ ...wanted, options: mss(9000) });
        const isClamped = clamp(Buffer.from(ip), 1400);
        expect(isClamped).toBe((wanted.flags & SYN) !== 0);
        if (isClamped) expect(isOrdinary(ip, 0)).toBe(false);
        else if (wanted.version === 4 && wanted.ipOptionBytes === 0) expect(isOrdinary(ip, 0)).toBe(true);
      }),
    );
  });
});
