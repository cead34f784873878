import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { lockFile, setProcessName, unlockFile } from "../src/index.ts";
import { bundledLibrary } from "./support/namespace.ts";

const folder = mkdtempSync(join(tmpdir(), "tun-native-process-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function script(body: string, args: string[]): Promise<string> {
  const { file, env } = await bundledLibrary();
  const code = `const { readFileSync } = await import("node:fs"); const tun = await import(${JSON.stringify(file)}); ${body}`;
  return execFileSync(process.execPath, ["--input-type=module", "--eval", code, "--", ...args], {
    env,
    encoding: "utf8",
  });
}

describe("masked arguments", () => {
  it("vanish from the command line and nowhere else", async () => {
    const output = await script(
      `const words = () => readFileSync("/proc/self/cmdline", "latin1").split("\\0").slice(5, -1);
       const before = words();
       const found = tun.maskArguments([6, 8, 99]);
       console.log(JSON.stringify({ before, found, after: words(), argv: process.argv.slice(1) }));`,
      ["-E", "secret", "", "geheim-ß", "tail"],
    );
    const { before, found, after, argv } = JSON.parse(output);
    // The ß is two bytes of the command line.
    expect(before).toEqual(["-E", "secret", "", "geheim-Ã\u009f", "tail"]);
    expect(found).toBe(2);
    expect(after).toEqual(["-E", "######", "", "#########", "tail"]);
    expect(argv).toEqual(["-E", "secret", "", "geheim-ß", "tail"]);
  });

  it("are found in a process with a strange name", async () => {
    const output = await script(
      `tun.setProcessName("a) b (c 1 2");
       tun.maskArguments([5]);
       console.log(readFileSync("/proc/self/comm", "utf8").trim(), readFileSync("/proc/self/cmdline", "latin1").split("\\0")[5]);`,
      ["secret"],
    );
    expect(output.trim()).toBe("a) b (c 1 2 ######");
  });

  it("refuses a name that is too long", () => {
    expect(() => setProcessName("sixteen bytes ..")).toThrow(expect.objectContaining({ code: "ERR_ARGUMENT" }));
  });
});

describe("a file lock", () => {
  it("excludes another opening of the file until it is given back", () => {
    const path = join(folder, "lock");
    const [first, second] = [openSync(path, "a"), openSync(path, "a")];
    expect(lockFile(first)).toBe(true);
    expect(lockFile(first)).toBe(true);
    expect(lockFile(second)).toBe(false);
    unlockFile(first);
    expect(lockFile(second)).toBe(true);
    closeSync(second);
    expect(lockFile(first)).toBe(true);
    closeSync(first);
    expect(() => lockFile(first)).toThrow(expect.objectContaining({ code: "EBADF", syscall: "flock" }));
  });

  it("ends with the process that held it", async () => {
    const { file, env } = await bundledLibrary();
    const path = join(folder, "held");
    const code = `const { openSync } = await import("node:fs"); const { lockFile } = await import(${JSON.stringify(file)});
      const fd = openSync(${JSON.stringify(path)}, "a"); console.log(lockFile(fd)); process.kill(process.pid, "SIGKILL");`;
    const child = spawnSync(process.execPath, ["--input-type=module", "--eval", code], { env, encoding: "utf8" });
    expect([child.stdout.trim(), child.signal]).toEqual(["true", "SIGKILL"]);
    const fd = openSync(path, "a");
    expect(lockFile(fd)).toBe(true);
    closeSync(fd);
  });
});

describe("the addon", () => {
  it("that is missing is one clear line", async () => {
    const { file, env } = await bundledLibrary();
    const code = `const { cipherKernel } = await import(${JSON.stringify(file)}); try { cipherKernel(); } catch (e) { console.log(e.code, e.message); }`;
    const run = (path: string) =>
      execFileSync(process.execPath, ["--input-type=module", "--eval", code], {
        env: { ...env, TUN_NATIVE_PATH: path },
        encoding: "utf8",
      });
    expect(run("/nowhere/tun-native.node")).toMatch(
      /^ERR_NO_BINDING tun-native has no addon for linux-\w+: \/nowhere\/tun-native.node is missing \(build it with: .*\)\n$/,
    );
    const wrong = join(folder, "text.node");
    writeFileSync(wrong, "not a library");
    expect(run(wrong)).toMatch(/^ERR_NO_BINDING .*text\.node: file too short/);
  });
});
