import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { createPacketBatch, PACKET_OK, PACKET_SEGMENT, type PacketBatch } from "../src/index.ts";
import { flagsOf, packetOf } from "./support/batch.ts";
import { type FramePipe, framePipe } from "./support/frame-pipe.ts";
import { anySuperFrame } from "./support/random-frames.ts";
import { cutNaively, type FrameOptions, makeFrame, superFrame, vnetHeader } from "./support/super-frames.ts";

const open: FramePipe[] = [];

function pipe(...args: Parameters<typeof framePipe>): FramePipe {
  const made = framePipe(...args);
  open.push(made);
  return made;
}

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** Reads until nothing is left, in batches of this size. */
function readAll({ device }: FramePipe, batch: PacketBatch): { frames: Buffer[]; flags: number[] } {
  const frames: Buffer[] = [];
  const flags: number[] = [];
  for (;;) {
    const count = device.read(batch);
    for (let i = 0; i < count; i++) {
      frames.push(packetOf(batch, i));
      flags.push(flagsOf(batch, i));
    }
    if (count === 0 && !device.pending) return { frames, flags };
  }
}

describe("a super-frame", () => {
  it("becomes the frames that a naive segmenter makes of it, through batches of any size", () => {
    const property = fc.property(
      fc.array(anySuperFrame, { minLength: 1, maxLength: 2 }),
      fc.integer({ min: 1, max: 70 }),
      fc.constantFrom(0, 10, 20, 70),
      (supers, capacity, gap) => {
        for (const kind of ["tun", "tap"] as const) {
          const one = pipe(kind);
          one.device.segmentGap = gap;
          const expected: Buffer[] = [];
          for (const { frame, payload, segmentBytes } of supers.filter((given) => given.kind === kind)) {
            one.feed(superFrame(frame, payload, segmentBytes));
            expected.push(...cutNaively(frame, payload, segmentBytes));
          }
          const { frames, flags } = readAll(
            one,
            createPacketBatch({ capacity, bytes: Math.max(20_000, capacity * 2048) }),
          );
          expect(frames.length).toBe(expected.length);
          for (const [i, frame] of frames.entries()) expect(expected[i]?.equals(frame)).toBe(true);
          expect(flags.every((flag) => flag === PACKET_OK || flag === PACKET_SEGMENT)).toBe(true);
          expect(flags.filter((flag) => flag === PACKET_OK).length).toBeGreaterThanOrEqual(
            Math.min(1, expected.length),
          );
          one.close();
        }
      },
    );
    fc.assert(property, { numRuns: 150 });
  });

  it("with IPv4 options or IPv6 extension headers is cut with them", () => {
    const payload = new Uint8Array(3000).fill(9);
    for (const frame of [
      { family: 4, protocol: "tcp", extension: { first: 6, bytes: new Uint8Array(8).fill(1) } },
      { family: 6, protocol: "tcp", extension: { first: 0, bytes: Uint8Array.from([6, 0, 1, 4, 0, 0, 0, 0]) } },
      { family: 6, protocol: "udp", extension: { first: 60, bytes: Uint8Array.from([17, 0, 1, 4, 0, 0, 0, 0]) } },
    ] as const) {
      const one = pipe();
      one.feed(superFrame(frame, payload, 1200));
      const { frames } = readAll(one, createPacketBatch({ capacity: 8, bytes: 65536 }));
      expect(frames).toEqual(cutNaively(frame, payload, 1200));
    }
  });

  it("leaves headroom and tailroom around each segment, and starts that are aligned", () => {
    const one = pipe();
    one.feed(superFrame({ family: 4, protocol: "tcp" }, new Uint8Array(20_000), 1348));
    const batch = createPacketBatch({ capacity: 64, bytes: 64 * 1500 });
    const count = one.device.read(batch);
    expect(count).toBe(15);
    let end = 0;
    for (let i = 0; i < count; i++) {
      const [offset = 0, length = 0] = batch.descriptors.subarray(i * 4);
      expect(offset % 64).toBe(16);
      expect(offset - 16).toBeGreaterThanOrEqual(end);
      end = offset + length + 32;
      expect(end).toBeLessThanOrEqual(batch.bytes.length);
    }
    expect(one.device.offloadCounters).toMatchObject({ superFrames: 1, segments: 15 });
  });

  it("is read with its segments as far apart as wanted, and what comes next with room and aligned", () => {
    const one = pipe();
    one.device.segmentGap = 20;
    const supers = [1348, 1000].map((size) => [new Uint8Array(5000), size] as const);
    for (const [payload, size] of supers) one.feed(superFrame({ family: 4, protocol: "tcp" }, payload, size));
    const batch = createPacketBatch({ capacity: 16, bytes: 64 * 1500 });
    const count = one.device.read(batch);
    const places = Array.from({ length: count }, (_, i) => [...batch.descriptors.subarray(i * 4, i * 4 + 2)]);
    const gaps = places.slice(1).map(([offset = 0], i) => {
      const [before = 0, length = 0] = places[i] ?? [];
      return offset - before - length;
    });
    expect(gaps.map((gap) => (gap === 20 ? gap : "room"))).toEqual([20, 20, 20, "room", 20, 20, 20, 20]);
    expect(gaps[3]).toBeGreaterThanOrEqual(48);
    expect((places[4]?.[0] ?? 0) % 64).toBe(16);
  });

  it("that does not fit the batch goes on with the next read, before anything newer of its flow", () => {
    const one = pipe();
    const frame: FrameOptions = { family: 4, protocol: "tcp", tcpFlags: 16 | 8 };
    const payload = Uint8Array.from({ length: 10_000 }, (_, i) => i & 0xff);
    const ordinary = makeFrame(frame, new Uint8Array(10));
    one.feed(superFrame(frame, payload, 1000));
    one.feed(Buffer.concat([Buffer.alloc(10), ordinary]));
    const batch = createPacketBatch({ capacity: 4, bytes: 65536 });
    const bursts: [number, boolean][] = [];
    const frames: Buffer[] = [];
    for (let i = 0; i < 4; i++) {
      const count = one.device.read(batch);
      for (let row = 0; row < count; row++) frames.push(packetOf(batch, row));
      bursts.push([count, one.device.pending]);
    }
    expect(bursts).toEqual([
      [4, true],
      [4, true],
      [3, false],
      [0, false],
    ]);
    expect(frames).toEqual([...cutNaively(frame, payload, 1000), ordinary]);
  });

  it("whose segments are longer than wanted gives rows that say so", () => {
    const one = pipe("tun", ["tso4"], 1000);
    one.feed(superFrame({ family: 4, protocol: "udp" }, new Uint8Array(2500), 1200));
    const { frames, flags } = readAll(one, createPacketBatch({ capacity: 8, bytes: 16_384 }));
    expect(flags).toEqual([2, 2, 0]);
    expect(frames.map(({ length }) => length)).toEqual([1000, 1000, 128]);
  });

  it.each<[string, Partial<Parameters<typeof vnetHeader>[0]>, number]>([
    ["without segments", { segmentBytes: 0 }, 0],
    ["without a checksum to finish", { flags: 0 }, 0],
    ["of an unknown kind", { gsoType: 3 }, 0],
    ["of the other family", { gsoType: 4 }, 0],
    ["with a transport header elsewhere", { checksumStart: 24 }, 0],
    ["with a transport header outside", { checksumStart: 65_000 }, 0],
    ["without payload", {}, 40],
    ["shorter than its headers", {}, 30],
    ["that is empty", {}, 1],
  ])("%s is one row that nobody may use", (_name, wrong, length) => {
    const one = pipe();
    const whole = superFrame({ family: 4, protocol: "tcp" }, new Uint8Array(3000), 1000).subarray(10);
    const right = { flags: 1, gsoType: 1, headerBytes: 40, segmentBytes: 1000, checksumStart: 20, checksumOffset: 16 };
    one.feed(Buffer.concat([vnetHeader({ ...right, ...wrong }), length === 0 ? whole : whole.subarray(0, length)]));
    const { flags } = readAll(one, createPacketBatch({ capacity: 8, bytes: 65536 }));
    expect(flags).toEqual([2]);
  });
});

describe("an ordinary frame", () => {
  it("gets the checksum that it left to the device, at any length", () => {
    const one = pipe();
    const batch = createPacketBatch({ capacity: 4, bytes: 65536 });
    for (const protocol of ["tcp", "udp"] as const) {
      for (const family of [4, 6] as const) {
        for (const bytes of [0, 1, 63, 64, 65, 1400, 2000, 2008, 2009, 2500, 9000]) {
          const payload = Uint8Array.from({ length: bytes }, (_, i) => (i * 7) & 0xff);
          const given = superFrame({ family, protocol }, payload, 1);
          // not to be segmented
          given.fill(0, 1, 6);
          one.feed(given);
          expect(one.device.read(batch)).toBe(1);
          expect(flagsOf(batch, 0)).toBe(0);
          expect(packetOf(batch, 0).equals(makeFrame({ family, protocol }, payload))).toBe(true);
        }
      }
    }
  });

  it("longer than wanted is cut and flagged, also where the arena is not read into directly", () => {
    for (const longest of [1000, 2048, 3000]) {
      const one = pipe("tun", [], longest);
      const frame = makeFrame({ family: 4, protocol: "udp" }, new Uint8Array(longest - 28).fill(1));
      const longer = makeFrame({ family: 4, protocol: "udp" }, new Uint8Array(longest - 27).fill(2));
      const longest64k = makeFrame({ family: 4, protocol: "udp" }, new Uint8Array(65_507).fill(3));
      for (const one_ of [frame, longer, longest64k, frame]) one.feed(Buffer.concat([Buffer.alloc(10), one_]));
      const { frames, flags } = readAll(one, createPacketBatch({ capacity: 8, bytes: 65536 }));
      expect(flags).toEqual([0, 2, 2, 0]);
      expect(frames[0]?.equals(frame)).toBe(true);
      expect(frames[1]?.equals(longer.subarray(0, longest))).toBe(true);
      expect(frames[3]?.equals(frame)).toBe(true);
    }
  });

  it("whose checksum lies outside is a row that nobody may use", () => {
    const one = pipe();
    const frame = makeFrame({ family: 4, protocol: "udp" }, new Uint8Array(100));
    const vnet = { flags: 1, gsoType: 0, headerBytes: 0, segmentBytes: 0, checksumStart: 126, checksumOffset: 6 };
    one.feed(Buffer.concat([vnetHeader(vnet), frame]));
    const { flags } = readAll(one, createPacketBatch({ capacity: 8, bytes: 65536 }));
    expect(flags).toEqual([2]);
  });
});

describe("whatever a device delivers", () => {
  it("gives rows inside the arena", () => {
    const arbitrary = fc.tuple(
      fc.uint8Array({ minLength: 10, maxLength: 10 }),
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        anySuperFrame.map(({ frame, payload, segmentBytes }) => superFrame(frame, payload, segmentBytes).subarray(10)),
      ),
      fc.array(fc.tuple(fc.nat(100), fc.nat(255)), { maxLength: 6 }),
    );
    const property = fc.property(
      fc.array(arbitrary, { maxLength: 6 }),
      fc.constantFrom("tun", "tap"),
      (given, kind) => {
        const one = pipe(kind === "tun" ? "tun" : "tap");
        for (const [header, frame, changes] of given) {
          const all = Buffer.concat([header, frame]);
          // plausible more often than random
          all[0] = (all[0] ?? 0) & 1;
          all[1] = [0, 1, 4, 5][(all[1] ?? 0) & 3] ?? 0;
          for (const [at, value] of changes) if (at < all.length) all[at] = value;
          one.feed(all);
        }
        const batch = createPacketBatch({ capacity: 40, bytes: 40 * 2048 });
        for (let reads = 0; reads < 20_000; reads++) {
          const count = one.device.read(batch);
          let end = 0;
          for (let i = 0; i < count; i++) {
            const [offset = 0, length = 0] = batch.descriptors.subarray(i * 4);
            expect(offset).toBeGreaterThanOrEqual(end + 16);
            end = offset + length;
            expect(end + 32).toBeLessThanOrEqual(batch.bytes.length);
          }
          if (count === 0 && !one.device.pending) break;
        }
        one.close();
      },
    );
    fc.assert(property, { numRuns: 300 });
  });
});
