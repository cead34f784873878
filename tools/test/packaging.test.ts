// What a user gets: the tarballs, installed in empty folders with no network and no install scripts.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findProgram, requires, run } from "../src/lab/index.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const names = ["satp-core", "tun-native", "anytun"] as const;
const version: string = JSON.parse(readFileSync(join(root, "packages/anytun/package.json"), "utf8")).version;

/** The pinned pnpm: on PATH under `npm test`, from npx's cache otherwise. */
const pnpm: readonly [string, ...string[]] =
  findProgram("pnpm") === undefined
    ? [
        "npx",
        "--yes",
        "--allow-scripts=pnpm",
        JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager,
      ]
    : ["pnpm"];

async function must(cwd: string, command: readonly [string, ...string[]], ...args: string[]): Promise<string> {
  const [program, ...first] = command;
  // Settings of the npm that runs this test must not reach the one that is tried.
  const inherited = Object.keys(process.env).filter((name) => /^(npm|pnpm)_(config|package)_/i.test(name));
  const env = Object.fromEntries(inherited.map((name) => [name, undefined]));
  const result = await run(program, [...first, ...args], { cwd, env, timeout: 100_000 });
  expect(result.status, `${[program, ...first, ...args].join(" ")}\n${result.stdout}${result.stderr}`).toBe(0);
  return result.stdout;
}

describe("the packages", requires("npm"), () => {
  let folder: string;
  const tarballs = new Map<string, string>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "satp-packaging-"));
    for (const name of names) {
      const tarball = join(folder, `${name}.tgz`);
      await must(join(root, "packages", name), pnpm, "pack", "--out", tarball);
      tarballs.set(name, tarball);
    }
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const files = async (name: (typeof names)[number]): Promise<string[]> => {
    const listed = await must(folder, ["tar"], "-tzf", tarballs.get(name) ?? "");
    return listed
      .trim()
      .split("\n")
      .map((line) => line.replace(/^package\//, ""));
  };

  it.each(names)("%s brings its licence and its manual, and neither tests nor build state", async (name) => {
    const packed = await files(name);
    expect(packed).toContain("LICENSE");
    expect(packed).toContain("README.md");
    expect(packed.filter((file) => /(^|\/)(test|src)\/|tsbuildinfo|\.turbo|node_modules/.test(file))).toEqual([]);
  });

  it("tun-native brings its addon for this machine", async () => {
    const packed = await files("tun-native");
    const prebuilt = packed.filter((file) => file.startsWith("prebuilds/"));
    expect(prebuilt.some((file) => file.includes(`linux-${process.arch}`) && file.endsWith(".node"))).toBe(true);
  });

  it("anytun brings the command and not its modules", async () => {
    const packed = await files("anytun");
    expect(packed).toContain("dist/anytun.js");
    expect(packed.filter((file) => file.endsWith(".d.ts"))).toEqual([]);
  });

  it("none asks for an install script or for a package of this workspace", async () => {
    for (const name of names) {
      const text = await must(folder, ["tar"], "-xzOf", tarballs.get(name) ?? "", "package/package.json");
      const manifest: { scripts?: Record<string, string>; dependencies?: Record<string, string> } = JSON.parse(text);
      for (const script of ["preinstall", "install", "postinstall"]) expect(manifest.scripts?.[script]).toBeUndefined();
      expect(Object.values(manifest.dependencies ?? {}).filter((range) => range.includes("workspace:"))).toEqual([]);
    }
  });

  /** In a folder where they were installed: the command answers, the addon loads, the library imports. */
  async function expectUsable(home: string, command: readonly [string, ...string[]]): Promise<void> {
    const [first] = (await must(home, command, "-v")).split("\n");
    expect(first).toBe(`anytun version ${version}`);
    const script = "console.log(Object.keys(await import(process.argv[1])).length > 0)";
    for (const library of ["satp-core", "tun-native"]) {
      const args = ["--input-type=module", "-e", script, library];
      expect((await must(home, [process.execPath], ...args)).trim(), library).toBe("true");
    }
  }

  it("install with npm", async () => {
    const home = join(folder, "npm");
    mkdirSync(home);
    writeFileSync(join(home, "package.json"), "{}");
    const quiet = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund"];
    await must(home, ["npm"], "install", ...quiet, ...tarballs.values());
    expect(readdirSync(join(home, "node_modules")).filter((name) => !name.startsWith("."))).toEqual([...names].sort());
    await expectUsable(home, ["npx", "--offline", "anytun"]);
  }, 120_000);

  it("install with pnpm", async () => {
    const home = join(folder, "pnpm");
    mkdirSync(home);
    const dependencies = Object.fromEntries([...tarballs].map(([name, file]) => [name, `file:${file}`]));
    writeFileSync(join(home, "package.json"), JSON.stringify({ dependencies }));
    const overrides = `overrides:\n  tun-native: ${JSON.stringify(dependencies["tun-native"])}\n`;
    writeFileSync(join(home, "pnpm-workspace.yaml"), `pmOnFail: ignore\n${overrides}`);
    await must(home, pnpm, "install", "--offline", "--ignore-scripts");
    await expectUsable(home, [join(home, "node_modules/.bin/anytun")]);
  }, 120_000);
});
