import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Origin } from "../../src/cli/origin.ts";
import { HANDOVER_VARIABLE, handoverValue, takeHandover, writeHandover } from "../../src/host/handover.ts";

const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);
const plain: Origin = {
  words: ["-E", "ä \ufffd", ""],
  raw: [],
  maskProblem: undefined,
  secretVariables: {},
  cwd: "/",
  pipes: new Map(),
  launcher: 7,
};

describe("what the first process hands over", () => {
  it.each<[string, Origin]>([
    ["words alone", plain],
    [
      "secrets of any bytes",
      {
        ...plain,
        raw: [everyByte, new Uint8Array(0)],
        maskProblem: "no memory",
        secretVariables: { passphrase: everyByte, key: "00", salt: "11" },
        pipes: new Map([
          ["/dev/fd/63", everyByte],
          ["/dev/stdin", new Uint8Array(0)],
        ]),
      },
    ],
  ])("arrives as it was: %s", (_, origin) => {
    const folder = mkdtempSync(join(tmpdir(), "handover-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "memory");
    const written = openSync(path, "w");
    writeHandover(written, origin);
    closeSync(written);
    const variables = { [HANDOVER_VARIABLE]: handoverValue(openSync(path, "r"), { type: "background", statusFd: 9 }) };
    const taken = takeHandover(variables);
    expect(taken).toEqual({ role: { type: "background", statusFd: 9 }, origin });
    expect(variables).toEqual({});
    expect(takeHandover(variables)).toBeUndefined();
  });
});
