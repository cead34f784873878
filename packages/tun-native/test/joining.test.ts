import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { createPacketBatch, type DeviceOffload } from "../src/index.ts";
import { batchOf, setRow } from "./support/batch.ts";
import { type FramePipe, framePipe } from "./support/frame-pipe.ts";
import { mixedFlows, ofFlow } from "./support/random-frames.ts";
import {
  cutNaively,
  ethernet,
  type FrameOptions,
  makeFrame,
  readVnet,
  repair,
  unjoin,
  VNET_BYTES,
} from "./support/super-frames.ts";

const open: FramePipe[] = [];

function pipe(...args: Parameters<typeof framePipe>): FramePipe {
  const made = framePipe(...args);
  open.push(made);
  return made;
}

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** What a device writes for these frames: one entry for each write. */
function write(frames: readonly Uint8Array[], one: FramePipe = pipe()): Buffer[] {
  expect(one.device.write(batchOf(frames, 9300), 0, frames.length)).toBe(frames.length);
  return one.drain();
}

/** How many frames each write stands for. */
function shape(written: readonly Buffer[]): number[] {
  return written.map((one) => unjoin(one).length);
}

function bytesOf(count: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (i * 13 + seed) & 0xff);
}

/** A run of segments of one flow. */
function run(options: Partial<FrameOptions>, count: number, bytes = 1000, last = bytes): Buffer[] {
  const frame: FrameOptions = { family: 4, protocol: "tcp", ...options };
  return cutNaively(frame, bytesOf(bytes * (count - 1) + last), bytes);
}

const TIMESTAMPS = Uint8Array.from([1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8]);

describe.each([4, 6] as const)("segments of one flow over IPv%i", (family) => {
  it.each<[string, Partial<FrameOptions>, number, number, number]>([
    ["TCP", {}, 45, 1348, 1348],
    ["TCP with a shorter last", {}, 12, 1348, 1],
    ["TCP with timestamps and push", { tcpOptions: TIMESTAMPS, tcpFlags: 24 }, 7, 1000, 500],
    ["TCP across the end of sequence numbers and identifications", { sequence: 0xfffff000, id: 0xfffe }, 9, 1000, 1000],
    ["TCP that echoes congestion", { tcpFlags: 16 | 64 }, 3, 100, 100],
    ["TCP with all possible options", { tcpOptions: new Uint8Array(40).fill(1) }, 3, 1400, 3],
    ["UDP", { protocol: "udp" }, 40, 1400, 1400],
    ["UDP with a shorter last", { protocol: "udp" }, 40, 64, 13],
    ["UDP of odd size", { protocol: "udp", dontFragment: false }, 5, 333, 333],
  ])("%s become one write, and the same frames again behind it", (_name, options, count, bytes, last) => {
    const frames = run({ family, ...options }, count, bytes, last);
    const written = write(frames);
    expect(shape(written)).toEqual([count]);
    expect(unjoin(written[0] ?? Buffer.alloc(0))).toEqual(frames);
  });

  it("fill a write up to the longest IP packet and begin another", () => {
    const frames = run({ family }, 60, 1348);
    const written = write(frames);
    expect(shape(written)).toEqual([48, 12]);
    expect(written.flatMap(unjoin)).toEqual(frames);
    for (const one of written) expect(one.length - VNET_BYTES - (family === 6 ? 40 : 0)).toBeLessThanOrEqual(65535);
  });

  it("of UDP are at most 64 in one write", () => {
    const frames = run({ family, protocol: "udp" }, 130, 100);
    expect(shape(write(frames))).toEqual([64, 64, 2]);
  });

  it("on Ethernet are joined too", () => {
    const one = pipe("tap");
    const frames = run({ family, link: ethernet(family) }, 20, 1348, 7);
    const written = write(frames, one);
    expect(shape(written)).toEqual([20]);
    expect(written.flatMap(unjoin)).toEqual(frames);
  });

  it("in VLANs stay as they are", () => {
    const frames = run({ family, link: ethernet(family, 7) }, 5);
    const written = write(frames, pipe("tap"));
    expect(written.map((one) => one.subarray(VNET_BYTES))).toEqual(frames);
  });

  it.each([2, 3, 20])("number %i with a wrong checksum is written alone, wrong as it is", (number) => {
    for (const protocol of ["tcp", "udp"] as const) {
      const frames = run({ family, protocol }, 20, 500);
      const damaged = frames[number - 1];
      expect(damaged).toBeDefined();
      if (damaged === undefined) return;
      damaged[damaged.length - 1] = (damaged[damaged.length - 1] ?? 0) ^ 1;
      const written = write(frames);
      const alone = written.find((one) => one.subarray(VNET_BYTES).equals(damaged));
      expect(alone === undefined ? undefined : readVnet(alone)).toMatchObject({ flags: 0, gsoType: 0 });
      expect(written.flatMap(unjoin)).toEqual(frames);
      expect(shape(written)).toEqual([number - 1, 1, 20 - number].filter((count) => count > 0));
    }
  });

  it("whose first one has a wrong checksum are joined without it", () => {
    const frames = run({ family }, 10, 500);
    const first = frames[0];
    if (first !== undefined) first[first.length - 1] = (first[first.length - 1] ?? 0) ^ 0x80;
    const written = write(frames);
    expect(shape(written)).toEqual([1, 9]);
    expect(written.flatMap(unjoin)).toEqual(frames);
  });

  it.each<[string, FrameOptions[]]>([
    ["a gap", [segment({ family, sequence: 1 }), segment({ family, sequence: 202 })]],
    ["a repeat", [segment({ family, sequence: 1 }), segment({ family, sequence: 1 })]],
    ["an order turned round", [segment({ family, sequence: 101 }), segment({ family, sequence: 1 })]],
    ["another acknowledgement flag", [segment({ family }), segment({ family, sequence: 101, tcpFlags: 0 })]],
    ["the end of the flow", [segment({ family }), segment({ family, sequence: 101, tcpFlags: 17 })]],
    ["a reset", [segment({ family }), segment({ family, sequence: 101, tcpFlags: 20 })]],
    ["an urgent byte", [segment({ family }), segment({ family, sequence: 101, tcpFlags: 48 })]],
    ["reduced congestion", [segment({ family, tcpFlags: 144 }), segment({ family, sequence: 101, tcpFlags: 144 })]],
    ["congestion from here on", [segment({ family }), segment({ family, sequence: 101, tcpFlags: 80 })]],
    ["other options", [segment({ family, tcpOptions: TIMESTAMPS }), segment({ family, sequence: 101 })]],
    ["another hop limit", [segment({ family }), segment({ family, sequence: 101, hopLimit: 63 })]],
    ["something after a push", [segment({ family, tcpFlags: 24 }), segment({ family, sequence: 101 })]],
    ["another flow", [segment({ family }), segment({ family, sequence: 101, sourcePort: 1001 })]],
    ["another host", [segment({ family }), segment({ family, sequence: 101, source: 9 })]],
  ])("are not joined over %s", (_name, pair) => {
    const frames = pair.map((options) => makeFrame(options, bytesOf(100)));
    const written = write(frames);
    expect(shape(written)).toEqual([1, 1]);
    expect(written.map((one) => one.subarray(VNET_BYTES))).toEqual(frames);
    expect(written.every((one) => one.subarray(0, VNET_BYTES).every((byte) => byte === 0))).toBe(true);
  });
});

function segment(options: Partial<FrameOptions>): FrameOptions {
  return { family: 4, protocol: "tcp", sequence: 1, ...options };
}

describe("a segment that would continue the one before", () => {
  it.each<[string, (frame: Buffer) => void]>([
    ["in nothing but this: joined", () => {}],
    ["but acknowledges more", (frame) => frame.writeUInt32BE(78, 28)],
    ["but offers another window", (frame) => frame.writeUInt16BE(501, 34)],
    ["but has an urgent pointer", (frame) => frame.writeUInt16BE(1, 38)],
    ["but another type of service", (frame) => frame.writeUInt8(4, 1)],
    ["but may be fragmented", (frame) => frame.writeUInt16BE(0, 6)],
    ["but another port", (frame) => frame.writeUInt16BE(2001, 22)],
    ["but another destination", (frame) => frame.writeUInt8(3, 19)],
  ])("%s", (name, change) => {
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = run({}, 2, 100);
    change(second);
    const frames = [first, repair(second, { family: 4, protocol: "tcp" })];
    const written = write(frames);
    expect(written.flatMap(unjoin)).toEqual(frames);
    expect(shape(written)).toEqual(name.endsWith("joined") ? [2] : [1, 1]);
  });

  it("but comes from another Ethernet address stays alone", () => {
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = run({ link: ethernet(4) }, 2, 100);
    second[11] = 9;
    expect(shape(write([first, second], pipe("tap")))).toEqual([1, 1]);
  });
});

it("a push in the middle of a run ends a write and stays where it is", () => {
  const frames = run({}, 5, 100);
  const third = frames[2] ?? Buffer.alloc(0);
  third[33] = 24;
  repair(third, { family: 4, protocol: "tcp" });
  const written = write(frames);
  expect(shape(written)).toEqual([3, 2]);
  expect(written.flatMap(unjoin)).toEqual(frames);
});

describe("what is no plain segment", () => {
  const payload = bytesOf(100);
  const hopByHop = { first: 0, bytes: Uint8Array.from([6, 0, 1, 4, 0, 0, 0, 0]) };
  const changed = (frames: Buffer[], change: (frame: Buffer) => void): Buffer[] => {
    for (const frame of frames) change(frame);
    return frames;
  };
  // so that only what is changed can be the reason
  const repaired = (protocol: "tcp" | "udp", change: (frame: Buffer) => void): Buffer[] =>
    changed(run({ protocol }, 3), change).map((frame) => repair(frame, { family: 4, protocol }));

  it.each<[string, Buffer[]]>([
    ["pure acknowledgements", [1, 1].map((sequence) => makeFrame(segment({ sequence }), new Uint8Array(0)))],
    ["IPv4 options", run({ extension: { first: 6, bytes: new Uint8Array(4).fill(1) } }, 3)],
    ["IPv6 extension headers", run({ family: 6, extension: hopByHop }, 3)],
    ["first fragments", repaired("tcp", (frame) => frame.writeUInt16BE(0x2000, 6))],
    ["later fragments", repaired("udp", (frame) => frame.writeUInt16BE(0x0010, 6))],
    ["UDP without checksum", changed(run({ protocol: "udp" }, 3), (frame) => frame.writeUInt16BE(0, 26))],
    ["a UDP length that differs", changed(run({ protocol: "udp" }, 3), (frame) => frame.writeUInt16BE(900, 24))],
    ["an IPv4 header checksum that is wrong", changed(run({}, 3), (frame) => frame.writeUInt16BE(1, 10))],
    ["reserved TCP bits", repaired("tcp", (frame) => frame.writeUInt8(0x52, 32))],
    ["padding behind the packet", run({}, 3).map((frame) => Buffer.concat([frame, Buffer.alloc(4)]))],
    ["identifications that do not follow one another", [7, 9].map((id, i) => ipId(id, i))],
    ["other protocols", repaired("tcp", (frame) => frame.writeUInt8(50, 9))],
    ["IPv6 flow labels that differ", run({ family: 6 }, 2).map((frame, i) => flowLabel(frame, i))],
    [
      "empty UDP",
      [
        makeFrame({ family: 4, protocol: "udp" }, new Uint8Array(0)),
        makeFrame({ family: 4, protocol: "udp" }, payload),
      ],
    ],
    ["UDP that grows", [100, 101].map((bytes) => makeFrame({ family: 4, protocol: "udp" }, bytesOf(bytes)))],
    ["neither IPv4 nor IPv6", [Buffer.alloc(60, 0x50), Buffer.alloc(60, 0x50)]],
    ["a few bytes", [Buffer.from([0x45]), Buffer.from([0x60, 0, 0]), Buffer.alloc(39, 0x60)]],
  ])("is never touched: %s", (_name, frames) => {
    const written = write(frames);
    expect(written.map((one) => one.subarray(VNET_BYTES))).toEqual(frames);
    expect(written.every((one) => one.subarray(0, VNET_BYTES).every((byte) => byte === 0))).toBe(true);
  });

  it("but identifications mean nothing where fragmenting is forbidden", () => {
    const frames = [7, 7].map((id, i) => makeFrame(segment({ id, sequence: 1 + i * 100 }), bytesOf(100)));
    expect(shape(write(frames))).toEqual([2]);
  });
});

function ipId(id: number, i: number): Buffer {
  return makeFrame(segment({ id, sequence: 1 + i * 100, dontFragment: false }), bytesOf(100));
}

function flowLabel(frame: Buffer, label: number): Buffer {
  frame[3] = label;
  return frame;
}

describe("several flows in one batch", () => {
  it("that take turns are joined each for itself, in the order in which they began", () => {
    const flows = [1, 2, 3, 4].map((source) => run({ source, sourcePort: 1000 + source }, 12, 900));
    const mixed = Array.from({ length: 12 }, (_, i) => flows.flatMap((frames) => frames.slice(i, i + 1))).flat();
    const written = write(mixed);
    expect(written.map(unjoin)).toEqual(flows);
  });

  it("keep the order of each: nothing overtakes what cannot be joined", () => {
    const [first = [], second = []] = [run({}, 3, 100), run({ sequence: 301 }, 2, 100)];
    const ack = makeFrame(segment({ sequence: 301 }), new Uint8Array(0));
    expect(write([...first, ack, ...second]).flatMap(unjoin)).toEqual([...first, ack, ...second]);
    expect(shape(write([...first, ack, ...second]))).toEqual([3, 1, 2]);
    const fragment = run({ protocol: "udp" }, 1, 100).map((frame) => {
      frame.writeUInt16BE(0x2000, 6);
      return frame;
    });
    expect(shape(write([...first, ...fragment, ...second]))).toEqual([3, 1, 2]);
    const elsewhere = run({ protocol: "udp", source: 99 }, 1, 100).map((frame) => {
      frame.writeUInt16BE(0x2000, 6);
      return frame;
    });
    expect(shape(write([...first, ...elsewhere, ...second]))).toEqual([5, 1]);
  });

  it("of any mixture arrive completely, each flow in its order", () => {
    const property = fc.property(mixedFlows, (frames) => {
      const one = pipe();
      const arrived = write(frames, one).flatMap(unjoin);
      one.close();
      expect(arrived.length).toBe(frames.length);
      for (let flow = 0; flow < 6; flow++) {
        expect(ofFlow(arrived, flow)).toEqual(ofFlow(frames, flow));
      }
    });
    fc.assert(property, { numRuns: 150 });
  });
});

describe("joining", () => {
  it.each<[DeviceOffload[], number[], number[]]>([
    [["coalesce-tcp"], [5], [1, 1, 1, 1, 1]],
    [["coalesce-udp"], [1, 1, 1, 1, 1], [5]],
    [["tso4"], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]],
  ])("only what was granted: %j", (offloads, tcp, udp) => {
    const one = pipe("tun", offloads);
    expect(one.device.offloads).toEqual(offloads);
    expect(shape(write(run({}, 5), one))).toEqual(tcp);
    expect(shape(write(run({ protocol: "udp" }, 5), one))).toEqual(udp);
  });

  it("is counted", () => {
    const one = pipe();
    write([...run({}, 5), ...run({ source: 7 }, 3), ...run({ source: 8 }, 1)], one);
    expect(one.device.offloadCounters).toMatchObject({ joinedWrites: 2, joinedFrames: 8 });
  });

  it("changes no byte and, of the last frame in an arena, reads none behind it", () => {
    // the end of the arena is the end of its memory: a sanitized addon would not survive more
    for (const last of [1000, 1, 3, 999]) {
      const one = pipe();
      const frames = run({}, 20, 1000, last);
      const bytes = frames.reduce((sum, { length }) => sum + length, 0);
      const batch = createPacketBatch({ capacity: frames.length, bytes });
      let offset = 0;
      for (const [row, frame] of frames.entries()) {
        setRow(batch, row, offset, frame);
        offset += frame.length;
      }
      const { buffer, byteOffset, length } = batch.bytes;
      expect([offset, length, byteOffset + length]).toEqual([bytes, bytes, buffer.byteLength]);
      const before = Buffer.from(batch.bytes);
      expect(one.device.write(batch, 0, 20)).toBe(20);
      expect(Buffer.compare(before, batch.bytes)).toBe(0);
      expect(one.drain().flatMap(unjoin)).toEqual(frames);
    }
  });
});
