/**
 * Rules of the specification (anytun-cli.md 4, 5, 9, 12) that only a running program shows: the original and ours side by side. A row
 * in which they differ names the line of docs/COMPATIBILITY.md that says why.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Host, Lab, type Program, requires } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const OWN_DAEMON = fileURLToPath(new URL("../../dist/anytun.js", import.meta.url));
const COMPATIBILITY = readFileSync(
  fileURLToPath(new URL("../../../../docs/COMPATIBILITY.md", import.meta.url)),
  "utf8",
);
const KEY = ["-E", "x"];

const original = (host: Host, words: readonly string[]): Program => host.spawn("anytun", words);
const ours = (host: Host, words: readonly string[]): Program =>
  host.spawn(process.execPath, [OWN_DAEMON, "--state-dir", "none", ...words]);

describe("rules of the running program", requires("root", "tun", "anytun", "ifconfig"), () => {
  let lab: Lab;
  /** With addresses of both families, with IPv4 only, with nothing but loopback. */
  let hosts: { readonly both: Host; readonly ipv4: Host; readonly loopback: Host };
  beforeAll(async () => {
    lab = await Lab.create();
    const [both] = await lab.pair("both", "other");
    const four = await Promise.all([lab.host("four"), lab.host("four-other")]);
    const [ipv4] = await lab.link(...four, { addresses: [["192.0.2.1/24"], ["192.0.2.2/24"]] });
    await ipv4.host.check("ip", ["-6", "address", "flush", "dev", ipv4.device]);
    hosts = { both: both.host, ipv4: ipv4.host, loopback: await lab.host("loopback") };
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  describe("4 -h and -v", () => {
    it("the list of options begins with the original's, in its order and layout", async () => {
      const [theirs, own] = await Promise.all([
        hosts.both.check("anytun", ["-h"]),
        hosts.both.check(process.execPath, [OWN_DAEMON, "-h"]),
      ]);
      const heads = (text: string): string[] =>
        text.split("\n").flatMap((line) => /^ {3}\[[^\]]*\](?: <[^ ]*)?/.exec(line)?.[0].replace(/ <.*/, "") ?? []);
      expect(own.split("\n").slice(0, 2)).toEqual(["USAGE:", "anytun "]);
      expect(own.split("\n").slice(0, 2)).toEqual(theirs.split("\n").slice(0, 2));
      expect(heads(theirs)).toHaveLength(35);
      expect(heads(own).slice(0, 35)).toEqual(heads(theirs));
    });

    it("the version has two lines", async () => {
      const [theirs, own] = await Promise.all([
        hosts.both.check("anytun", ["-v"]),
        hosts.both.check(process.execPath, [OWN_DAEMON, "-v"]),
      ]);
      for (const text of [theirs, own]) expect(text).toMatch(/^anytun version \S+\n.+\n$/);
    });
  });

  describe("5 exit status and streams", () => {
    interface Case {
      readonly rule: string;
      readonly words: readonly string[];
      /** Status that the caller sees; `runs` = still there. */
      readonly original: number | "runs";
      readonly here: number | "runs";
      readonly differs?: string;
    }
    const foreground = ["-D", "-L", "stdout:3", ...KEY];
    it.each<Case>([
      { rule: "help", words: ["-h"], original: 0, here: 0 },
      { rule: "syntax error", words: ["--nope"], original: 255, here: 255 },
      { rule: "fatal in the foreground", words: [...foreground, "-d", "x"], original: 255, here: 255 },
      { rule: "unknown user", words: [...foreground, "-u", "nobody-here"], original: 255, here: 255 },
      { rule: "unknown group", words: [...foreground, "-u", "nobody", "-g", "nobody-here"], original: 255, here: 255 },
      { rule: "pid file that cannot be written", words: [...KEY, "-P", "/nonexistent/pid"], original: 255, here: 255 },
      { rule: "into the background", words: [...KEY, "-d", "tun90", "-p", "4990"], original: 0, here: 0 },
      {
        rule: "fatal in the background",
        words: [...KEY, "-d", "x"],
        original: 0,
        here: 255,
        differs: "without `-D`: status of the caller",
      },
      {
        rule: "name that cannot be resolved",
        words: [...foreground, "-r", "nobody.invalid"],
        original: "runs",
        here: "runs",
      },
      {
        rule: "no key",
        words: ["-D", "-L", "stdout:3"],
        original: "runs",
        here: 255,
        differs: "missing or wrong-length key",
      },
      {
        rule: "log file that cannot be opened",
        words: [...foreground, "-L", "file:3,/nonexistent/x"],
        original: "runs",
        here: 255,
        differs: "log file that cannot be opened",
      },
      {
        rule: "jail that is not there",
        words: [...foreground, "-C", "/nonexistent"],
        original: "runs",
        here: 255,
        differs: "`-C`",
      },
    ])("$rule", async ({ words, differs, ...expected }) => {
      for (const [start, outcome] of [
        [original, expected.original],
        [ours, expected.here],
      ] as const) {
        const program = start(hosts.both, words);
        if (outcome === "runs") {
          await program.waitFor(/dev type is/);
          expect(program.running).toBe(true);
          await program.stop("SIGKILL");
        } else {
          expect((await program.exited).status).toBe(outcome);
        }
        await hosts.both.run("pkill", ["-KILL", "-x", "anytun"]);
      }
      if (differs === undefined) expect(expected.here).toBe(expected.original);
      else expect(COMPATIBILITY).toContain(differs);
    });

    it("a fatal error is in the log; for the caller it stands on stderr, not on stdout", async () => {
      const words = [...foreground, "-u", "nobody-here"];
      const [theirs, own] = [original(hosts.both, words), ours(hosts.both, words)];
      await Promise.all([theirs.exited, own.exited]);
      for (const { stdout } of [theirs, own])
        expect(stdout).toMatch(/ERROR: uncaught runtime error, exiting: .*nobody-here/);
      expect(theirs.stderr).toBe("");
      expect(own.stderr).toMatch(/^anytun: .*nobody-here.*\n$/);
      expect(COMPATIBILITY).toContain("fatal errors");
    });
  });

  describe("9 sockets", () => {
    interface Case {
      readonly host: keyof typeof hosts;
      readonly words: readonly string[];
      readonly original: readonly string[];
      readonly here?: readonly string[];
    }
    const [any4, any6] = ["0.0.0.0:4444", "[::]:4444"];
    it.each<Case>([
      { host: "both", words: [], original: [any4, any6] },
      { host: "both", words: ["-4"], original: [any4] },
      { host: "both", words: ["-6"], original: [any6] },
      { host: "both", words: ["-i", "192.0.2.1"], original: ["192.0.2.1:4444"] },
      { host: "both", words: ["-i", "::1"], original: ["[::1]:4444"] },
      { host: "ipv4", words: ["-4"], original: [any4] },
      // a host whose network is half up
      { host: "ipv4", words: [], original: [any4], here: [any4, any6] },
      { host: "ipv4", words: ["-6"], original: [], here: [any6] },
      { host: "loopback", words: [], original: [any4, any6] },
      { host: "loopback", words: ["-i", "::1"], original: ["[::1]:4444"] },
      { host: "loopback", words: ["-4"], original: [], here: [any4] },
    ])("$host $words", async ({ host, words, original: theirs, here = theirs }) => {
      for (const [start, sockets] of [
        [original, theirs],
        [ours, here],
      ] as const) {
        const program = start(hosts[host], ["-D", "-L", "stdout:3", ...KEY, ...words]);
        // the resolver of the original works beside everything else
        for (const socket of sockets)
          await program.waitFor(new RegExp(`opening socket: ${socket.replace(/[[\].]/g, "\\$&")}\n`));
        if (sockets.length === 0) await program.waitFor(/Error while resolving '' '4444', retrying in 10 sec\./);
        expect([...program.output.matchAll(/opening socket: (\S+)/g)].map(([, socket]) => socket)).toEqual(sockets);
        await program.stop("SIGKILL");
      }
      if (here !== theirs) expect(COMPATIBILITY).toContain("local sockets without `-i`");
    });
  });

  describe("12 signals", () => {
    it.each([
      { signal: "SIGHUP", text: "SIG-Hup caught" },
      { signal: "SIGUSR1", text: "SIG-Usr1 caught" },
      { signal: "SIGUSR2", text: "SIG-Usr2 caught" },
      { signal: "SIGINT", text: "SIG-Int caught, exiting", original: 1, here: 0 },
      { signal: "SIGQUIT", text: "SIG-Quit caught, exiting", original: 1, here: 0 },
      { signal: "SIGTERM", text: "SIG-Term caught, exiting", original: 1, here: 0 },
    ] as const)("$signal", async (row) => {
      for (const start of [original, ours]) {
        const program = start(hosts.both, ["-D", "-L", "stdout:5", ...KEY]);
        await program.waitFor(start === original ? /signal handlers are now registered/ : /KeyDerivation: using role/);
        // ours handles signals from its first line on, the original from the line above
        await program.kill(row.signal);
        await program.waitFor(new RegExp(`NOTICE: ${row.text}\n`));
        if ("here" in row) {
          expect((await program.exited).status).toBe(start === original ? row.original : row.here);
          expect(COMPATIBILITY).toContain("SIGINT, SIGQUIT, SIGTERM");
        } else {
          expect(program.running).toBe(true);
          await program.stop("SIGKILL");
        }
      }
    });
  });
});
