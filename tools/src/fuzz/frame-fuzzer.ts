// Hostile frames of the cluster protocol, made from real ones: bytes, tokens and lengths that no original writes.
import { Random } from "./random.ts";

export const frameKinds = ["flipped", "cut", "spliced", "token", "count", "garbage", "framing", "untouched"] as const;
export type FrameKind = (typeof frameKinds)[number];

export interface FuzzedFrame {
  readonly kind: FrameKind;
  /** One frame, or what is left of it; valid until the next one is made. */
  readonly bytes: Uint8Array;
}

/** Numbers at and beyond the ends of every range that the protocol has. */
const hostile: readonly [string, ...string[]] = [
  ...(["0", "1", "-1", "2", "7", "9", "13", "14", "15", "16", "24", "32", "33", "128", "129", "255", "256"] as const),
  ...["65535", "65536", "-65535", "-65536", "2147483647", "2147483648", "4294967295", "4294967296", "-4294967296"],
  ...["18446744073709551615", "18446744073709551616", "99999999999999999999999999", "+7", "007", "7abc", "-", "+", ""],
  ...["10.0.0.0", "255.255.255.255", "010.0.0.1", "::", "fe80::1%lo", "localhost", "route", "connection", "1e9"],
];
const frame = /^\d{5} /;

/** The same seed gives the same frames. */
export class FrameFuzzer {
  readonly #random: Random;
  readonly #archives: readonly [Buffer, ...Buffer[]];

  /** @param archives of real frames, without their lengths; at least one */
  constructor(archives: readonly string[], seed: number) {
    const [first, ...others] = archives.map((text) => Buffer.from(text, "latin1"));
    if (first === undefined) throw new RangeError("a fuzzer needs archives to begin with");
    if (archives.some((text) => frame.test(text))) throw new RangeError("archives come without their lengths");
    this.#archives = [first, ...others];
    this.#random = new Random(seed);
  }

  next(): FuzzedFrame {
    const random = this.#random;
    const kind = random.pick(frameKinds);
    const archive = random.pick(this.#archives);
    switch (kind) {
      case "flipped":
        return { kind, bytes: framed(this.#flip(Buffer.from(archive))) };
      case "cut":
        return { kind, bytes: framed(archive.subarray(0, random.below(archive.length))) };
      case "spliced":
        return { kind, bytes: framed(this.#splice(archive, random.pick(this.#archives))) };
      case "token":
        return { kind, bytes: framed(this.#replaceToken(archive, 1 + random.below(3))) };
      case "count":
        return { kind, bytes: framed(this.#replaceToken(archive, 1, "4294967295")) };
      case "garbage":
        return { kind, bytes: framed(Buffer.from(random.fill(new Uint8Array(random.below(300))))) };
      case "framing":
        return { kind, bytes: this.#breakFraming(framed(archive)) };
      case "untouched":
        return { kind, bytes: framed(archive) };
    }
  }

  #flip(bytes: Buffer): Buffer {
    for (let flips = 1 + this.#random.below(4); flips > 0; flips--) {
      bytes[this.#random.below(bytes.length)] = this.#random.word();
    }
    return bytes;
  }

  #splice(a: Buffer, b: Buffer): Buffer {
    return Buffer.concat([a.subarray(0, this.#random.below(a.length)), b.subarray(this.#random.below(b.length))]);
  }

  /** Behind the signature, which would refuse the rest unseen. */
  #replaceToken(archive: Buffer, count: number, value?: string): Buffer {
    const tokens = archive.toString("latin1").split(" ");
    for (let i = 0; i < count; i++) {
      const at = 2 + this.#random.below(Math.max(tokens.length - 2, 1));
      tokens[at] = value ?? this.#random.pick(hostile);
    }
    return Buffer.from(tokens.join(" "), "latin1");
  }

  #breakFraming(bytes: Buffer): Buffer {
    const length = this.#random.pick(["99999 ", "-0001 ", "     7", "0x10  ", "00000 ", "\n\r\n\n\n\n", "+9999 "]);
    bytes.write(length, 0, "latin1");
    return this.#random.below(2) === 0 ? bytes : bytes.subarray(this.#random.below(bytes.length));
  }
}

function framed(archive: Buffer): Buffer {
  const length = archive.length.toString().padStart(5, "0");
  return Buffer.concat([Buffer.from(`${length} `), archive]);
}
