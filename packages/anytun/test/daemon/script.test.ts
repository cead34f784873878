import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startScript } from "../../src/daemon/script.ts";
import { memoryLog } from "../support/memory-log.ts";
import { scratchDir } from "../support/scratch.ts";
import { until } from "../support/until.ts";

function script(text: string, mode = 0o755): string {
  const path = join(scratchDir(), "up.sh");
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function start(path: string, timing: { timeoutMs?: number; graceMs?: number } = {}) {
  const { log, lines } = memoryLog();
  return { lines, run: startScript({ kind: "post-up", script: path, args: ["tun7", "/dev/net/tun"], log, ...timing }) };
}

/** Lines without the path of the script. */
function plain(lines: readonly string[], path: string): string[] {
  return lines.map((line) => line.replaceAll(path, "S"));
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

describe("a post-up script", () => {
  it("gets device and node, only PATH, and no input; its output and status are logged", async () => {
    // the shell's own /proc/self/environ is what it was started with
    const path = script('#!/bin/sh\necho "$# $1 $2"\necho err >&2\ntr "\\0" "\\n" </proc/self/environ\ncat\nexit 7\n');
    const { lines, run } = start(path);
    await run.ended;
    await until(() => lines.length >= 5);
    expect(plain(lines, path).sort()).toEqual([
      "INFO: script 'S': 2 tun7 /dev/net/tun",
      "INFO: script 'S': PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "INFO: script 'S': err",
      "NOTICE: executing post-up script 'S'",
      "NOTICE: script 'S' returned 7",
    ]);
  });

  it("that dies of a signal is logged with its number", async () => {
    const path = script("#!/bin/sh\nkill -9 $$\n");
    const { lines, run } = start(path);
    await run.ended;
    expect(plain(lines, path)).toContain("NOTICE: script 'S' terminated after signal 9");
  });

  it.each<[string, () => string, string]>([
    ["is missing", () => join(scratchDir(), "none"), "No such file or directory"],
    ["is not executable", () => script("#!/bin/sh\n", 0o644), "Permission denied"],
    ["has no interpreter line", () => script("echo hello\n"), "Exec format error"],
    ["is empty", () => script(""), "Exec format error"],
    ["has an interpreter that is missing", () => script("#!/no/such/shell\n"), "No such file or directory"],
  ])("that %s is an exec error", async (_, make, reason) => {
    const path = make();
    const { lines, run } = start(path);
    await run.ended;
    await run.close();
    expect(plain(lines, path)).toEqual([
      "NOTICE: executing post-up script 'S'",
      `ERROR: script 'S' exec() error: ${reason}`,
    ]);
  });

  it("without a slash is a file of the working directory, never one of PATH", async () => {
    const { lines, run } = start("true");
    await run.ended;
    expect(lines).toContain("ERROR: script 'true' exec() error: No such file or directory");
  });

  it("that takes too long is terminated", async () => {
    const path = script("#!/bin/sh\nexec sleep 60\n");
    const { lines, run } = start(path, { timeoutMs: 100 });
    await run.ended;
    expect(plain(lines, path)).toEqual([
      "NOTICE: executing post-up script 'S'",
      "WARNING: script 'S' still runs after 0.1 sec., terminating it",
      "NOTICE: script 'S' terminated after signal 15",
    ]);
  });

  it("that ignores SIGTERM is killed, with what it waits for", async () => {
    const dir = scratchDir();
    const path = script(`#!/bin/sh\ntrap "" TERM\nsh -c 'echo $$ >${dir}/pid; exec sleep 60'\necho again\nsleep 60\n`);
    const { lines, run } = start(path, { timeoutMs: 300, graceMs: 100 });
    await run.ended;
    expect(plain(lines, path).at(-1)).toBe("NOTICE: script 'S' terminated after signal 9");
    const pid = Number(readFileSync(join(dir, "pid"), "utf8"));
    await until(() => !alive(pid));
  });

  it("is ended at shutdown", async () => {
    const path = script("#!/bin/sh\nexec sleep 60\n");
    const { lines, run } = start(path);
    const [first, second] = [run.close(), run.close()];
    await Promise.all([first, second]);
    expect(plain(lines, path)).toEqual([
      "NOTICE: executing post-up script 'S'",
      "NOTICE: script 'S' terminated after signal 15",
    ]);
  });

  it("may leave a program running, which is not touched", async () => {
    const dir = scratchDir();
    const path = script(`#!/bin/sh\nsleep 30 & echo $! >${dir}/pid\n`);
    const { run } = start(path, { timeoutMs: 1000 });
    await run.ended;
    await run.close();
    const pid = Number(readFileSync(join(dir, "pid"), "utf8"));
    expect(alive(pid)).toBe(true);
    process.kill(pid, "SIGKILL");
  });

  it("cannot flood or forge the log", async () => {
    const path = script(
      "#!/bin/sh\ni=0; while [ $i -lt 1500 ]; do echo line; i=$((i+1)); done\nhead -c 5000 /dev/zero | tr '\\0' x\n",
    );
    const { lines, run } = start(path);
    await run.ended;
    await until(() => lines.length >= 1003);
    expect(lines.filter((line) => line.endsWith(": line"))).toHaveLength(1000);
    expect(plain(lines, path)).toContain("WARNING: script 'S' wrote 1000 lines, ignoring the rest");

    const long = script("#!/bin/sh\nhead -c 5000 /dev/zero | tr '\\0' x; printf '\\033[2J\\n'\n");
    const other = start(long);
    await other.run.ended;
    await until(() => other.lines.length >= 3);
    expect(Math.max(...plain(other.lines, long).map((line) => line.length))).toBe("INFO: script 'S': ".length + 1024);
  });

  it("runs on while the caller goes on", () => {
    const dir = scratchDir();
    const path = script(`#!/bin/sh\nsleep 0.2\ntouch ${dir}/late\n`);
    const { run } = start(path);
    expect(existsSync(join(dir, "late"))).toBe(false);
    return run.ended.then(() => expect(existsSync(join(dir, "late"))).toBe(true));
  });
});
