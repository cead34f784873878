/** What `anytun install-units` writes, judged by systemd's own tools. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { installUnits } from "../../src/cli/install-units.ts";
import { scratchDir } from "../support/scratch.ts";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

function install(root: string, ...words: string[]): string[] {
  const told: string[] = [];
  installUnits(["--root", root, ...words], { node: process.execPath, folder: PACKAGE }, (text) => told.push(text));
  return told;
}

function run(command: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", timeout: 15_000 });
  return { status, text: `${stdout}${stderr}` };
}

describe("install-units", () => {
  const UNITS = ["anytun-controld@.service", "anytun.service", "anytun@.service"];

  it("writes units, generator, tmpfiles and sysusers, and takes them away again", () => {
    const root = scratchDir();
    expect(install(root).join()).toContain("systemctl enable --now anytun@NAME");
    expect(readdirSync(join(root, "etc/systemd/system")).sort()).toEqual(UNITS);
    expect(statSync(join(root, "etc/systemd/system-generators/anytun-generator")).mode & 0o777).toBe(0o755);
    expect(existsSync(join(root, "etc/tmpfiles.d/anytun.conf"))).toBe(true);
    expect(existsSync(join(root, "etc/sysusers.d/anytun.conf"))).toBe(true);
    install(root);
    const dropIn = join(root, "etc/systemd/system/anytun@.service.d/without-root.conf");
    expect(existsSync(dropIn)).toBe(false);
    install(root, "--without-root");
    expect(readFileSync(dropIn, "utf8")).toContain(
      `ExecStart=${process.execPath} ${PACKAGE}/dist/anytun.js -D --state-dir`,
    );
    install(root);
    expect(existsSync(dropIn)).toBe(false);
    install(root, "--without-root");
    install(root, "--remove");
    expect(readdirSync(join(root, "etc/systemd/system"))).toEqual(["anytun@.service.d"]);
    expect(existsSync(dropIn)).toBe(false);
    install(root, "--remove");
  });

  it("names the programs of this installation", () => {
    const root = scratchDir();
    install(root);
    const unit = readFileSync(join(root, "etc/systemd/system/anytun@.service"), "utf8");
    expect(unit).toContain(`\nExecStart=${process.execPath} ${PACKAGE}/dist/anytun.js -D --username anytun `);
  });

  it("leaves files of others alone, all of them", () => {
    const root = scratchDir();
    const path = join(root, "etc/sysusers.d/anytun.conf");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "u anytun\n");
    expect(() => install(root)).toThrow(`install-units: ${path} is somebody else's; move it away first`);
    expect(() => install(root, "--remove")).toThrow("somebody else's");
    expect(existsSync(join(root, "etc/systemd"))).toBe(false);
  });

  it("refuses an installation that services do not see", () => {
    const installation = { node: "/root/.nvm/bin/node", folder: PACKAGE };
    expect(() => installUnits(["--root", scratchDir()], installation, () => undefined)).toThrow(
      "install-units: /root/.nvm/bin/node lies in a home directory, which the services do not see; expected an installation for all users: npm install --global anytun",
    );
  });

  it.each([[["--what"]], [["x"]], [["--root"]], [["--root="]]])("refuses %j", (words) => {
    expect(() => installUnits(words, { node: "/n", folder: PACKAGE }, () => undefined)).toThrow(/^install-units /);
  });
});

describe("systemd's own tools", requires("systemd-analyze"), () => {
  it("find nothing wrong with the units", () => {
    const root = scratchDir();
    install(root);
    const dir = join(root, "etc/systemd/system");
    for (const name of ["anytun@", "anytun-controld@"]) symlinkSync(`${name}.service`, join(dir, `${name}x.service`));
    const paths = ["anytun.service", "anytun@x.service", "anytun-controld@x.service"].map((name) => join(dir, name));
    expect(run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", ...paths)).toEqual({
      status: 0,
      text: "",
    });
  });

  it.each([
    { unit: "anytun@", words: [], most: 3.4 },
    { unit: "anytun@", words: ["--without-root"], most: 1.7 },
    { unit: "anytun-controld@", words: [], most: 2.6 },
  ])("give $unit $words an exposure of at most $most", ({ unit, words, most }) => {
    const root = scratchDir();
    install(root, ...words);
    const path = join(root, "etc/systemd/system", `${unit}x.service`);
    symlinkSync(`${unit}.service`, path);
    const args = ["security", "--offline=true", `--threshold=${Math.round(most * 10)}`, "--no-pager", path];
    expect(run("systemd-analyze", ...args)).toMatchObject({ status: 0 });
  });

  it("take the users and the directories", () => {
    const root = scratchDir();
    install(root);
    const users = run("systemd-sysusers", "--dry-run", join(root, "etc/sysusers.d/anytun.conf"));
    expect(users.status, users.text).toBe(0);
    const dirs = run("systemd-tmpfiles", "--create", `--root=${root}`, join(root, "etc/tmpfiles.d/anytun.conf"));
    expect(dirs.status, dirs.text).toBe(0);
    expect(statSync(join(root, "run/anytun")).mode & 0o777).toBe(0o755);
    expect(statSync(join(root, "run/anytun-controld")).mode & 0o777).toBe(0o700);
  });
});

describe("the generator", () => {
  const generator = join(PACKAGE, "systemd/anytun-generator");

  /** @param autostart undefined = there is none */
  function generate(autostart: string | undefined, prepare: (wants: string) => void = () => undefined) {
    const dir = scratchDir();
    if (autostart !== undefined) writeFileSync(join(dir, "autostart"), autostart);
    const wants = join(dir, "out", "anytun.service.wants");
    prepare(wants);
    const env = { ...process.env, ANYTUN_CONFIG_DIR: dir, ANYTUN_UNIT_DIR: "/units" };
    const out = join(dir, "out");
    const { status, stderr } = spawnSync(generator, [out, out, out], { env, cwd: PACKAGE, encoding: "utf8" });
    return {
      status,
      stderr: stderr.replaceAll(dir, "DIR"),
      links: existsSync(wants) ? readdirSync(wants).sort() : undefined,
      wants,
    };
  }

  it.each<[string | undefined, string[], string]>([
    [undefined, [], ""],
    ["", [], ""],
    ["office", ["anytun@office.service"], ""],
    [
      "office home # both\n#lab\n\tlab-2\n",
      ["anytun@home.service", "anytun@lab-2.service", "anytun@office.service"],
      "",
    ],
    ["office\noffice office\nhome\n", ["anytun@home.service", "anytun@office.service"], ""],
    ["all\n", ["anytun@all.service"], ""],
    ["office\r\nhome\r\n", ["anytun@home.service", "anytun@office.service"], ""],
    ["a/b home\n", ["anytun@home.service"], "anytun-generator: DIR/autostart: a/b: not the name of a tunnel\n"],
    ["* home\n", ["anytun@home.service"], "anytun-generator: DIR/autostart: *: not the name of a tunnel\n"],
    ["-- home\n", ["anytun@home.service"], "anytun-generator: DIR/autostart: --: not the name of a tunnel\n"],
    [
      "$(reboot) ho`me x\n",
      ["anytun@x.service"],
      "anytun-generator: DIR/autostart: $(reboot): not the name of a tunnel\nanytun-generator: DIR/autostart: ho`me: not the name of a tunnel\n",
    ],
  ])("%j", (autostart, links, stderr) => {
    expect(generate(autostart)).toMatchObject({ status: 0, links, stderr });
  });

  it("links to the template, also over what is there", () => {
    const { wants } = generate("office home\n", (dir) => {
      mkdirSync(dir, { recursive: true });
      symlinkSync("/elsewhere", join(dir, "anytun@office.service"));
    });
    for (const name of ["office", "home"])
      expect(readlinkSync(join(wants, `anytun@${name}.service`))).toBe("/units/anytun@.service");
  });

  it("says how it is called", () => {
    expect(spawnSync(generator, [], { encoding: "utf8" })).toMatchObject({ status: 2, stdout: "" });
  });
});
