import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { usageText } from "../../src/cli/usage.ts";
import { bundleProgram } from "../support/bundle.ts";
import { scratchDir } from "../support/scratch.ts";
import { until } from "../support/until.ts";

let program: string;
beforeAll(async () => {
  const bundle = await bundleProgram("src/cli/main.ts");
  program = bundle.path;
  return bundle.remove;
});

/** A label of 64 letters is no name: the resolver refuses it at once and asks nobody. The program waits, without device and socket. */
const UNRESOLVABLE = "x".repeat(64);

/** Runs the program to its end, as a user would see it. */
function anytun(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
    encoding: "utf8",
    timeout: 15_000,
  });
  return { status, stdout, stderr };
}

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

describe("the program", () => {
  it("prints its usage on stdout", () => {
    expect(anytun("-D", "-h", "--nonsense")).toEqual({ status: 0, stdout: usageText(), stderr: "" });
  });

  it("prints two lines of version", () => {
    const stdout = `anytun version ${version}\nnode ${process.version}, addon linux-${process.arch}\n`;
    expect(anytun("-v")).toEqual({ status: 0, stdout, stderr: "" });
  });

  it.each<[string[], string]>([
    [["--nonsense"], "--nonsense: unknown option"],
    [["-D", "-E", "test", "-m", "70000"], "-m 70000: expected a number from 0 to 65535"],
    [["-D", "-E", "-hunter2"], '-E: a value cannot begin with "-"; write --passphrase=VALUE'],
    [["-D", "-K", "hunter2", "-A", "00"], "-K: expected hexadecimal digits and nothing else"],
    [["-4", "-6"], "-4 -6: mutually exclusive; expected one of them or none"],
    [["-D", "-E", "test", "-S", "70000"], "-S 70000: expected a port from 0 to 65535 or the name of a TCP service"],
    [
      ["-D", "-E", "test", "-L", "file:3,/nonexistent/x"],
      "-L file: can't open log file (/nonexistent/x): No such file or directory (ENOENT)",
    ],
  ])("refuses in one line, with status 255 and before anything exists: %j", (words, text) => {
    const state = join(scratchDir(), "state");
    expect(anytun("--state-dir", state, ...words)).toEqual({ status: 255, stdout: "", stderr: `anytun: ${text}\n` });
    expect(existsSync(state)).toBe(false);
  });

  it("says on the log and on stderr why it cannot start", () => {
    const { status, stdout, stderr } = anytun("-D", "-L", "stdout:3", "-E", "test", "--state-dir", "/dev/null/x");
    const reason = /^state file \/dev\/null\/x: mkdir: Not a directory \(ENOTDIR\); .*--state-dir$/;
    expect(status).toBe(255);
    expect(stderr.trimEnd().replace(/^anytun: /, "")).toMatch(reason);
    const last = stdout.trimEnd().split("\n").at(-1) ?? "";
    expect(last).toMatch(/^\d{4}-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d ERROR: uncaught runtime error, exiting: /);
    expect(last.replace(/^.*exiting: /, "")).toMatch(reason);
  });

  it("masks secrets in its command line, whatever follows", async () => {
    const words = [
      "-D",
      "--log=stdout:3",
      "-i",
      UNRESOLVABLE,
      "--state-dir",
      "none",
      "-E",
      "Grüße",
      "--salt",
      "00".repeat(14),
      "--passphrase=last",
    ];
    const child = spawn(process.execPath, [program, ...words], { stdio: ["ignore", "pipe", "ignore"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    while (!output.includes("anytun started")) await new Promise((resolve) => setTimeout(resolve, 10));
    const seen = readFileSync(`/proc/${child.pid}/cmdline`, "utf8").split("\0").slice(2, -1);
    expect(seen).toEqual([
      ...words.slice(0, 7),
      "#".repeat(Buffer.byteLength("Grüße")),
      "--salt",
      "#".repeat(28),
      "#".repeat("--passphrase=last".length),
    ]);
    const ended = new Promise((resolve) => child.once("exit", (status, signal) => resolve([status, signal])));
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    expect(output).toContain("NOTICE: SIG-Term caught, exiting\n");
    expect(output).not.toMatch(/last|Grüße/);
  });

  it("reopens its log files at SIGHUP and switches debug lines at SIGUSR2", async () => {
    const path = join(scratchDir(), "log");
    const read = (name: string) => readFileSync(name, "utf8");
    const words = ["-D", "-i", UNRESOLVABLE, "--state-dir", "none", "-E", "test", "-L", `file:3,${path}`];
    const child = spawn(process.execPath, [program, ...words, "--log-format", "json"], { stdio: "ignore" });
    onTestFinished(() => void child.kill("SIGKILL"));
    await until(() => existsSync(path) && read(path).includes("Error while resolving"));
    renameSync(path, `${path}.1`);
    child.kill("SIGHUP");
    await until(() => existsSync(path));
    for (const state of ["on", "off"]) {
      child.kill("SIGUSR2");
      await until(() => read(path).includes(`debug lines are ${state}`));
    }
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    const entries = (name: string) => {
      const lines = read(name).trimEnd().split("\n");
      return lines.map((line): { pid: number; text: string } => JSON.parse(line));
    };
    expect(entries(`${path}.1`).at(-1)).toMatchObject({ pid: child.pid, level: "notice", text: "SIG-Hup caught" });
    const texts = entries(path).map(({ text }) => text);
    expect(texts[0]).toBe("SIG-Usr2 caught");
    expect(texts.at(-1)).toBe("SIG-Term caught, exiting");
  });
});

describe("a tunnel of a configuration directory", () => {
  const directory = (config: string): string => {
    const dir = scratchDir();
    mkdirSync(join(dir, "office"));
    writeFileSync(join(dir, "office/config"), config, { mode: 0o600 });
    return dir;
  };

  it("is refused with file and line, never with a secret", () => {
    const dir = directory("type tun\npassphrase hunter2\nmux 70000\n");
    const refused = (text: string) => ({ status: 255, stdout: "", stderr: `anytun: ${dir}${text}\n` });
    expect(anytun("-D", "--config-dir", dir, "office")).toEqual(
      refused("/office/config:3: mux 70000: expected a number from 0 to 65535"),
    );
    expect(anytun("-D", "--config-dir", dir, "home")).toEqual(
      refused("/home/config: No such file or directory (ENOENT)"),
    );
  });
});

describe("secrets that are no words of the command line", () => {
  it("are refused with the path and the reason, and never shown", () => {
    const path = join(scratchDir(), "keys");
    writeFileSync(path, "key hunter2\n", { mode: 0o600 });
    const refused = (text: string) => ({ status: 255, stdout: "", stderr: `anytun: --key-file ${path}${text}\n` });
    expect(anytun("-D", "--key-file", path)).toEqual(refused(":1: expected hexadecimal digits and nothing else"));
    chmodSync(path, 0o644);
    expect(anytun("-D", "--key-file", path)).toEqual(
      refused(": mode 0644 lets others at the secret; expected 0600 or 0640"),
    );
  });
});
