import { existsSync, readFileSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PidFile } from "../../src/host/pid-file.ts";
import { scratchDir } from "../support/scratch.ts";

const inScratch = (): string => join(scratchDir(), "pid");

describe("a pid file", () => {
  it("is there from the claim on, has its number when it is written, and goes at the end", () => {
    const path = inScratch();
    const file = PidFile.claim(path, 0o640);
    expect(readFileSync(path, "utf8")).toBe("");
    expect(statSync(path).mode & 0o777).toBe(0o640 & ~process.umask());
    file.write(4711);
    expect(readFileSync(path, "utf8")).toBe("4711");
    file.remove();
    file.remove();
    expect(existsSync(path)).toBe(false);
  });

  it("belongs to one claim at a time", () => {
    const path = inScratch();
    const first = PidFile.claim(path, 0o644);
    expect(() => PidFile.claim(path, 0o644)).toThrow(`pid file ${path} belongs to another daemon that is starting`);
    first.write(12);
    expect(() => PidFile.claim(path, 0o644)).toThrow(`pid file ${path} belongs to process 12, which is running`);
    first.remove();
    PidFile.claim(path, 0o644).remove();
  });

  it("of a number that another program has by now is taken over, and given back when the start fails", () => {
    const path = inScratch();
    // this process runs, and is no tunnel daemon
    writeFileSync(path, `${process.pid}\n`);
    const file = PidFile.claim(path, 0o644);
    file.remove();
    expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
    const again = PidFile.claim(path, 0o644);
    again.write(1);
    expect(readFileSync(path, "utf8")).toBe("1");
    again.remove();
    expect(existsSync(path)).toBe(false);
  });

  it("of a directory that is closed by then is emptied", () => {
    const path = inScratch();
    const file = PidFile.claim(path, 0o644);
    file.write(1);
    file.remove(() => {
      throw new Error("EACCES");
    });
    expect(readFileSync(path, "utf8")).toBe("");
  });

  it("that somebody else took away is nobody's", () => {
    const path = inScratch();
    const file = PidFile.claim(path, 0o644);
    file.write(1);
    unlinkSync(path);
    writeFileSync(path, "2");
    file.remove();
    expect(readFileSync(path, "utf8")).toBe("2");
  });

  it.each(["/nonexistent/pid", "/proc/pid", "/dev"])("cannot be %s", (path) => {
    expect(() => PidFile.claim(path, 0o644)).toThrow(`can't open pid file (${path}): `);
  });
});
