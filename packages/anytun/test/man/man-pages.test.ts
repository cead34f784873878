/** The man pages as they are packed. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { options, spellings } from "../../src/cli/options.ts";

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const manifest: { bin: Record<string, string>; man: string[] } = JSON.parse(readFileSync(at("package.json"), "utf8"));
const pages = readdirSync(at("dist/man"));

function run(command: string, ...args: readonly string[]) {
  const env = { ...process.env, MANWIDTH: "200", LC_ALL: "C.UTF-8" };
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", env });
  return { status, stdout, stderr };
}

it("are there for every program, and npm installs them", () => {
  expect([...manifest.man].sort()).toEqual(pages.map((page) => `./dist/man/${page}`).sort());
  expect(pages).toEqual(expect.arrayContaining(Object.keys(manifest.bin).map((name) => `${name}.8`)));
});

describe.each(pages)("%s", (page) => {
  it("pleases mandoc", requires("mandoc"), () => {
    expect(run("mandoc", "-Tlint", at(`dist/man/${page}`))).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("pleases groff", requires("man"), () => {
    const { status, stderr } = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", at(`dist/man/${page}`));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});

it("anytun.8 shows every option in every spelling, as it has to be typed", requires("man"), () => {
  const { stdout } = run("man", "-E", "ASCII", "-l", at("dist/man/anytun.8"));
  for (const option of options) {
    expect(stdout).toMatch(new RegExp(`^ +${spellings(option).join(", ")}( |$)`, "m"));
  }
});
