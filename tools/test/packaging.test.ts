// What a user gets: the tarballs, installed in empty folders with no network and no install scripts.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requires, run } from "../src/lab/index.ts";
import { must, pack, pnpm } from "./support/pack.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const names = ["anytun", "nat-traverse", "satp-core", "satp-sync", "tun-native"] as const;
/** Those that are folders of another name. */
const folders: Readonly<Record<string, string>> = { "satp-sync": "sync" };
const version: string = JSON.parse(readFileSync(join(root, "packages/anytun/package.json"), "utf8")).version;

describe("the packages", requires("npm"), () => {
  let folder: string;
  const tarballs = new Map<string, string>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "satp-packaging-"));
    for (const name of names) {
      const tarball = join(folder, `${name}.tgz`);
      await pack(folders[name] ?? name, tarball);
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
    expect(packed).toContain("dist/man/anytun.8");
    expect(packed).toContain("systemd/anytun@.service");
    expect(packed.filter((file) => file.endsWith(".d.ts"))).toEqual([]);
  });

  it("nat-traverse brings the command and the library", async () => {
    const packed = await files("nat-traverse");
    expect(packed).toContain("dist/bin/nat-traverse.js");
    expect(packed).toContain("dist/man/nat-traverse.1");
    expect(packed).toContain("dist/index.d.ts");
    expect(packed.filter((file) => file.startsWith("dist/cli/"))).toEqual([]);
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
  async function expectUsable(home: string, runner: (name: string) => readonly [string, ...string[]]): Promise<void> {
    const [first] = (await must(home, runner("anytun"), "-v")).split("\n");
    expect(first).toBe(`anytun version ${version}`);
    expect(await must(home, runner("nat-traverse"), "--version")).toBe(`nat-traverse ${version}\n`);
    // its bundle finds the addon in the other package
    const [natTraverse, ...words] = runner("nat-traverse");
    const nobody = await run(natTraverse, [...words, "-q", "--window=0", "--timeout=1", "0:127.0.0.1:9"], {
      cwd: home,
    });
    expect(nobody, nobody.stderr).toMatchObject({ status: 4 });
    const script = "console.log(Object.keys(await import(process.argv[1])).length > 0)";
    for (const library of ["satp-core", "satp-sync", "tun-native", "nat-traverse"]) {
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
    await expectUsable(home, (name) => ["npx", "--offline", name]);
  }, 120_000);

  it("install with npm for all users: commands, man pages, units that lead there", async () => {
    const home = join(folder, "global");
    mkdirSync(home);
    const quiet = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund"];
    await must(home, ["npm"], "install", "--global", "--prefix", home, ...quiet, ...tarballs.values());
    const manifest: { bin: Record<string, string>; man: string[] } = JSON.parse(
      readFileSync(join(root, "packages/anytun/package.json"), "utf8"),
    );
    expect(readdirSync(join(home, "bin"))).toEqual(expect.arrayContaining(Object.keys(manifest.bin)));
    const pages = manifest.man.map((path) => basename(path));
    expect(readdirSync(join(home, "share/man/man8"))).toEqual(expect.arrayContaining(pages));
    await must(home, [join(home, "bin/anytun")], "install-units", "--root", join(home, "image"));
    const unit = readFileSync(join(home, "image/etc/systemd/system/anytun@.service"), "utf8");
    const script = /^ExecStart=\S+ (\S+) /m.exec(unit)?.[1] ?? "";
    expect(script).toBe(join(home, "lib/node_modules/anytun/dist/anytun.js"));
    expect(await must(home, [process.execPath], script, "-v")).toContain(`anytun version ${version}`);
  }, 120_000);

  it("install with pnpm", async () => {
    const home = join(folder, "pnpm");
    mkdirSync(home);
    const dependencies = Object.fromEntries([...tarballs].map(([name, file]) => [name, `file:${file}`]));
    writeFileSync(join(home, "package.json"), JSON.stringify({ dependencies }));
    const local = ["satp-core", "tun-native"].map((name) => `  ${name}: ${JSON.stringify(dependencies[name])}\n`);
    const overrides = `overrides:\n${local.join("")}`;
    writeFileSync(join(home, "pnpm-workspace.yaml"), `pmOnFail: ignore\n${overrides}`);
    await must(home, pnpm, "install", "--offline", "--ignore-scripts");
    await expectUsable(home, (name) => [join(home, "node_modules/.bin", name)]);
  }, 120_000);
});
