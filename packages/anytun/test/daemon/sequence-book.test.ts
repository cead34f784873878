import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { SequenceRange } from "satp-core";
import { lockFile, unlockFile } from "tun-native";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type SequenceBookOptions, StoredSequenceBook } from "../../src/daemon/sequence-book.ts";
import {
  COPIES,
  copyOf,
  decodeRecord,
  encodeHead,
  encodeRecord,
  FILE_BYTES,
  RECORD_BYTES,
  recordOffset,
  recordPlace,
} from "../../src/daemon/state-record.ts";
import { bundleProgram } from "../support/bundle.ts";
import { memoryLog } from "../support/memory-log.ts";
import { scratchDir } from "../support/scratch.ts";
import { until } from "../support/until.ts";

const SENDER_ID = 7;
const MUX = 3;
const PLACE = recordPlace(SENDER_ID, MUX);
const OFFSETS = COPIES.map((copy) => recordOffset(MUX, copy));
const lock = { lockFile, unlockFile };

function open(dir: string, changes: Partial<SequenceBookOptions> = {}): StoredSequenceBook {
  return StoredSequenceBook.open({
    ...{ dir, senderId: SENDER_ID, hasKeys: true, lock, log: memoryLog().log },
    ...changes,
  });
}

function reserve(book: StoredSequenceBook, count: number, mux = MUX): SequenceRange {
  const [range] = book.reserve([{ mux, count }]);
  if (range === undefined) throw new Error("nothing reserved");
  return range;
}

function reserveOnce(dir: string, count: number, changes: Partial<SequenceBookOptions> = {}): SequenceRange {
  const book = open(dir, changes);
  try {
    return reserve(book, count);
  } finally {
    book.close();
  }
}

function stateFile(dir: string): string {
  return join(dir, `sender-${SENDER_ID}`);
}

function overwrite(path: string, position: number, bytes: Uint8Array): void {
  const fd = openSync(path, "r+");
  writeSync(fd, bytes, 0, bytes.length, position);
  closeSync(fd);
}

/** Puts the book where the test begins. */
function setPosition(dir: string, epoch: number, next: number): void {
  reserveOnce(dir, 1);
  const generation = 1_000_000;
  const record = encodeRecord({ generation, epoch, next }, PLACE);
  overwrite(stateFile(dir), recordOffset(MUX, copyOf(generation)), record);
}

function expectDisjoint(ranges: readonly SequenceRange[]): void {
  const sorted = [...ranges].sort((a, b) => a.senderId - b.senderId || a.first - b.first);
  for (const [i, range] of sorted.entries()) {
    expect(range.end).toBeGreaterThan(range.first);
    const previous = sorted[i - 1];
    if (previous?.senderId === range.senderId) expect(range.first).toBeGreaterThanOrEqual(previous.end);
  }
}

describe("a new book", () => {
  it("begins between 2^28 and 2^29 with the base sender id, private, in a private directory", () => {
    const dir = join(scratchDir(), "a", "b");
    const book = open(dir);
    const range = reserve(book, 100);
    expect(range.senderId).toBe(7);
    expect(range.first).toBeGreaterThanOrEqual(2 ** 28);
    expect(range.first).toBeLessThan(2 ** 29);
    expect(range.end - range.first).toBe(100);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(book.path).toBe(stateFile(dir));
    expect(statSync(stateFile(dir)).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(["sender-7"]);
    book.close();
    book.close();
  });

  it("draws its beginning at random", () => {
    const firsts = Array.from({ length: 3 }, () => reserveOnce(scratchDir(), 1).first);
    expect(new Set(firsts).size).toBe(3);
  });
});

describe("a book", () => {
  it("goes on where it was, in one process and in the next", () => {
    const dir = scratchDir();
    const book = open(dir);
    const ranges = [reserve(book, 10), reserve(book, 1), reserve(book, 65_536)];
    book.close();
    ranges.push(reserveOnce(dir, 5), reserveOnce(dir, 5));
    for (const [i, range] of ranges.entries()) expect(range.first).toBe(ranges[i - 1]?.end ?? range.first);
  });

  it("has written a block before it hands it out", () => {
    const dir = scratchDir();
    const { first, end } = reserveOnce(dir, 1000);
    const bytes = readFileSync(stateFile(dir));
    const kept = OFFSETS.map((at) => decodeRecord(bytes.subarray(at, at + RECORD_BYTES), PLACE)?.next);
    expect(kept).toEqual([undefined, end]);
    expect(end - first).toBe(1000);
  });

  it("stays usable when its path goes away, as after a chroot", () => {
    const dir = join(scratchDir(), "state");
    const book = open(dir);
    const before = reserve(book, 10);
    renameSync(dir, `${dir}.moved`);
    expect(reserve(book, 10).first).toBe(before.end);
    book.close();
  });

  it("moves to the next sender id after the last number, and never crosses it", () => {
    const dir = scratchDir();
    setPosition(dir, 0, 2 ** 32 - 5);
    const book = open(dir, { random: (least) => least });
    expect(reserve(book, 3)).toEqual({ senderId: 7, first: 2 ** 32 - 5, end: 2 ** 32 - 2 });
    expect(reserve(book, 3)).toEqual({ senderId: 7, first: 2 ** 32 - 2, end: 2 ** 32 });
    expect(reserve(book, 3)).toEqual({ senderId: 263, first: 2 ** 28, end: 2 ** 28 + 3 });
    book.close();
    expect(reserveOnce(dir, 1)).toEqual({ senderId: 263, first: 2 ** 28 + 3, end: 2 ** 28 + 4 });
  });

  it.each([
    [false, 65_535],
    [true, 255],
  ])("without epochs left refuses, for good (cluster %s)", (cluster, epoch) => {
    const dir = scratchDir();
    setPosition(dir, epoch, 2 ** 32 - 1);
    const book = open(dir, { cluster });
    expect(reserve(book, 10).end).toBe(2 ** 32);
    const exhausted = expect.objectContaining({ code: "sequence-exhausted" });
    expect(() => reserve(book, 1)).toThrow(exhausted);
    book.close();
    expect(() => reserveOnce(dir, 1, { cluster })).toThrow(exhausted);
  });

  it("does not follow a file that is set back while it runs", () => {
    const dir = scratchDir();
    const book = open(dir);
    const first = reserve(book, 10);
    const backup = readFileSync(stateFile(dir));
    const second = reserve(book, 10);
    overwrite(stateFile(dir), 0, backup);
    const third = reserve(book, 10);
    book.close();
    expectDisjoint([first, second, third]);
    expect(reserveOnce(dir, 1).first).toBe(third.end);
  });

  it("that keeps nothing begins between 2^28 and 2^31, with a warning, and makes no file", () => {
    const { log, lines } = memoryLog();
    const asked: number[][] = [];
    const random = (least: number, limit: number) => {
      asked.push([least, limit]);
      return 2 ** 32 - 2;
    };
    const book = open("none", { log, random });
    expect(book.path).toBeUndefined();
    expect([reserve(book, 5), reserve(book, 5)]).toEqual([
      { senderId: 7, first: 2 ** 32 - 2, end: 2 ** 32 },
      { senderId: 263, first: 2 ** 32 - 2, end: 2 ** 32 },
    ]);
    book.close();
    expect(asked[0]).toEqual([2 ** 28, 2 ** 31]);
    expect(lines).toEqual([
      "WARNING: used sequence numbers are not kept (--state-dir none): a restart may repeat keystreams",
    ]);
    expect(readdirSync(".")).not.toContain("none");
  });

  it("warns of nothing where there are no keystreams", () => {
    const { log, lines } = memoryLog();
    open("none", { log, hasKeys: false }).close();
    expect(lines).toEqual([]);
  });
});

describe("torn writes", () => {
  it.each(COPIES)("copy %i damaged at any byte: the other one counts, nothing is repeated", (copy) => {
    const dir = scratchDir();
    const ranges = [reserveOnce(dir, 10), reserveOnce(dir, 10)];
    const whole = readFileSync(stateFile(dir));
    const at = recordOffset(MUX, copy);
    for (const length of [0, 1, 8, 15, 16, 31]) {
      writeFileSync(stateFile(dir), whole);
      overwrite(stateFile(dir), at + length, Buffer.alloc(RECORD_BYTES - length, 0xa5));
      const range = reserveOnce(dir, 10);
      // A torn write was never followed by its block; the older slot may lead to that block again, once.
      const known = ranges.at(-1);
      expect([known?.first, known?.end]).toContain(range.first);
    }
  });

  it("the damaged copy is the next one written", () => {
    const dir = scratchDir();
    const book = open(dir);
    reserve(book, 10);
    const newest = reserve(book, 10);
    book.close();
    overwrite(stateFile(dir), recordOffset(MUX, copyOf(1)), Buffer.alloc(RECORD_BYTES));
    const next = reserveOnce(dir, 10);
    expect(next.first).toBe(newest.end);
    expect(reserveOnce(dir, 10).first).toBe(next.end);
  });

  it.each<[string, (path: string) => void]>([
    ["its head is damaged", (path) => overwrite(path, 0, Buffer.alloc(8, 1))],
    ["the file is empty", (path) => truncateSync(path, 0)],
    ["the file is cut", (path) => truncateSync(path, FILE_BYTES - 1)],
    ["the file is another's", (path) => overwrite(path, 0, encodeHead(8))],
  ])("is an error when %s", (_, damage) => {
    const dir = scratchDir();
    reserveOnce(dir, 10);
    damage(stateFile(dir));
    expect(() => open(dir)).toThrow(
      `state file ${stateFile(dir)} is damaged: used sequence numbers are unknown; use new keys or another --sender-id, then remove the file`,
    );
  });

  it("are an error for the mux both copies of which are damaged, and for no other", () => {
    const dir = scratchDir();
    reserveOnce(dir, 10);
    for (const at of OFFSETS) overwrite(stateFile(dir), at, Buffer.alloc(RECORD_BYTES, 1));
    const book = open(dir);
    expect(() => reserve(book, 1)).toThrow("is damaged");
    expect(reserve(book, 1, MUX + 1).first).toBeGreaterThanOrEqual(2 ** 28);
    overwrite(
      stateFile(dir),
      recordOffset(MUX + 1, copyOf(1)),
      encodeRecord({ generation: 9, epoch: 0, next: 1 }, PLACE),
    );
    expect(() => reserve(book, 1, MUX + 1)).toThrow("is damaged");
    book.close();
  });
});

describe("who may look", () => {
  it.each<[string, (dir: string) => void, RegExp]>([
    [
      "directory that others can enter",
      (dir) => chmodSync(dir, 0o711),
      /^state directory .* has mode 0711, expected 0700: others/,
    ],
    ["directory of mode 0755", (dir) => chmodSync(dir, 0o755), /has mode 0755, expected 0700/],
    [
      "file of mode 0640",
      (dir) => chmodSync(stateFile(dir), 0o640),
      /^state file .* has mode 0640, expected 0600: others/,
    ],
  ])("a %s is refused", (_, open_, expected) => {
    const dir = scratchDir();
    reserveOnce(dir, 1);
    open_(dir);
    expect(() => open(dir)).toThrow(expected);
    expect(() => open(dir)).toThrow("--state-dir");
  });

  it("a container's new volume is closed to others, unless they could have written there", () => {
    const volume = scratchDir();
    mkdirSync(join(volume, "lost+found"));
    chmodSync(volume, 0o755);
    reserveOnce(volume, 1);
    expect(statSync(volume).mode & 0o777).toBe(0o700);
    for (const mode of [0o777, 0o1777, 0o775]) {
      const open_ = scratchDir();
      chmodSync(open_, mode);
      expect(() => open(open_)).toThrow(/^state directory .* has mode 07\d\d, expected 0700: others/);
      expect(statSync(open_).mode & 0o1777).toBe(mode);
    }
  });

  it("a symbolic link is not followed", () => {
    const dir = scratchDir();
    writeFileSync(join(dir, "elsewhere"), "", { mode: 0o600 });
    symlinkSync("elsewhere", stateFile(dir));
    expect(() => open(dir)).toThrow(/: open: .*\(ELOOP\)/);
  });

  it("a directory in the file's place is refused", () => {
    const dir = scratchDir();
    mkdirSync(stateFile(dir));
    expect(() => open(dir)).toThrow(/: open: .*\(EISDIR\)/);
  });

  it("a path that cannot be a directory names the system call, the errno and the option", () => {
    expect(() => open("/dev/null/anytun")).toThrow(
      "state file /dev/null/anytun: mkdir: Not a directory (ENOTDIR); used sequence numbers must be kept; choose a place for them with --state-dir",
    );
    expect(() => open("/proc/anytun")).toThrow(/mkdir: .*\(ENOENT\)/);
  });
});

describe("many muxes", () => {
  it("have numbers of their own", () => {
    const dir = scratchDir();
    const book = open(dir);
    const muxes = [0, 1, MUX, 65_535];
    const first = book.reserve(muxes.map((mux) => ({ mux, count: 10 })));
    const second = book.reserve(muxes.map((mux) => ({ mux, count: 10 })));
    expect(second.map(({ first }) => first)).toEqual(first.map(({ end }) => end));
    expect(new Set(first.map(({ first }) => first)).size).toBe(muxes.length);
    book.close();
    expect(reserveOnce(dir, 1).first).toBe(second[2]?.end);
  });

  it("and one mux twice in one reservation get different numbers", () => {
    const dir = scratchDir();
    const book = open(dir);
    const ranges = book.reserve([1, 2, 3].map((count) => ({ mux: MUX, count })));
    expectDisjoint(ranges);
    expect(reserve(book, 1).first).toBe(ranges[2]?.end);
    book.close();
  });

  it("go up to what is asked for, and never down", () => {
    const dir = scratchDir();
    const book = open(dir);
    expect(book.reserve([{ mux: MUX, count: 5, atLeast: 2 ** 30 }])).toEqual([
      { senderId: SENDER_ID, first: 2 ** 30, end: 2 ** 30 + 5 },
    ]);
    expect(book.reserve([{ mux: MUX, count: 5, atLeast: 9 }])[0]?.first).toBe(2 ** 30 + 5);
    // the next epoch has another sender id, whose numbers nobody else knows
    expect(book.reserve([{ mux: MUX, count: 5, atLeast: 2 ** 32 }])[0]?.senderId).toBe(263);
    expect(book.reserve([{ mux: MUX, count: 5, atLeast: 2 ** 32 }])[0]?.senderId).toBe(263);
    book.close();
  });

  it("take little time and space", () => {
    const dir = scratchDir();
    const book = open(dir);
    const requests = Array.from({ length: 10_000 }, (_, mux) => ({ mux, count: 65_536 }));
    // of the processor: others may want it at the same time
    const begin = process.cpuUsage();
    expect(book.reserve(requests)).toHaveLength(10_000);
    const { user, system } = process.cpuUsage(begin);
    expect((user + system) / 1000).toBeLessThan(1500);
    book.close();
    expect(statSync(stateFile(dir)).blocks * 512).toBeLessThan(2 ** 20);
  });
});

describe("several processes", () => {
  let program: string;
  beforeAll(async () => {
    const bundle = await bundleProgram("test/support/reserve-forever.ts");
    program = bundle.path;
    return bundle.remove;
  });

  function child(dir: string, size: number) {
    const running = spawn(process.execPath, [program, dir, String(SENDER_ID), String(MUX), String(size)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const closed = once(running, "close");
    onTestFinished(() => void running.kill("SIGKILL"));
    let text = "";
    running.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    return {
      /** Complete lines only: the last one may be torn. */
      ranges: (): SequenceRange[] =>
        text
          .slice(0, text.lastIndexOf("\n") + 1)
          .split("\n")
          .slice(0, -1)
          .map((line) => {
            const [senderId = 0, first = 0, end = 0] = line.split(" ").map(Number);
            return { senderId, first, end };
          }),
      kill: async (): Promise<void> => {
        running.kill("SIGKILL");
        await closed;
      },
    };
  }

  it("repeat nothing when killed 50 times in the middle of reservations", { timeout: 120_000 }, async () => {
    const dir = scratchDir();
    const all: SequenceRange[] = [];
    for (let round = 0; round < 50; round++) {
      const reserving = child(dir, 16);
      await until(() => reserving.ranges().length > 0);
      await new Promise((resolve) => setTimeout(resolve, round % 10));
      await reserving.kill();
      all.push(...reserving.ranges());
    }
    expect(all.length).toBeGreaterThanOrEqual(50);
    expectDisjoint(all);
    expect(reserveOnce(dir, 1).first).toBeGreaterThanOrEqual(Math.max(...all.map(({ end }) => end)));
  });

  it("share a mux without repeating, and interleave", { timeout: 60_000 }, async () => {
    const dir = scratchDir();
    const children = [child(dir, 7), child(dir, 11), child(dir, 13)];
    // each has gone on after each of the others began
    const interleaved = (): boolean => {
      const lists = children.map(({ ranges }) => ranges());
      const begins = lists.map((list) => list[0]?.first ?? Number.POSITIVE_INFINITY);
      const ends = lists.map((list) => list.at(-1)?.end ?? 0);
      return Math.max(...begins) < Math.min(...ends) && lists.every((list) => list.length >= 100);
    };
    await until(interleaved);
    await Promise.all(children.map(({ kill }) => kill()));
    expectDisjoint(children.flatMap(({ ranges }) => ranges()));
  });

  it("wait for the lock, and say so when it is not given back", () => {
    const dir = scratchDir();
    let busy = 3;
    const briefly = { lockFile: () => --busy < 0, unlockFile: () => {} };
    expect(reserveOnce(dir, 5, { lock: briefly }).end).toBeGreaterThan(0);
    const taken = { lockFile: () => false, unlockFile: () => {} };
    expect(() => reserveOnce(dir, 5, { lock: taken })).toThrow(/is locked by another process for 2000 ms/);
  });

  it("give the lock back when a reservation fails", () => {
    const dir = scratchDir();
    setPosition(dir, 65_535, 2 ** 32);
    const held: number[] = [];
    const counting = { lockFile: (fd: number) => held.push(fd) > 0, unlockFile: () => void held.pop() };
    expect(() => reserveOnce(dir, 1, { lock: counting })).toThrow("used up");
    expect(held).toEqual([]);
  });
});
