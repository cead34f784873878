import { readSync } from "node:fs";
import { Pipe } from "tun-native";
import { describe, expect, it } from "vitest";
import { namedDescriptors } from "../../src/host/background.ts";
import { Launcher } from "../../src/host/launcher.ts";

describe("who waits for the tunnel", () => {
  it("hears the first status and no other", () => {
    const pipe = new Pipe();
    const launcher = new Launcher(pipe.writeFd);
    expect(launcher.tell(0)).toBe(true);
    expect(launcher.tell(255)).toBe(true);
    const bytes = new Uint8Array(8);
    expect(readSync(pipe.readFd, bytes)).toBe(1);
    expect(bytes[0]).toBe(0);
    pipe.closeReader();
  });

  it("is missed when it has gone", () => {
    const pipe = new Pipe();
    pipe.closeReader();
    expect(new Launcher(pipe.writeFd).tell(0)).toBe(false);
  });
});

it.each<[string[], number[]]>([
  [["--passphrase-file", "/dev/fd/63", "-E", "/dev/fd/x"], [63]],
  [["--key-file=/proc/self/fd/5", "--passphrase-file=/dev/fd/5", "/dev/fd/0"], [5]],
  [["-D"], []],
])("descriptors named by %j", (words, expected) => {
  expect(namedDescriptors(words)).toEqual(expected);
});
