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
import { fingerprint, type SequenceIdentity } from "../../src/daemon/sequence-identity.ts";
import { SequenceStore, type SequenceStoreOptions } from "../../src/daemon/sequence-store.ts";
import { decodeRecord, encodeRecord, RECORD_BYTES } from "../../src/daemon/state-record.ts";
import { bundleProgram } from "../support/bundle.ts";
import { testIdentity } from "../support/identity.ts";
import { memoryLog } from "../support/memory-log.ts";
import { scratchDir } from "../support/scratch.ts";
import { until } from "../support/until.ts";

const SLOTS = [0, 4096];
const lock = { lockFile, unlockFile };

function open(dir: string, changes: Partial<SequenceStoreOptions> = {}): SequenceStore {
  return SequenceStore.open({ dir, identity: testIdentity, lock, log: memoryLog().log, ...changes });
}

function reserveOnce(dir: string, count: number, changes: Partial<SequenceStoreOptions> = {}): SequenceRange {
  const store = open(dir, changes);
  try {
    return store.reserve(count);
  } finally {
    store.close();
  }
}

function stateFile(dir: string): string {
  return join(dir, fingerprint(testIdentity));
}

function overwrite(path: string, position: number, bytes: Uint8Array): void {
  const fd = openSync(path, "r+");
  writeSync(fd, bytes, 0, bytes.length, position);
  closeSync(fd);
}

/** Puts the store where the test begins. */
function setPosition(dir: string, epoch: number, next: number): void {
  reserveOnce(dir, 1);
  const record = encodeRecord({ generation: 1_000_000, epoch, next }, fingerprint(testIdentity));
  overwrite(stateFile(dir), SLOTS[0] ?? 0, record);
}

function expectDisjoint(ranges: readonly SequenceRange[]): void {
  const sorted = [...ranges].sort((a, b) => a.senderId - b.senderId || a.first - b.first);
  for (const [i, range] of sorted.entries()) {
    expect(range.end).toBeGreaterThan(range.first);
    const previous = sorted[i - 1];
    if (previous?.senderId === range.senderId) expect(range.first).toBeGreaterThanOrEqual(previous.end);
  }
}

describe("a new store", () => {
  it("begins between 2^28 and 2^29 with the base sender id, private, in a private directory", () => {
    const dir = join(scratchDir(), "a", "b");
    const store = open(dir);
    const range = store.reserve(100);
    expect(range.senderId).toBe(7);
    expect(range.first).toBeGreaterThanOrEqual(2 ** 28);
    expect(range.first).toBeLessThan(2 ** 29);
    expect(range.end - range.first).toBe(100);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(store.path).toBe(stateFile(dir));
    expect(statSync(stateFile(dir)).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual([fingerprint(testIdentity)]);
    store.close();
    store.close();
  });

  it("draws its beginning at random", () => {
    const firsts = Array.from({ length: 3 }, () => reserveOnce(scratchDir(), 1).first);
    expect(new Set(firsts).size).toBe(3);
  });
});

describe("a store", () => {
  it("goes on where it was, in one process and in the next", () => {
    const dir = scratchDir();
    const store = open(dir);
    const ranges = [store.reserve(10), store.reserve(1), store.reserve(65_536)];
    store.close();
    ranges.push(reserveOnce(dir, 5), reserveOnce(dir, 5));
    for (const [i, range] of ranges.entries()) expect(range.first).toBe(ranges[i - 1]?.end ?? range.first);
  });

  it("has written a block before it hands it out", () => {
    const dir = scratchDir();
    const { first, end } = reserveOnce(dir, 1000);
    const bytes = readFileSync(stateFile(dir));
    const kept = SLOTS.map(
      (at) => decodeRecord(bytes.subarray(at, at + RECORD_BYTES), fingerprint(testIdentity))?.next,
    );
    expect(kept.sort()).toEqual([first, end]);
  });

  it("stays usable when its path goes away, as after a chroot", () => {
    const dir = join(scratchDir(), "state");
    const store = open(dir);
    const before = store.reserve(10);
    renameSync(dir, `${dir}.moved`);
    expect(store.reserve(10).first).toBe(before.end);
    store.close();
  });

  it("moves to the next sender id after the last number, and never crosses it", () => {
    const dir = scratchDir();
    setPosition(dir, 0, 2 ** 32 - 5);
    const store = open(dir, { random: (least) => least });
    expect(store.reserve(3)).toEqual({ senderId: 7, first: 2 ** 32 - 5, end: 2 ** 32 - 2 });
    expect(store.reserve(3)).toEqual({ senderId: 7, first: 2 ** 32 - 2, end: 2 ** 32 });
    expect(store.reserve(3)).toEqual({ senderId: 263, first: 2 ** 28, end: 2 ** 28 + 3 });
    store.close();
    expect(reserveOnce(dir, 1)).toEqual({ senderId: 263, first: 2 ** 28 + 3, end: 2 ** 28 + 4 });
  });

  it.each([
    [false, 65_535],
    [true, 255],
  ])("without epochs left refuses, for good (cluster %s)", (cluster, epoch) => {
    const dir = scratchDir();
    setPosition(dir, epoch, 2 ** 32 - 1);
    const store = open(dir, { cluster });
    expect(store.reserve(10).end).toBe(2 ** 32);
    const exhausted = expect.objectContaining({ code: "sequence-exhausted" });
    expect(() => store.reserve(1)).toThrow(exhausted);
    store.close();
    expect(() => reserveOnce(dir, 1, { cluster })).toThrow(exhausted);
  });

  it("does not follow a file that is set back while it runs", () => {
    const dir = scratchDir();
    const store = open(dir);
    const first = store.reserve(10);
    const backup = readFileSync(stateFile(dir));
    const second = store.reserve(10);
    overwrite(stateFile(dir), 0, backup);
    const third = store.reserve(10);
    store.close();
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
    const store = open("none", { log, random });
    expect(store.path).toBeUndefined();
    expect([store.reserve(5), store.reserve(5)]).toEqual([
      { senderId: 7, first: 2 ** 32 - 2, end: 2 ** 32 },
      { senderId: 263, first: 2 ** 32 - 2, end: 2 ** 32 },
    ]);
    store.close();
    expect(asked[0]).toEqual([2 ** 28, 2 ** 31]);
    expect(lines).toEqual([
      "WARNING: used sequence numbers are not kept (--state-dir none): a restart may repeat keystreams",
    ]);
    expect(readdirSync(".")).not.toContain("none");
  });

  it("warns of nothing where there are no keystreams", () => {
    const { log, lines } = memoryLog();
    open("none", { log, identity: { ...testIdentity, kdPrf: "null" } }).close();
    expect(lines).toEqual([]);
  });
});

describe("torn writes", () => {
  it.each([0, 1])("slot %i damaged at any byte: the other one counts, nothing is repeated", (slot) => {
    const dir = scratchDir();
    const ranges = [reserveOnce(dir, 10), reserveOnce(dir, 10)];
    const whole = readFileSync(stateFile(dir));
    const at = SLOTS[slot] ?? 0;
    for (const length of [0, 1, 8, 20, 31, 32, 47]) {
      writeFileSync(stateFile(dir), whole);
      overwrite(stateFile(dir), at + length, Buffer.alloc(RECORD_BYTES - length, 0xa5));
      const range = reserveOnce(dir, 10);
      // A torn write was never followed by its block; the older slot may lead to that block again, once.
      const known = ranges.at(-1);
      expect([known?.first, known?.end]).toContain(range.first);
    }
  });

  it("the damaged slot is the next one written", () => {
    const dir = scratchDir();
    const store = open(dir);
    store.reserve(10);
    const newest = store.reserve(10);
    store.close();
    // generation 2 lies in slot 0, so generation 1 is the one to lose
    overwrite(stateFile(dir), SLOTS[1] ?? 0, Buffer.alloc(RECORD_BYTES));
    const next = reserveOnce(dir, 10);
    expect(next.first).toBe(newest.end);
    expect(reserveOnce(dir, 10).first).toBe(next.end);
  });

  it.each<[string, (path: string) => void]>([
    ["both slots are damaged", (path) => overwrite(path, 0, Buffer.alloc(2 * 4096, 1))],
    ["the file is empty", (path) => truncateSync(path, 0)],
    [
      "the file is another's",
      (path) => writeFileSync(path, encodeRecord({ generation: 1, epoch: 0, next: 9 }, "other")),
    ],
  ])("is an error when %s", (_, damage) => {
    const dir = scratchDir();
    reserveOnce(dir, 10);
    damage(stateFile(dir));
    expect(() => open(dir)).toThrow(
      `state file ${stateFile(dir)} is damaged: used sequence numbers are unknown; use a new key or another --sender-id, then remove the file`,
    );
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

describe("identities", () => {
  const other: Partial<SequenceIdentity>[] = [
    { kdPrf: "aes-ctr-256" },
    { masterKey: new Uint8Array(16).fill(3) },
    { masterSalt: new Uint8Array(14).fill(3) },
    { masterKey: new Uint8Array(17).fill(1), masterSalt: new Uint8Array(13).fill(2) },
    { role: "right" },
    { senderId: 8 },
    { mux: 1 },
    { senderId: 70, mux: 0 },
  ];

  it("that differ in anything have names of their own, which show no key", () => {
    const names = [testIdentity, ...other.map((change) => ({ ...testIdentity, ...change }))].map(fingerprint);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{32}$/);
    expect(fingerprint({ ...testIdentity })).toBe(names[0]);
  });

  it("have names that are dear to guess", () => {
    const begin = performance.now();
    fingerprint(testIdentity);
    expect(performance.now() - begin).toBeGreaterThan(5);
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
    const running = spawn(process.execPath, [program, dir, String(size)], { stdio: ["ignore", "pipe", "inherit"] });
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

  it("share one key without repeating, and interleave", { timeout: 60_000 }, async () => {
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
