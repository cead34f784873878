/** `anytun genkey` as a person runs it: what it writes, where, and what it refuses. */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { parseKeyFile } from "../../src/config/key-file.ts";
import { readSecretFile } from "../../src/config/secret-file.ts";
import { bundleProgram } from "../support/bundle.ts";
import { scratchDir } from "../support/scratch.ts";

let program: string;
beforeAll(async () => {
  const bundle = await bundleProgram("src/cli/main.ts");
  program = bundle.path;
  return bundle.remove;
});

function genkey(words: readonly string[], stdout: "pipe" | number = "pipe") {
  const result = spawnSync(process.execPath, [program, "genkey", ...words], {
    encoding: "utf8",
    timeout: 15_000,
    stdio: ["ignore", stdout, "pipe"],
  });
  return { status: result.status, stdout: result.stdout, stderr: result.stderr };
}

/** Digits of key and salt. */
function digits(text: string): string[] {
  const { key, salt } = parseKeyFile("--key-file", "stdout", Buffer.from(text));
  return [key, salt].map((secret) => Buffer.from(secret?.bytes ?? []).toString("hex"));
}

it.each<[string[], string, number]>([
  [[], "aes-ctr-128", 16],
  [["-k", "aes-ctr"], "aes-ctr-128", 16],
  [["--kd-prf", "aes-ctr-192"], "aes-ctr-192", 24],
  [["-k", "aes-ctr-128", "--kd-prf=aes-ctr-256"], "aes-ctr-256", 32],
])("prints a key file: %j", (words, kdPrf, keyBytes) => {
  const { status, stdout, stderr } = genkey(words);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const [key = "", salt = ""] = digits(stdout);
  expect([key.length, salt.length]).toEqual([keyBytes * 2, 28]);
  expect(stdout).toContain(`-k ${kdPrf} --key-file PATH\n`);
  expect(stdout).toContain(`-k ${kdPrf} -K ${key} -A ${salt}\n`);
  expect(digits(genkey(words).stdout)).not.toEqual([key, salt]);
});

it("creates a file of mode 0600 that --key-file takes, whatever the umask, and shows no secret", () => {
  const path = join(scratchDir(), "tunnel.key");
  const umask = process.umask(0);
  try {
    const { status, stdout, stderr } = genkey(["-k", "aes-ctr-256", "--output", path]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toContain(` anytun -k aes-ctr-256 --key-file ${path} -e left ...\n`);
    expect(stderr).toContain(` anytun -k aes-ctr-256 --key-file ${path} -e right ...\n`);
    for (const secret of digits(readFileSync(path, "utf8"))) expect(stderr).not.toContain(secret);
  } finally {
    process.umask(umask);
  }
  expect(statSync(path).mode & 0o7777).toBe(0o600);
  expect(readSecretFile("--key-file", path)).toHaveLength(readFileSync(path).length);
});

it("writes over no file", () => {
  const path = join(scratchDir(), "tunnel.key");
  writeFileSync(path, "mine");
  const stderr = `anytun: genkey --output ${path}: File already exists (EEXIST); expected the path of a new file\n`;
  expect(genkey(["--output", path])).toEqual({ status: 255, stdout: "", stderr });
  expect(readFileSync(path, "utf8")).toBe("mine");
});

it("says that a redirected file can be read by others", () => {
  const path = join(scratchDir(), "tunnel.key");
  const descriptor = openSync(path, "w", 0o644);
  const { status, stderr } = genkey([], descriptor);
  closeSync(descriptor);
  expect(status).toBe(0);
  expect(stderr).toBe("anytun: stdout is a file of mode 0644; --key-file refuses it until you chmod it to 0600\n");
});

it("fails when stdout takes nothing", () => {
  const descriptor = openSync("/dev/full", "w");
  const { status, stderr } = genkey([], descriptor);
  closeSync(descriptor);
  expect(status).toBe(255);
  expect(stderr).toBe("anytun: genkey: writing to stdout: No space left on device (ENOSPC)\n");
});

it("shows its own list of options", () => {
  const { status, stdout, stderr } = genkey(["-k", "aes-ctr-256", "-h"]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^USAGE:\nanytun genkey\n {3}\[-h\|--help\] +\S/);
});

it.each<[string[], string]>([
  [["file"], "genkey file: unexpected word; options are -k, --output and -h"],
  [["--"], "genkey --: unexpected word; options are -k, --output and -h"],
  [["--force"], "genkey --force: unknown option; options are -k, --output and -h"],
  [["-o", "x"], "genkey -o: unknown option; options are -k, --output and -h"],
  [["--help=x"], "genkey --help: unknown option; options are -k, --output and -h"],
  [["-k"], "genkey -k: a value is missing"],
  [["--output", "-k"], "genkey --output: a value is missing"],
  [["--output="], 'genkey --output "": expected the path of a new file'],
  [["-k", "null"], "genkey -k null: expected aes-ctr, aes-ctr-128, aes-ctr-192 or aes-ctr-256"],
  [["--kd-prf=sha1"], "genkey --kd-prf sha1: expected aes-ctr, aes-ctr-128, aes-ctr-192 or aes-ctr-256"],
  [
    ["--output", "/nonexistent/x"],
    "genkey --output /nonexistent/x: No such file or directory (ENOENT); expected the path of a new file",
  ],
])("refuses %j in one line", (words, text) => {
  const before = join(scratchDir(), "never");
  expect(genkey(["--output", before, ...words])).toEqual({ status: 255, stdout: "", stderr: `anytun: ${text}\n` });
  expect(existsSync(before)).toBe(false);
});

it("is a word of the first place only", () => {
  const { status, stderr } = spawnSync(process.execPath, [program, "-D", "genkey"], { encoding: "utf8" });
  expect(status).toBe(255);
  expect(stderr).toBe("anytun: genkey: unexpected word; options begin with -\n");
});
