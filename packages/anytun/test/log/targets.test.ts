import { EventEmitter } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AnytunError } from "../../src/errors.ts";
import { openLog } from "../../src/log/targets.ts";
import { scratchDir } from "../support/scratch.ts";

class MemoryStream extends EventEmitter {
  readonly written: string[] = [];
  write(text: string): boolean {
    this.written.push(text);
    return true;
  }
}

function streams() {
  return { stdout: new MemoryStream(), stderr: new MemoryStream() };
}

const at = new Date(2026, 0, 2, 3, 4, 5).getTime();

describe("streams", () => {
  it("get whole lines", () => {
    const to = streams();
    const log = openLog(
      [
        { type: "stdout", level: 3 },
        { type: "stderr", level: 1 },
      ],
      to,
      () => at,
    );
    log.notice("n");
    log.error("e");
    expect(to.stdout.written).toEqual(["2026-Jan-02 03:04:05 NOTICE: n\n", "2026-Jan-02 03:04:05 ERROR: e\n"]);
    expect(to.stderr.written).toEqual(["2026-Jan-02 03:04:05 ERROR: e\n"]);
  });

  it("that lost their reader fall silent, the others go on", () => {
    const to = streams();
    const log = openLog(
      [
        { type: "stdout", level: 3 },
        { type: "stderr", level: 3 },
      ],
      to,
    );
    to.stdout.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    log.notice("n");
    expect(to.stdout.written).toEqual([]);
    expect(to.stderr.written).toHaveLength(1);
  });
});

describe("files", () => {
  it("are appended to and readable as the umask says", () => {
    const path = join(scratchDir(), "log");
    const mask = process.umask(0o027);
    try {
      for (const text of ["one", "two"]) {
        const log = openLog([{ type: "file", level: 3, path }], streams(), () => at);
        log.notice(text);
        log.close();
      }
    } finally {
      process.umask(mask);
    }
    expect(readFileSync(path, "utf8")).toBe("2026-Jan-02 03:04:05 NOTICE: one\n2026-Jan-02 03:04:05 NOTICE: two\n");
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it("with a long path and long lines are not cut", () => {
    const path = join(scratchDir(), "x".repeat(150));
    const log = openLog([{ type: "file", level: 3, path }], streams(), () => at);
    log.notice("y".repeat(300));
    log.close();
    expect(readFileSync(path, "utf8")).toBe(`2026-Jan-02 03:04:05 NOTICE: ${"y".repeat(300)}\n`);
  });

  it("that cannot be opened are an error that names them, and leave nothing open", () => {
    const dir = scratchDir();
    const path = join(dir, "missing", "log");
    const before = openDescriptors();
    const attempt = () =>
      openLog(
        [
          { type: "file", level: 3, path: join(dir, "ok") },
          { type: "file", level: 3, path },
        ],
        streams(),
      );
    expect(attempt).toThrow(AnytunError);
    expect(attempt).toThrow(`can't open log file (${path}): No such file or directory (ENOENT)`);
    expect(openDescriptors()).toBe(before);
  });

  it("on a full disk lose lines, never the daemon", () => {
    const log = openLog([{ type: "file", level: 3, path: "/dev/full" }], streams());
    expect(() => log.notice("lost")).not.toThrow();
    log.close();
  });
});

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
