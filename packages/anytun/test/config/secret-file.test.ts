import { chmodSync, closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCredential, readSecretFile } from "../../src/config/secret-file.ts";
import { scratchDir } from "../support/scratch.ts";

function fileOf(mode: number, content = "words\n"): string {
  const path = join(scratchDir(), "secret");
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

const read = (path: string): string => Buffer.from(readSecretFile("--key-file", path)).toString();

describe("the mode", () => {
  it.each(["0600", "0400", "0640", "0440", "0700"])("%s is taken", (mode) => {
    expect(read(fileOf(Number.parseInt(mode, 8)))).toBe("words\n");
  });

  it.each(["0644", "0604", "0602", "0620", "0660", "0666", "0601"])("%s is refused", (mode) => {
    const path = fileOf(Number.parseInt(mode, 8));
    expect(() => read(path)).toThrow(
      `--key-file ${path}: mode ${mode} lets others at the secret; expected 0600 or 0640`,
    );
  });

  it("is that of the file behind a link", () => {
    const link = join(scratchDir(), "link");
    symlinkSync(fileOf(0o644), link);
    expect(() => read(link)).toThrow("mode 0644 lets others at the secret");
  });
});

describe("what is no file of secrets", () => {
  it("is refused by its kind", () => {
    const dir = scratchDir();
    for (const path of [dir, "/dev/null"]) {
      expect(() => read(path)).toThrow(`--key-file ${path}: expected a regular file or a pipe`);
    }
  });

  it("is refused when it is not there", () => {
    expect(() => read("/nonexistent/a b")).toThrow(
      '--key-file "/nonexistent/a b": No such file or directory (ENOENT); expected a readable file',
    );
  });

  it("is refused when it is longer than any secret", () => {
    expect(read(fileOf(0o600, "x".repeat(65_536)))).toHaveLength(65_536);
    const long = fileOf(0o600, "x".repeat(65_537));
    expect(() => read(long)).toThrow(`--key-file ${long}: expected at most 65536 bytes`);
  });
});

it("leaves no descriptor open, however it ends", () => {
  const probe = (): number => {
    const descriptor = openSync("/dev/null", "r");
    closeSync(descriptor);
    return descriptor;
  };
  const before = probe();
  for (const path of [fileOf(0o600), fileOf(0o644), scratchDir()]) {
    try {
      read(path);
    } catch {
      // the next descriptor tells
    }
  }
  expect(probe()).toBe(before);
});

describe("credentials", () => {
  it("are read from systemd's directory, whatever their mode", () => {
    const dir = scratchDir();
    writeFileSync(join(dir, "anytun.key"), "words");
    chmodSync(join(dir, "anytun.key"), 0o444);
    const path = join(dir, "anytun.key");
    expect(readCredential(dir, "anytun.key")).toEqual({ path, content: new Uint8Array(Buffer.from("words")) });
  });

  it("are absent without a directory, or without a file in it", () => {
    expect(readCredential(undefined, "anytun.key")).toBeUndefined();
    expect(readCredential("relative", "anytun.key")).toBeUndefined();
    expect(readCredential(scratchDir(), "anytun.key")).toBeUndefined();
    expect(readCredential("/nonexistent", "anytun.key")).toBeUndefined();
  });

  it("are an error when they are there and cannot be read", () => {
    const dir = scratchDir();
    mkdirSync(join(dir, "anytun.key"));
    expect(() => readCredential(dir, "anytun.key")).toThrow(
      `credential ${dir}/anytun.key: expected a regular file or a pipe`,
    );
  });
});
