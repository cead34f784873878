/** Into the background and out of it: what callers, init scripts and supervisors see. */

import { fileURLToPath } from "node:url";
import { type Host, Lab, requires } from "satp-tools/lab";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../dist/anytun.js", import.meta.url));
const KEY = ["-E", "top secret words"];

/** Waits until no file or process says otherwise; `$1` is a process id. */
const GONE = "while [ -e /proc/$1/exe ]; do sleep 0.02; done";

describe("a daemon in the background", requires("root", "tun"), () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.create();
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  let host: Host;
  beforeEach(async () => {
    host = await lab.host("near");
  });
  afterEach(() => host[Symbol.asyncDispose]());

  const anytun = (...words: string[]) =>
    host.run(process.execPath, [PROGRAM, "--state-dir", "/run/anytun", "-t", "tun", "-L", "file:3,/run/log", ...words]);
  const sh = (script: string, ...words: string[]): Promise<string> => host.check("sh", ["-c", script, "sh", ...words]);
  /** Nobody waits for the dead here, so they are left out. */
  const daemons = () => sh("ps -C anytun -o stat=,pid= | grep -v ^Z || true");
  const stop = async (pid: string): Promise<void> => void (await sh(`kill $1 && ${GONE}`, pid));

  it("is up when its caller returns, belongs to nobody and holds nothing of the caller's", async () => {
    const { status, stdout, stderr } = await anytun(
      ...[...KEY, "-n", "10.77.0.1/30", "-P", "/run/pid", "-L", "stdout:3", "-r", "192.0.2.2"],
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    // streams get the lines of the start
    expect(stdout).toMatch(/NOTICE: anytun started\.\.\.\n/);
    expect(stdout).toMatch(/NOTICE: added connection remote host 192\.0\.2\.2:4444\n/);
    expect(await host.check("ip", ["address", "show", "dev", "tun0"])).toMatch(/state U[\s\S]*inet 10\.77\.0\.1\/30/);
    const pid = await sh("cat /run/pid");
    expect(pid).toMatch(/^[1-9][0-9]*$/);
    const [ppid, sid, tty, comm] = (await host.check("ps", ["-o", "ppid=,sid=,tty=,comm=", "-p", pid]))
      .trim()
      .split(/\s+/);
    expect({ ppid, tty, comm }).toEqual({ ppid: "1", tty: "?", comm: "anytun" });
    // a process of a session that it does not lead can never get a terminal
    expect(sid).not.toBe(pid);
    expect(await sh("readlink /proc/$1/cwd", pid)).toBe("/\n");
    expect(await sh("readlink /proc/$1/fd/0 /proc/$1/fd/1 /proc/$1/fd/2", pid)).toBe("/dev/null\n".repeat(3));
    expect(await sh("grep Umask /proc/$1/status", pid)).toBe("Umask:\t0000\n");
    const shown = await sh("tr '\\0' '\\n' </proc/$1/cmdline; tr '\\0' '\\n' </proc/$1/environ", pid);
    expect(shown).toContain("-E\n################\n-n\n");
    expect(shown).not.toContain("top secret");
    await stop(pid);
    expect(await sh("ls /run")).not.toContain("pid");
    expect(await host.check("ip", ["-o", "link"])).not.toContain("tun0");
  });

  it.each<[string, string[], RegExp]>([
    ["a bad word", ["-m", "70000"], /^anytun: -m 70000: expected a number from 0 to 65535\n$/],
    ["an unknown cipher", ["-c", "aes"], /^anytun: -c aes: expected null, .*\n$/],
    ["an unknown key derivation", ["-k", "aes", "-r", "192.0.2.2"], /^anytun: -k aes: expected null, .*\n$/],
    ["no key", ["-E", ""], /^anytun: -E: missing; .*\n$/],
    ["a bad address", ["-n", "10.0.0.1/40"], /^anytun: -n 10\.0\.0\.1\/40: expected .*\n$/],
    ["an address of another host", ["-i", "192.0.2.99"], /^anytun: bind 192\.0\.2\.99:4444: EADDRNOTAVAIL .*\n$/],
    ["an unknown user", ["-u", "nobody-here"], /^anytun: unknown user nobody-here\n$/],
    ["an unknown group", ["-u", "nobody", "-g", "no-group-here"], /^anytun: unknown group no-group-here\n$/],
    [
      "a jail that is not there",
      ["-C", "/nonexistent"],
      /^anytun: can't change to chroot directory \(\/nonexistent\): No such .*\n$/,
    ],
    [
      "a pid file that cannot be",
      ["-P", "/nonexistent/pid"],
      /^anytun: can't open pid file \(\/nonexistent\/pid\): No such .*\n$/,
    ],
    [
      "an unwritable state directory",
      ["--state-dir", "/proc/anytun"],
      /^anytun: state file \/proc\/anytun: mkdir: .*\n$/,
    ],
  ])("tells its caller about %s, and leaves nothing behind", async (_, words, text) => {
    const { status, stderr } = await anytun("-E", "words", "-P", "/run/pid", ...words);
    expect(status).toBe(255);
    expect(stderr).toMatch(text);
    expect(await sh("ls /run")).not.toContain("pid");
    expect(await host.check("ip", ["-o", "link"])).not.toContain("tun0");
    expect(await daemons()).toBe("");
  });

  it("never takes the pid file of a daemon that lives, and takes over one that a dead daemon left", async () => {
    await anytun(...KEY, "-P", "/run/pid");
    const first = await sh("cat /run/pid");
    const second = await anytun(...KEY, "-p", "5000", "-P", "/run/pid");
    expect(second.status).toBe(255);
    expect(second.stderr).toBe(`anytun: pid file /run/pid belongs to process ${first}, which is running\n`);
    const busy = await anytun(...KEY, "-P", "/run/other");
    expect(busy).toMatchObject({ status: 255, stderr: expect.stringContaining("EADDRINUSE") });
    expect(await sh("cat /run/pid; echo; ls /run")).toBe(`${first}\nanytun\nlog\npid\n`);
    await sh(`kill -9 $1; ${GONE}`, first);
    expect(await sh("cat /run/pid")).toBe(first);
    expect((await anytun(...KEY, "-P", "/run/pid")).status).toBe(0);
    const next = await sh("cat /run/pid");
    expect(next).not.toBe(first);
    await stop(next);
  });

  it("passes the signals of a terminal on during the start, and notices when the daemon is killed", async () => {
    // a name that cannot be resolved keeps the start waiting
    const name = "x".repeat(64);
    const words = [PROGRAM, "--state-dir", "none", ...KEY, "-i", name, "-L", "stdout:3", "-P", "/run/pid"];
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      const starting = host.spawn(process.execPath, words);
      await starting.waitFor(/Error while resolving/);
      await starting.kill(signal);
      await starting.exited;
      expect(await daemons()).toBe("");
      expect(await sh("ls /run")).not.toContain("pid");
    }
    const daemonDies = host.spawn(process.execPath, words);
    await daemonDies.waitFor(/Error while resolving/);
    await sh("pkill -9 -x anytun");
    expect((await daemonDies.exited).status).toBe(255);
    expect(daemonDies.stderr).toBe("anytun: the daemon was killed before the tunnel was up\n");
  });

  it("gives a secret of a shell's process substitution to the daemon", async () => {
    const script = `"$@" --passphrase-file /dev/fd/3 -P /run/pid 3<<E
from a pipe
E`;
    await sh(script, process.execPath, PROGRAM, "--state-dir", "/run/anytun", "-t", "tun", "-L", "stdout:1");
    await stop(await sh("cat /run/pid"));
  });

  it("writes the pid file in the foreground too", async () => {
    const daemon = host.spawn(process.execPath, [
      PROGRAM,
      "-D",
      "-t",
      "tun",
      "--state-dir",
      "none",
      ...KEY,
      "-P",
      "/run/pid",
    ]);
    const pid = await sh("while [ ! -s /run/pid ]; do sleep 0.02; done; cat /run/pid");
    expect(await sh("cat /proc/$1/comm", pid)).toBe("anytun\n");
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
    expect(await sh("ls /run")).not.toContain("pid");
  });
});
