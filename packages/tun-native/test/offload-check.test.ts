/** Segmentation and joining on their own, every frame in memory of exactly its length and watched by sanitizers. */
import fc from "fast-check";
import { requires } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ARM64, BUILD_MS, HERE, NativeProgram } from "./support/native-program.ts";
import { anySuperFrame, mixedFlows, ofFlow } from "./support/random-frames.ts";
import {
  cutNaively,
  internetChecksum,
  makeFrame,
  superFrame,
  unjoin,
  VNET_BYTES,
  vnetHeader,
} from "./support/super-frames.ts";

const SOURCES = ["checksum", "flow_packet", "joiner", "super_frame"].map((name) => `native/offload/${name}.cc`);

const anyFrame = fc
  .record({
    family: fc.constantFrom<4 | 6>(4, 6),
    protocol: fc.constantFrom<"tcp" | "udp">("tcp", "udp"),
    length: fc.integer({ min: 0, max: 3000 }),
  })
  .map(({ length, ...frame }) => ({ frame, payload: Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff) }));

/** What nobody should send: cut off, with changed bytes, or no frame at all. */
const damaged = (bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      fc.oneof(bytes, fc.uint8Array({ minLength: VNET_BYTES, maxLength: 200 })),
      fc.array(fc.tuple(fc.nat(90), fc.nat(255)), { maxLength: 4 }),
      fc.oneof(fc.constant(65_535), fc.integer({ min: VNET_BYTES, max: 120 })),
    )
    .map(([given, changes, length]) => {
      const frame = Buffer.from(given.subarray(0, length));
      for (const [at, value] of changes) if (at < frame.length) frame[at] = value;
      return frame;
    });

describe.each([
  { place: "this machine", target: HERE, runs: 100, needs: requires() },
  { place: "64-bit ARM", target: ARM64, runs: 15, needs: requires("aarch64-linux-gnu-g++", "qemu-aarch64-static") },
])("alone on $place", ({ target, runs, needs }) => {
  describe("with sanitizers", needs, () => {
    let program: NativeProgram;
    beforeAll(async () => {
      program = await NativeProgram.build(target, ["test/native/offload-check.cc", ...SOURCES]);
    }, BUILD_MS);
    afterAll(() => program?.close());

    /** The lines that the program prints for these commands; it must live to the last of them. */
    const answers = (commands: readonly string[]): string[] => {
      const { status, stdout, stderr } = program.run(`${commands.join("\n")}\n`);
      expect({ status, stderr: stderr.slice(0, 4000) }).toEqual({ status: 0, stderr: "" });
      return stdout.trimEnd().split("\n");
    };
    // Always others, and told by the message of a failure.
    const seed = Date.now() & 0x7fffffff;
    const samples = <T>(arbitrary: fc.Arbitrary<T>, count = runs): T[] =>
      fc.sample(arbitrary, { numRuns: count, seed });

    it("bytes of every length are summed and copied to every place", () => {
      const lengths = [...Array.from({ length: 200 }, (_, i) => i), 1347, 1348, 9001, 65_535];
      // the second carries from every word into the next
      const fills = [(i: number) => (i * 151 + (i >> 3)) & 0xff, () => 0xff, () => 0];
      const given = lengths.flatMap((length, i) =>
        fills.map((fill, k) => ({
          offset: (i * 3 + k) % 64,
          bytes: Buffer.from(Array.from({ length }, (_, at) => fill(at))),
        })),
      );
      const expected = given.map(({ offset, bytes }) => {
        const checksum = internetChecksum(bytes).toString(16).padStart(4, "0");
        return `${checksum} ${checksum} ${"00".repeat(offset)}${bytes.toString("hex")}`.trimEnd();
      });
      const lines = answers(given.map(({ offset, bytes }) => `sum ${offset} ${bytes.toString("hex")}`));
      expect(lines.length).toBe(expected.length);
      expect(lines.findIndex((line, i) => line.trimEnd() !== expected[i])).toBe(-1);
    });

    it("super-frames are cut as a naive segmenter cuts them", () => {
      const supers = samples(anySuperFrame);
      const commands = supers.map(
        ({ kind, frame, payload, segmentBytes }) =>
          `cut ${kind} ${superFrame(frame, payload, segmentBytes).toString("hex")}`,
      );
      const expected = supers.flatMap(({ frame, payload, segmentBytes }) => [
        ...cutNaively(frame, payload, segmentBytes).map((one) => one.toString("hex")),
        "end",
      ]);
      const given = answers(commands);
      expect(given.length, `seed ${seed}`).toBe(expected.length);
      expect(
        given.findIndex((line, i) => line !== expected[i]),
        `seed ${seed}`,
      ).toBe(-1);
    });

    it("ordinary frames get their checksums", () => {
      const frames = samples(anyFrame).map(({ frame, payload }) => {
        const unfinished = superFrame(frame, payload, 1);
        unfinished.fill(0, 1, 6);
        return { unfinished, finished: makeFrame(frame, payload) };
      });
      const given = answers(frames.map(({ unfinished }) => `finish ${unfinished.toString("hex")}`));
      expect(given, `seed ${seed}`).toEqual(frames.map(({ finished }) => finished.toString("hex")));
    });

    it("flows that take turns are joined without a change", () => {
      const bursts = samples(mixedFlows).map((frames) => frames.slice(0, 256));
      const commands = bursts.flatMap((frames) => [
        ...frames.map((frame) => `frame ${frame.toString("hex")}`),
        "join tun",
      ]);
      const lines = answers(commands).values();
      let joined = 0;
      for (const frames of bursts) {
        const written: Buffer[] = [];
        for (let line = lines.next().value; line !== undefined && line !== "end"; line = lines.next().value) {
          written.push(Buffer.from(line, "hex"));
        }
        const arrived = written.flatMap(unjoin);
        joined += frames.length - written.length;
        expect(arrived.length, `seed ${seed}`).toBe(frames.length);
        for (let flow = 0; flow < 6; flow++)
          expect(ofFlow(arrived, flow), `seed ${seed}`).toEqual(ofFlow(frames, flow));
      }
      expect(joined).toBeGreaterThan(runs);
    });

    it("whatever comes, no byte outside of a frame is touched", () => {
      const supers = damaged(
        anySuperFrame.map(({ frame, payload, segmentBytes }) =>
          superFrame(frame, payload.subarray(0, 5000), Math.max(40, segmentBytes)),
        ),
      );
      const frames = damaged(anyFrame.map(({ frame, payload }) => makeFrame(frame, payload)));
      const noHeader = vnetHeader({
        ...{ flags: 0, gsoType: 0, headerBytes: 0 },
        ...{ segmentBytes: 0, checksumStart: 0, checksumOffset: 0 },
      });
      const kinds = ["tun", "tap"];
      const commands = kinds.flatMap((kind) => [
        ...samples(supers, 8 * runs).map((one) => `cut ${kind} ${one.toString("hex")}`),
        ...samples(supers, 4 * runs).map((one) => `finish ${one.toString("hex")}`),
        ...samples(frames, 200).map((one) => `frame ${one.toString("hex")}`),
        `join ${kind}`,
        // frames of nothing but what a burst may bring
        ...["", "45", "60", "4500"].map((hex) => `frame ${hex}`),
        `join ${kind}`,
        `cut ${kind} ${noHeader.toString("hex")}`,
      ]);
      const lines = answers(commands);
      expect(lines.filter((line) => line === "end").length, `seed ${seed}`).toBeGreaterThan(4 + runs / 10);
      expect(lines.filter((line) => line === "refused").length, `seed ${seed}`).toBeGreaterThan(runs / 10);
    });
  });
});
