import { EventEmitter } from "node:events";
import { mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AnytunError } from "../../src/errors.ts";
import type { LogFormat } from "../../src/log/line.ts";
import type { SyslogSender } from "../../src/log/syslog-target.ts";
import { openLog } from "../../src/log/targets.ts";
import { scratchDir } from "../support/scratch.ts";

class MemoryStream extends EventEmitter {
  readonly written: string[] = [];
  write(text: string): boolean {
    this.written.push(text);
    return true;
  }
}

function streams(format: LogFormat = "text") {
  const complaints: string[] = [];
  return {
    stdout: new MemoryStream(),
    stderr: new MemoryStream(),
    format,
    pid: 77,
    complaints,
    complain: (text: string) => void complaints.push(text),
    openFile: (path: string, flags: number) => openSync(path, flags, 0o666),
    connectSyslog: (): SyslogSender => {
      throw new Error("nobody listens");
    },
  };
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

describe("lines for collectors", () => {
  it("go to streams and files as JSON", () => {
    const path = join(scratchDir(), "log");
    const to = streams("json");
    const log = openLog(
      [
        { type: "stdout", level: 3 },
        { type: "file", level: 3, path },
      ],
      to,
      () => at,
    );
    log.warning("one\ntwo");
    log.close();
    const expected = { time: expect.any(String), level: "warning", pid: 77, text: "one\ntwo" };
    expect(to.stdout.written.map((line) => JSON.parse(line))).toEqual([expected]);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(expected);
  });
});

describe("the system log", () => {
  const spec = { type: "syslog", level: 3, ident: "anytun", facility: "daemon", orStderr: false } as const;

  it("gets lines of its own, whatever the format", () => {
    const sent: string[] = [];
    const sender = { send: (bytes: Uint8Array) => void sent.push(Buffer.from(bytes).toString()), close: () => {} };
    const to = { ...streams("json"), connectSyslog: () => sender };
    const log = openLog([spec], to, () => at);
    log.notice("n");
    log.info("not asked for");
    log.close();
    expect(sent).toEqual(["<29>Jan  2 03:04:05 anytun[77]: n"]);
    expect([to.complaints, to.stderr.written]).toEqual([[], []]);
  });

  it("that is not there is one line, and no failure", () => {
    const to = streams();
    const log = openLog([spec], to, () => at);
    expect(() => log.notice("n")).not.toThrow();
    log.close();
    expect(to.complaints).toEqual(["the system log is not there (nobody listens), trying again every second"]);
    expect(to.stderr.written).toEqual([]);
  });

  it("that nobody asked for gives way to stderr", () => {
    const to = streams();
    const log = openLog([{ ...spec, orStderr: true }], to, () => at);
    log.notice("n");
    log.info("i");
    log.close();
    expect(to.complaints).toEqual(["the system log is not there (nobody listens), logging to stderr"]);
    expect(to.stderr.written).toEqual(["2026-Jan-02 03:04:05 NOTICE: n\n"]);
  });

  it("that is switched off is not missed", () => {
    const to = streams();
    openLog([{ ...spec, level: 0 }], to).close();
    expect(to.complaints).toEqual([]);
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

describe("rotation", () => {
  it("loses no line and leaves nothing open", () => {
    const dir = scratchDir();
    const path = join(dir, "log");
    const log = openLog([{ type: "file", level: 3, path }], streams(), () => at);
    const before = openDescriptors();
    const names: string[] = [];
    for (let round = 0; round < 20; round++) {
      log.notice(`before ${round}`);
      const old = `${path}.${round}`;
      renameSync(path, old);
      log.notice(`moved ${round}`);
      log.reopen();
      names.push(old);
    }
    log.notice("end");
    expect(openDescriptors()).toBe(before);
    log.close();
    const texts = (name: string) => readFileSync(name, "utf8").match(/(?<=NOTICE: ).*/g);
    for (const [round, name] of names.entries()) expect(texts(name)).toEqual([`before ${round}`, `moved ${round}`]);
    expect(texts(path)).toEqual(["end"]);
  });

  it("makes a file that was removed anew", () => {
    const path = join(scratchDir(), "log");
    const log = openLog([{ type: "file", level: 3, path }], streams(), () => at);
    rmSync(path);
    log.reopen();
    log.notice("n");
    log.close();
    expect(readFileSync(path, "utf8")).toBe("2026-Jan-02 03:04:05 NOTICE: n\n");
  });

  it("that fails keeps the open file and says why, everywhere", () => {
    const dir = scratchDir();
    const path = join(dir, "log");
    const to = streams();
    const log = openLog(
      [
        { type: "stderr", level: 2 },
        { type: "file", level: 3, path },
      ],
      to,
      () => at,
    );
    renameSync(path, `${path}.1`);
    mkdirSync(path);
    log.reopen();
    log.notice("goes on");
    log.close();
    const warning = `2026-Jan-02 03:04:05 WARNING: can't reopen log file (${path}), the open one is used on: Illegal operation on a directory (EISDIR)\n`;
    expect(readFileSync(`${path}.1`, "utf8")).toBe(`${warning}2026-Jan-02 03:04:05 NOTICE: goes on\n`);
    expect(to.stderr.written).toEqual([warning]);
  });
});

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
