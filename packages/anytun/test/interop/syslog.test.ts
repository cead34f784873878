/** What arrives at /dev/log: from us and from the original, at a system log that is stopped, stuck or restarted. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { type Host, Lab, type Program, requires } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../dist/anytun.js", import.meta.url));
const RECEIVER = createRequire(import.meta.url).resolve("tun-native/testing");

/** Prints one JSON string for each datagram; SIGUSR2 stops it from reading, and lets it go on. */
const SYSLOG = `
const { rmSync } = await import("node:fs");
const { UnixReceiver } = await import(${JSON.stringify(RECEIVER)});
rmSync("/dev/log", { force: true });
const receiver = new UnixReceiver("/dev/log");
let isReading = true;
process.on("SIGUSR2", () => { isReading = !isReading; console.log(isReading ? "reading" : "stuck"); });
setInterval(() => { if (isReading) for (const text of receiver.drain()) console.log(JSON.stringify(text)); }, 5);
console.log("ready");`;

async function startSyslog(host: Host): Promise<Program> {
  const syslog = host.spawn(process.execPath, ["--input-type=module", "--eval", SYSLOG]);
  await syslog.waitFor(/^ready$/m);
  return syslog;
}

function lines(syslog: Program): string[] {
  const received = syslog.stdout.split("\n").filter((line) => line.startsWith('"'));
  return received.map((line): string => JSON.parse(line));
}

/** Without what differs from one run to the next. */
const comparable = (line: string | undefined): string | undefined =>
  line?.replace(/>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d /, ">TIME ").replace(/\[\d+\]/, "[PID]");

describe("the system log", requires("root", "tun", "anytun"), () => {
  let lab: Lab;
  let host: Host;
  beforeAll(async () => {
    lab = await Lab.create();
    [{ host }] = await lab.pair("near", "far");
    await host.ownDev();
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  const ours = (...words: string[]): Program =>
    host.spawn(process.execPath, [PROGRAM, "--state-dir", "none", "-D", "-t", "tun", "-E", "test", ...words]);
  const original = (...words: string[]): Program => host.spawn("anytun", ["-D", "-t", "tun", "-E", "test", ...words]);

  it.each([
    [["-L", "syslog:3"], "<29>TIME anytun[PID]: "],
    [["-L", "syslog:5,some name,local3"], "<157>TIME some name[PID]: "],
  ])("gets the same lines from us and from the original: %j", async (words, prefix) => {
    await using syslog = await startSyslog(host);
    const seen: (string | undefined)[][] = [];
    for (const start of [original, ours]) {
      const from = syslog.output.length;
      const before = lines(syslog).length;
      await using daemon = start(...words);
      await syslog.waitFor(/opening socket: \[::\]:4444/, { from });
      await daemon.stop();
      await syslog.waitFor(/SIG-Term caught, exiting/, { from });
      const own = lines(syslog).slice(before);
      seen.push(
        ["anytun started", "dev type is", "opening socket: 0", "SIG-Term"].map((text) =>
          comparable(own.find((line) => line.includes(text))),
        ),
      );
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[1]).toEqual(
      ["anytun started...", "dev type is 'tun'", "opening socket: 0.0.0.0:4444", "SIG-Term caught, exiting"].map(
        (text) => `${prefix}${text}`,
      ),
    );
  });

  it("that is stuck stops no tunnel and gets everything later", async () => {
    await host.check("sh", ["-c", "echo 2 > /proc/sys/net/unix/max_dgram_qlen"]);
    await using syslog = await startSyslog(host);
    await syslog.kill("SIGUSR2");
    await syslog.waitFor(/^stuck$/m);
    await using daemon = ours("-L", "syslog:5", "-L", "stdout:5");
    // the last of its start
    const last = /status socket: /;
    await daemon.waitFor(last);
    expect(lines(syslog)).toEqual([]);
    await syslog.kill("SIGUSR2");
    await syslog.waitFor(last);
    const said = [...daemon.stdout.matchAll(/(?<= [A-Z]+: ).*/g)].map(([text]) => text);
    expect(lines(syslog).map((line) => line.replace(/^.*?\]: /, ""))).toEqual(said);
    await daemon.stop();
  });

  it("that is restarted is found again", async () => {
    const first = await startSyslog(host);
    await using daemon = ours();
    await first.waitFor(/KeyDerivation: using role/);
    await first.stop("SIGKILL");
    await daemon.kill("SIGUSR2");
    await using second = await startSyslog(host);
    await second.waitFor(/SIG-Usr2 caught[\s\S]*debug lines are on/);
    await daemon.kill("SIGUSR2");
    await second.waitFor(/debug lines are off/);
    await daemon.stop();
    expect(daemon.output).not.toContain("system log");
  });

  it("that never was gives way to stderr", async () => {
    await host.check("rm", ["-f", "/dev/log"]);
    await using daemon = ours();
    await daemon.waitFor(/KeyDerivation: using role/);
    await daemon.stop();
    expect(daemon.stdout).toBe("");
    const [first, second] = daemon.stderr.split("\n");
    expect(first).toMatch(/^anytun: the system log is not there \(connect \/dev\/log: ENOENT .*\), logging to stderr$/);
    expect(second).toMatch(/^\d{4}-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d NOTICE: anytun started\.\.\.$/);
  });
});
