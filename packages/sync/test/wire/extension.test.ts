import { describe, expect, it } from "vitest";
import { decodeExtension, type Extension, encodeExtension, parseHostAddress } from "../../src/index.ts";
import { commandsOf, present } from "../support/frames.ts";
import { bytesOf } from "../support/vectors.ts";

const decode = (archive: string): Extension | undefined => {
  const length = archive.length.toString().padStart(5, "0");
  const [command] = commandsOf(bytesOf(`${length} ${archive}`));
  if (command?.type !== "unknown") throw new Error("an original would not skip this");
  return decodeExtension(command);
};

const samples: Extension[] = [
  { type: "hello", version: 1, node: "a-node", sender: { id: 7, role: 1 } },
  { type: "hello", version: 1, node: "controld", sender: undefined },
  { type: "complete" },
  { type: "withdraw-connection", mux: 65_535 },
  { type: "withdraw-route", address: present(parseHostAddress("2001:db8::")), length: 32 },
  { type: "replay-mark", mux: 7, senderId: 9, sequence: 0xffffffff },
  { type: "clock", nowMs: 1e15 },
  { type: "place", mux: 7, nowMs: 4_300_000_000, ageMs: 0, host: present(parseHostAddress("2001:db8::7")), port: 4444 },
];

describe("our own commands", () => {
  it.each(samples)("$type goes and comes back, and is none of the originals'", (extension) => {
    expect(decode(encodeExtension(extension))).toEqual(extension);
  });

  it.each(samples)("$type of a later version, with more behind it", (extension) => {
    expect(decode(`${encodeExtension(extension)} 99 5 later`)).toEqual(extension);
  });

  const start = "22 serialization::archive 18 0 0";
  it.each([
    ["another prefix", `${start} 9 any.hello 0 0 1 1 a 0`],
    ["a type from the future", `${start} 13 anytun.future 0 0 1`],
    ["a token missing", `${start} 26 anytun.withdraw-connection 0 0`],
    ["a host name", `${start} 21 anytun.withdraw-route 0 0 8 9 localhost`],
    ["a node with a line feed", `${start} 12 anytun.hello 0 0 1 3 a\nb 0`],
    ["a time before all times", `${start} 12 anytun.clock 0 0 -1`],
    ["a time after all times", `${start} 12 anytun.clock 0 0 1000000000000001`],
    ["a place without an age", `${start} 12 anytun.place 0 0 7 1000`],
    ["a place by its name", `${start} 12 anytun.place 0 0 7 1000 0 9 localhost 4444`],
    ["a node without a name", `${start} 12 anytun.hello 0 0 1 0  0`],
  ])("%s means nothing", (_, archive) => {
    expect(decode(archive)).toBeUndefined();
  });

  it("times are written in whole milliseconds", () => {
    expect(decode(encodeExtension({ type: "clock", nowMs: 999.6 }))).toEqual({ type: "clock", nowMs: 1000 });
  });

  it("a name that is none is not written", () => {
    const hello = { type: "hello", version: 1, node: "two words", sender: undefined } as const;
    expect(() => encodeExtension(hello)).toThrow("node name");
  });
});
