/** Frames for properties: super-frames of every kind, and bursts in which several flows take turns. */
import fc from "fast-check";
import { ethernet, type FrameOptions, makeFrame } from "./super-frames.ts";

export interface RandomSuperFrame {
  readonly kind: "tun" | "tap";
  readonly frame: FrameOptions;
  readonly payload: Uint8Array;
  readonly segmentBytes: number;
}

const TIMESTAMPS = Uint8Array.from([1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8]);

const link = fc.constantFrom<"tun" | "tap" | "vlan" | "two vlans">("tun", "tap", "vlan", "two vlans");
/** A super-frame of any kind that a device may deliver. */
export const anySuperFrame: fc.Arbitrary<RandomSuperFrame> = fc
  .record({
    family: fc.constantFrom<4 | 6>(4, 6),
    protocol: fc.constantFrom<"tcp" | "udp">("tcp", "udp"),
    link,
    options: fc.constantFrom(new Uint8Array(0), TIMESTAMPS, new Uint8Array(40).fill(1)),
    tcpFlags: fc.constantFrom(16, 16 | 8, 16 | 1, 16 | 8 | 1, 16 | 128, 16 | 64 | 8),
    sequence: fc.integer({ min: 0, max: 0xffffffff }),
    id: fc.integer({ min: 0, max: 0xffff }),
    dontFragment: fc.boolean(),
    segmentBytes: fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 500, max: 9000 })),
    segments: fc.integer({ min: 1, max: 60 }),
    lastBytes: fc.integer({ min: 1, max: 9000 }),
    seed: fc.integer({ min: 0, max: 255 }),
  })
  .map(({ link, options, segmentBytes, segments, lastBytes, seed, ...fields }) => {
    const family = fields.family;
    const vlans = link === "vlan" ? [5] : link === "two vlans" ? [5, 6] : [];
    const wished = segmentBytes * (segments - 1) + Math.min(lastBytes, segmentBytes);
    const payload = Uint8Array.from({ length: Math.min(wished, 65_000) }, (_, i) => (i * 31 + seed) & 0xff);
    const base = fields.protocol === "tcp" ? { ...fields, tcpOptions: options } : fields;
    const frame: FrameOptions = link === "tun" ? base : { ...base, link: ethernet(family, ...vlans) };
    return { frame, payload, segmentBytes, kind: link === "tun" ? ("tun" as const) : ("tap" as const) };
  });

const step = fc.record({
  flow: fc.integer({ min: 0, max: 5 }),
  bytes: fc.constantFrom(0, 1, 100, 100, 100, 1000),
  event: fc.constantFrom<"" | "push" | "damage" | "gap" | "fragment">(
    "",
    "",
    "",
    "",
    "push",
    "damage",
    "gap",
    "fragment",
  ),
});

/** Up to 300 frames of six flows, IPv4 and IPv6, TCP and UDP, with gaps, fragments and wrong checksums among them. */
export const mixedFlows: fc.Arbitrary<Buffer[]> = fc
  .array(step, { minLength: 1, maxLength: 300, size: "max" })
  .map((steps) => {
    const sequences = new Array<number>(6).fill(1);
    return steps.map(({ flow, bytes, event }, i) => {
      const family = flow % 2 === 0 ? 4 : 6;
      const protocol = flow < 4 ? "tcp" : "udp";
      if (event === "gap") sequences[flow] = (sequences[flow] ?? 0) + 5;
      const sequence = sequences[flow] ?? 0;
      sequences[flow] = sequence + bytes;
      const tcpFlags = event === "push" ? 24 : 16;
      const frame = makeFrame(
        { family, protocol, sourcePort: 1000 + flow, sequence, id: i, tcpFlags },
        Uint8Array.from({ length: bytes }, (_, k) => (k * 13 + i) & 0xff),
      );
      if (event === "damage") frame[frame.length - 1] = (frame[frame.length - 1] ?? 0) ^ 0x10;
      if (event === "fragment" && family === 4) frame.writeUInt16BE(0x2000, 6);
      return frame;
    });
  });

/**
 * The frames of one of these flows, in hex. Without identifications, which mean nothing here: all of them forbid
 * fragmenting.
 */
export function ofFlow(frames: readonly Buffer[], flow: number): string[] {
  return frames.flatMap((frame) => {
    const transport = (frame[0] ?? 0) >> 4 === 4 ? 20 : 40;
    if (frame.readUInt16BE(transport) !== 1000 + flow) return [];
    const copy = Buffer.from(frame);
    if (transport === 20) copy.fill(0, 4, 6).fill(0, 10, 12);
    return [copy.toString("hex")];
  });
}
