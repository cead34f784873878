import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
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
    [["-D", "-4", "-6"], "-4 -6: mutually exclusive; expected one of them or none"],
    [["-D", "-E", "test", "-S", "2323"], "-S 2323: cluster synchronisation is not available yet"],
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

  it("tells that it stays in the foreground", () => {
    const { stderr } = anytun("-L", "stdout:3", "-E", "test", "--state-dir", "/dev/null/x");
    expect(stderr.split("\n")[0]).toBe(
      "anytun: running in the background is not available yet; staying in the foreground",
    );
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

  it("takes the bytes of a passphrase that is not UTF-8", async () => {
    const bytes = Buffer.from("Gr\xfc\xdfe", "latin1");
    const key = createHash("sha256").update(bytes).digest("hex").slice(-32);
    const salt = createHash("sha1").update(bytes).digest("hex").slice(-28);
    // equal keys lead to equal names in the state directory
    const names = await Promise.all([
      stateName("-K", key, "-A", salt),
      stateName("-E", "$(printf 'Gr\\374\\337e')"),
      stateName("--passphrase=\"$(printf 'Gr\\374\\337e')\""),
      stateName("-E", "Grüße"),
    ]);
    expect(names[1]).toBe(names[0]);
    expect(names[2]).toBe(names[0]);
    expect(names[3]).not.toBe(names[0]);
  });
});

describe("secrets that are no words of the command line", () => {
  it("lead to the same tunnel from a file, a pipe, the environment and the service's credentials", async () => {
    const dir = scratchDir();
    writeFileSync(join(dir, "anytun.passphrase"), "Gr\xfc\xdfe\n", { encoding: "latin1", mode: 0o600 });
    const names = await Promise.all([
      stateName("-E", "$(printf 'Gr\\374\\337e')"),
      stateName("--passphrase-file", join(dir, "anytun.passphrase")),
      stateName("--passphrase-file", "/dev/fd/0", `<"${join(dir, "anytun.passphrase")}"`),
      stateNameWith("export ANYTUN_PASSPHRASE=$(printf 'Gr\\374\\337e')"),
      stateNameWith(`export CREDENTIALS_DIRECTORY='${dir}'`),
      stateNameWith("export ANYTUN_PASSPHRASE=other"),
    ]);
    expect(names.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => names[0]));
    expect(names[5]).not.toBe(names[0]);
  });

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

/** Starts the program through a shell, with these words of shell source, until its state file is there. */
function stateName(...words: readonly string[]): Promise<string> {
  return stateNameWith(":", ...words);
}

/** @param prepare shell source that runs before */
async function stateNameWith(prepare: string, ...words: readonly string[]): Promise<string> {
  const dir = scratchDir();
  const source = `${prepare}; exec "$0" "$1" -D -L stdout:3 -i ${UNRESOLVABLE} --state-dir "$2" ${words.join(" ")}`;
  const child = spawn("sh", ["-c", source, process.execPath, program, dir], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  try {
    if (child.stdout === null) throw new Error("no output");
    for await (const chunk of child.stdout) if (String(chunk).includes("Error while resolving")) break;
    return readdirSync(dir).join();
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}
