/** Many frames in one system call: the same frames in the same order as one by one, and nothing left pending. */
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { createPacketBatch } from "../src/index.ts";
import { loadBinding } from "../src/load-binding.ts";
import { batchOf, flagsOf, packetOf } from "./support/batch.ts";
import { EVERYTHING, type FramePipe, framePipe } from "./support/frame-pipe.ts";
import { anySuperFrame, mixedFlows } from "./support/random-frames.ts";
import { makeFrame, superFrame, vnetHeader } from "./support/super-frames.ts";

const PLAIN = { flags: 0, gsoType: 0, headerBytes: 0, segmentBytes: 0, checksumStart: 0, checksumOffset: 0 };
const open: FramePipe[] = [];

function pipe(isRinged: boolean): FramePipe {
  const made = framePipe("tun", isRinged ? [...EVERYTHING, "io-uring"] : EVERYTHING);
  open.push(made);
  return made;
}

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** A frame as the device delivers it, told from others by its sequence number. */
function delivered(sequence: number, bytes = 100): Buffer {
  const frame = makeFrame({ family: 4, protocol: "tcp", sequence }, new Uint8Array(bytes));
  return Buffer.concat([vnetHeader(PLAIN), frame]);
}

/** One entry for each read that brought something. */
function reads({ device }: FramePipe, capacity: number): { frames: string[]; flags: number[] }[] {
  const batch = createPacketBatch({ capacity, bytes: capacity * 9728 });
  const bursts = [];
  for (;;) {
    const count = device.read(batch);
    if (count === 0 && !device.pending) return bursts;
    const rows = Array.from({ length: count }, (_, row) => row);
    bursts.push({
      frames: rows.map((row) => packetOf(batch, row).toString("hex")),
      flags: rows.map((row) => flagsOf(batch, row)),
    });
  }
}

describe("a device with a ring", () => {
  it("is granted one here", () => {
    expect(pipe(true).device.offloads).toContain("io-uring");
    expect(pipe(false).device.offloads).not.toContain("io-uring");
  });

  it("reads what one without it reads, however many there are and however few fit", () => {
    const delivery = fc.oneof(
      fc.nat(1400).map((bytes) => delivered(bytes, bytes)),
      anySuperFrame
        .filter(({ kind }) => kind === "tun")
        .map(({ frame, payload, segmentBytes }) => superFrame(frame, payload, segmentBytes)),
      // no frame, and half a one
      fc.constantFrom(Buffer.alloc(3), Buffer.concat([vnetHeader({ ...PLAIN, gsoType: 1 }), Buffer.alloc(30)])),
    );
    const bursts = fc.array(fc.array(delivery, { maxLength: 12 }), { minLength: 2, maxLength: 4 });
    const property = fc.property(bursts, fc.integer({ min: 1, max: 70 }), (given, capacity) => {
      const [plain, ringed] = [pipe(false), pipe(true)];
      for (const burst of given) {
        for (const one of burst) for (const end of [plain, ringed]) end.feed(one);
        const flat = (end: FramePipe): { frames: string[]; flags: number[] } => {
          const all = reads(end, capacity);
          return { frames: all.flatMap(({ frames }) => frames), flags: all.flatMap(({ flags }) => flags) };
        };
        expect(flat(ringed)).toEqual(flat(plain));
      }
      plain.close();
      ringed.close();
    });
    fc.assert(property, { numRuns: 60 });
  });

  it("writes what one without it writes", () => {
    const property = fc.property(mixedFlows, (frames) => {
      const [plain, ringed] = [pipe(false), pipe(true)];
      const [expected, written] = [plain, ringed].map(({ device, drain }) => {
        expect(device.write(batchOf(frames), 0, frames.length)).toBe(frames.length);
        return drain().map((one) => one.toString("hex"));
      });
      expect(written).toEqual(expected);
      plain.close();
      ringed.close();
    });
    fc.assert(property, { numRuns: 60 });
  });

  it("takes many frames in a call once the last burst had some, and a lone one without it", () => {
    const one = pipe(true);
    const batch = createPacketBatch({ capacity: 64, bytes: 64 * 9728 });
    const callsFor = (count: number): number => {
      for (let i = 0; i < count; i++) one.feed(delivered(i));
      const before = one.device.offloadCounters.ringCalls;
      expect(one.device.read(batch)).toBe(count);
      return one.device.offloadCounters.ringCalls - before;
    };
    expect([1, 1].map(callsFor)).toEqual([0, 0]);
    // two one by one, then two, and two of four
    expect(callsFor(6)).toBe(2);
    // seven asked for, six there
    expect(callsFor(6)).toBe(1);
    expect(one.device.offloadCounters).toMatchObject({ ringCalls: 3, ringFrames: 10 });
    // eight are the most in one call: 7, 7, 8, 8, 8, 2
    expect(callsFor(40)).toBe(6);
    callsFor(1);
    expect(callsFor(1)).toBe(0);
  });

  it("goes on behind writes that are refused", () => {
    const one = pipe(true);
    // no flow of two frames, so that each is a write; the middle ones are longer than the pipe takes
    const sizes = [100, 9000, 9000, 200];
    const native = loadBinding();
    const { SOL_SOCKET, SO_SNDBUF } = native.constants;
    native.setSocketOption(one.device.fd, SOL_SOCKET, SO_SNDBUF, 1);
    const frames = sizes.map((bytes, i) =>
      makeFrame({ family: 4, protocol: "udp", sourcePort: 1000 + i }, new Uint8Array(bytes)),
    );
    expect(one.device.write(batchOf(frames, 9300), 0, frames.length)).toBe(2);
    expect(one.device.writeErrors).toBe(2);
    expect(one.device.lastWriteErrno).toBe(90);
    expect(one.drain().map((written) => written.length)).toEqual([100 + 38, 200 + 38]);
    expect(one.device.offloads).toContain("io-uring");
  });
});
