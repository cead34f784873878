/** Single frames need not wait for super-frames of other flows that came before; within a flow nothing changes places. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { createPacketBatch } from "../src/index.ts";
import { packetOf } from "./support/batch.ts";
import { type FramePipe, framePipe } from "./support/frame-pipe.ts";
import { cutNaively, ethernet, type FrameOptions, makeFrame, superFrame, vnetHeader } from "./support/super-frames.ts";

const PLAIN = { flags: 0, gsoType: 0, headerBytes: 0, segmentBytes: 0, checksumStart: 0, checksumOffset: 0 };
const BULK: FrameOptions = { family: 4, protocol: "tcp", sourcePort: 1000 };
const BULK6: FrameOptions = { ...BULK, family: 6 };
const SEGMENT = 100;
const open: FramePipe[] = [];

function pipe(...args: Parameters<typeof framePipe>): FramePipe {
  const made = framePipe(...args);
  open.push(made);
  return made;
}

/** One that has seen that there are single frames beside super-frames. */
function watchfulPipe(kind: "tun" | "tap" = "tun"): FramePipe {
  const one = pipe(kind);
  const link = kind === "tap" ? { link: ethernet(4) } : {};
  const segments = feedBulk(one, { ...BULK, ...link }, 2);
  const other = makeFrame({ ...BULK, ...link, sourcePort: 9 }, new Uint8Array(20));
  feedSingle(one, other);
  expect(hex(readAll(one, 64))).toEqual(hex([...segments, other]));
  return one;
}

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

function feedSingle(one: FramePipe, frame: Buffer): void {
  one.feed(Buffer.concat([vnetHeader(PLAIN), frame]));
}

/** Feeds a super-frame; returns what it is cut into. */
function feedBulk(one: FramePipe, frame: FrameOptions, segments: number): Buffer[] {
  const payload = new Uint8Array(segments * SEGMENT);
  one.feed(superFrame(frame, payload, SEGMENT));
  return cutNaively(frame, payload, SEGMENT);
}

function batchOf(capacity: number) {
  return createPacketBatch({ capacity, bytes: Math.max(20_000, capacity * 2048) });
}

function readOnce({ device }: FramePipe, batch: ReturnType<typeof batchOf>): Buffer[] {
  return Array.from({ length: device.read(batch) }, (_, row) => packetOf(batch, row));
}

function readAll(one: FramePipe, capacity: number): Buffer[] {
  const batch = batchOf(capacity);
  const frames: Buffer[] = [];
  for (;;) {
    const burst = readOnce(one, batch);
    frames.push(...burst);
    if (burst.length === 0 && !one.device.pending) return frames;
  }
}

function hex(frames: readonly Buffer[]): string[] {
  return frames.map((frame) => frame.toString("hex"));
}

/** As `makeFrame`, but with another protocol or fragment field; nobody here looks at checksums. */
function changed(options: FrameOptions, change: (frame: Buffer) => void): Buffer {
  const frame = makeFrame(options, new Uint8Array(20));
  change(frame);
  return frame;
}

const icmp = changed(BULK, (frame) => frame.writeUInt8(1, 9));
const icmp6 = changed(BULK6, (frame) => frame.writeUInt8(58, 6));
const udp = makeFrame({ ...BULK, protocol: "udp" }, new Uint8Array(20));

describe("a single frame behind a super-frame", () => {
  it.each<[string, FrameOptions, Buffer]>([
    ["of another port", BULK, makeFrame({ ...BULK, sourcePort: 1001 }, new Uint8Array(20))],
    ["of another protocol", BULK, udp],
    ["of another address", BULK, makeFrame({ ...BULK, source: 77 }, new Uint8Array(20))],
    ["of ICMP", BULK, icmp],
    ["of ICMPv6", BULK6, icmp6],
    ["of another port, IPv6", BULK6, makeFrame({ ...BULK6, sourcePort: 1001 }, new Uint8Array(20))],
    ["of another family", BULK6, udp],
    [
      "of a fragment of another protocol",
      BULK,
      changed({ ...BULK, protocol: "udp" }, (frame) => frame.writeUInt16BE(0x2000, 6)),
    ],
  ])("%s goes first", (_name, bulk, frame) => {
    const one = watchfulPipe();
    const segments = feedBulk(one, bulk, 3);
    feedSingle(one, frame);
    expect(hex(readAll(one, 64))).toEqual(hex([frame, ...segments]));
    expect(one.device.offloadCounters.overtakes).toBe(1);
  });

  it.each<[string, FrameOptions, Buffer]>([
    ["of the same flow", BULK, makeFrame(BULK, new Uint8Array(20))],
    ["of the same flow, IPv6", BULK6, makeFrame(BULK6, new Uint8Array(20))],
    ["that may be a fragment of it", BULK, changed(BULK, (frame) => frame.writeUInt16BE(0x0010, 6))],
    ["whose extension headers hide the flow", BULK6, changed(BULK6, (frame) => frame.writeUInt8(44, 6))],
    ["that is not IP", BULK, changed(BULK, (frame) => frame.writeUInt8(0x75, 0))],
    ["that is too short for an address", BULK, udp.subarray(0, 19)],
  ])("%s stays", (_name, bulk, frame) => {
    const one = watchfulPipe();
    const segments = feedBulk(one, bulk, 3);
    feedSingle(one, frame);
    expect(hex(readAll(one, 64))).toEqual(hex([...segments, frame]));
    expect(one.device.offloadCounters.overtakes).toBe(0);
  });

  it.each([[[]], [[5]], [[5, 6]]])("goes first in Ethernet frames too, VLAN tags %j", (vlans) => {
    const one = watchfulPipe("tap");
    const link = ethernet(4, ...vlans);
    const segments = feedBulk(one, { ...BULK, link }, 3);
    const [same, other] = [BULK, { ...BULK, sourcePort: 1001 }].map((flow) =>
      makeFrame({ ...flow, link }, new Uint8Array(20)),
    );
    const arp = Buffer.concat([ethernet(4).subarray(0, 12), Buffer.from([8, 6]), Buffer.alloc(28)]);
    if (same === undefined || other === undefined) throw new Error("no frames");
    for (const frame of [same, other, arp]) feedSingle(one, frame);
    // what is not IP may belong to anything
    expect(hex(readAll(one, 64))).toEqual(hex([other, ...segments, same, arp]));
  });

  it("goes first when the super-frame is half read", () => {
    const one = watchfulPipe();
    const segments = feedBulk(one, BULK, 6);
    const batch = batchOf(4);
    expect(hex(readOnce(one, batch))).toEqual(hex(segments.slice(0, 4)));
    feedSingle(one, udp);
    expect(hex(readOnce(one, batch))).toEqual(hex([udp, ...segments.slice(4)]));
  });

  it("waits when nothing like it has come for long", () => {
    const one = watchfulPipe();
    const batch = batchOf(64);
    for (let calls = 0; calls < 3000; calls++) one.device.read(batch);
    const segments = feedBulk(one, BULK, 3);
    feedSingle(one, udp);
    expect(hex(readAll(one, 64))).toEqual(hex([...segments, udp]));
  });

  it("does not make others go first when it is long, as the rest of a stream can be", () => {
    const one = pipe();
    const long = makeFrame({ ...BULK, sourcePort: 1001 }, new Uint8Array(1000));
    const segments = feedBulk(one, BULK, 2);
    feedSingle(one, long);
    segments.push(long, ...feedBulk(one, BULK, 2));
    feedSingle(one, udp);
    expect(hex(readAll(one, 64))).toEqual(hex([...segments, udp]));
  });

  it("leaves no room for waiting frames behind when the device is closed", () => {
    const mapped = (): number => Number(/^VmSize:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
    const before = mapped();
    for (let i = 0; i < 200; i++) {
      const one = framePipe();
      readAll(one, 4);
      one.close();
    }
    // 64 frames of 64 KiB each time would be 800 MiB
    expect(mapped() - before).toBeLessThan(400_000);
  });

  it("leaves half of the rows to those that wait", () => {
    const one = watchfulPipe();
    const segments = feedBulk(one, BULK, 8);
    const others = Array.from({ length: 10 }, (_, i) =>
      makeFrame({ ...BULK, sourcePort: 2000 + i }, new Uint8Array(20)),
    );
    for (const frame of others) feedSingle(one, frame);
    const batch = batchOf(8);
    const bursts = [1, 2, 3].map(() => hex(readOnce(one, batch)));
    expect(bursts).toEqual([
      hex([...others.slice(0, 4), ...segments.slice(0, 4)]),
      hex([...others.slice(4, 8), ...segments.slice(4, 8)]),
      hex(others.slice(8)),
    ]);
  });

  it("waits behind more frames than can be held", () => {
    const one = watchfulPipe();
    const segments = Array.from({ length: 70 }, () => feedBulk(one, BULK, 2)).flat();
    feedSingle(one, udp);
    const frames = hex(readAll(one, 16));
    expect(frames.filter((frame) => frame !== udp.toString("hex"))).toEqual(hex(segments));
    // 64 are held; each call makes room for eight
    const place = frames.indexOf(udp.toString("hex"));
    expect(place).toBeGreaterThan(0);
    expect(place).toBeLessThan(32);
  });
});

/** The flow that `frame` was made for. */
function flowOf(frame: Buffer): number {
  return frame.readUInt16BE((frame[0] ?? 0) >> 4 === 4 ? 20 : 40) - 1000;
}

describe("whatever comes", () => {
  const delivery = fc.record({
    flow: fc.integer({ min: 0, max: 5 }),
    isLong: fc.boolean(),
    bytes: fc.integer({ min: 1, max: 1000 }),
    rest: fc.boolean(),
  });

  it("all of it is read, each flow in its order", () => {
    const property = fc.property(
      fc.array(delivery, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 70 }),
      fc.constantFrom("io-uring", "checksum"),
      (deliveries, capacity, offload) => {
        const one = pipe("tun", ["checksum", "tso4", "tso6", "uso", offload as "checksum"]);
        const expected = Array.from({ length: 6 }, (): string[] => []);
        const options = (flow: number): FrameOptions => ({
          family: flow % 2 === 0 ? 4 : 6,
          protocol: "tcp",
          sourcePort: 1000 + flow,
        });
        const frames: Buffer[] = [];
        const batch = batchOf(capacity);
        deliveries.forEach(({ flow, isLong, bytes, rest }, i) => {
          const payload = new Uint8Array(bytes).fill(i);
          if (isLong) one.feed(superFrame(options(flow), payload, SEGMENT));
          const single = makeFrame(options(flow), payload);
          if (!isLong) feedSingle(one, single);
          expected[flow]?.push(...hex(isLong ? cutNaively(options(flow), payload, SEGMENT) : [single]));
          // some come while others are being read
          if (rest) frames.push(...readOnce(one, batch));
        });
        frames.push(...readAll(one, capacity));
        const byFlow = expected.map((_, flow) => hex(frames.filter((frame) => flowOf(frame) === flow)));
        expect(byFlow).toEqual(expected);
        expect(frames.length).toBe(expected.flat().length);
        one.close();
      },
    );
    fc.assert(property, { numRuns: 150 });
  });
});
