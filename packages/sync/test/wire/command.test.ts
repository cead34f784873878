import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ConnectionCommand,
  decodeCommand,
  encodeCommand,
  type HostAddress,
  parseHostAddress,
  SyncError,
  whyUnusable,
} from "../../src/index.ts";
import { connection, present, route } from "../support/frames.ts";
import { bytesOf } from "../support/vectors.ts";

const start = "22 serialization::archive 18 0 0";
const decode = (text: string) => decodeCommand(bytesOf(text));
const fault = (name: string) => ({ type: "refused", fault: name });

const words = fc.tuple(...Array.from({ length: 4 }, () => fc.nat(0xffffffff)));
const address: fc.Arbitrary<HostAddress> = fc.oneof(
  fc.nat(0xffffffff).map((word): HostAddress => ({ family: 4, words: [word, 0, 0, 0] })),
  words.map((four): HostAddress => ({ family: 6, words: four as [number, number, number, number] })),
);
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const anyConnection: fc.Arbitrary<ConnectionCommand> = fc.record({
  type: fc.constant("connection" as const),
  mux: fc.nat(0xffff),
  role: fc.nat(1),
  keyBits: fc.constantFrom(0, 128, 192, 256),
  salt: fc.oneof(bytes(0), bytes(14)),
  key: fc.oneof(bytes(0), bytes(16), bytes(32)),
  windowSize: fc.nat(0xffffffff),
  sequence: fc.nat(0xffffffff),
  host: address,
  port: fc.nat(0xffff),
});

describe("writing and reading", () => {
  it("gives back every connection", () => {
    fc.assert(
      fc.property(anyConnection, (command) => {
        expect(decode(encodeCommand(command))).toEqual(command);
      }),
    );
  });

  it.each(["10.1.2.3/24", "0.0.0.0/0", "2001:db8::1/128", "::/0", "fe80::1%lo/64"])(
    "gives back the route %s",
    (text) => {
      expect(decode(encodeCommand(route(text, 9)))).toEqual(route(text, 9));
    },
  );

  it.each<[string, Partial<ConnectionCommand>]>([
    ["mux 65536", { mux: 65_536 }],
    ["role 2", { role: 2 }],
    ["role -1", { role: -1 }],
    ["sequence number 4294967296", { sequence: 2 ** 32 }],
    ["window size -1", { windowSize: -1 }],
    ["port 0.5", { port: 0.5 }],
    ["key bits 65536", { keyBits: 65_536 }],
  ])("never writes %s", (name, changes) => {
    expect(() => encodeCommand(connection(1, changes))).toThrow(`${name}: expected an integer from 0 to`);
  });

  it.each(["10.0.0.0/33", "::/129"])("never writes the route %s", (text) => {
    expect(() => encodeCommand(route(text, 1))).toThrow(SyncError);
  });

  it.each(["128.0.0.0/1", "192.168.128.0/17", "fe00::/7"])("never writes %s, which stops originals", (text) => {
    expect(() => encodeCommand(route(text, 1))).toThrow(/never come back/);
  });
});

describe("hostile archives", () => {
  const keyless = "0 0 7 0 0 0 0";
  it.each([
    ["a text of 4 GiB", `${start} 4294967295 route`, "input stream error"],
    ["a text count beyond 32 bits", `${start} 99999999999999999999 route`, "input stream error"],
    ["salt of 4 GiB", `${start} 10 connection ${keyless} 0 128 0 0 4294967295 1 2 3`, "input stream error"],
    ["salt longer than the archive", `${start} 10 connection ${keyless} 0 128 0 0 9 1 2 3`, "input stream error"],
    [
      "host of 4 GiB",
      `${start} 10 connection ${keyless} 0 0 0 0 0 0 0 0 0 0 4294967295 1.2.3.4 5`,
      "input stream error",
    ],
    ["half a message", `${start} 10 connection ${keyless} 0 128`, "input stream error"],
    ["address type 7", `${start} 5 route 0 0 0 0 8 0 0 7 8 10.0.0.0 7`, "unknown address type"],
    ["address type -1", `${start} 5 route 0 0 0 0 8 0 0 -1 8 10.0.0.0 7`, "unknown address type"],
    ["a signature as long as the world", "4294967295 serialization::archive 18 0 0 5 route", "invalid signature"],
    ["version 65535", "22 serialization::archive 65535 0 0 5 route", "unsupported version"],
    ["version -1", "22 serialization::archive -1 0 0 5 route", "unsupported version"],
    ["version 65536", "22 serialization::archive 65536 0 0 5 route", "input stream error"],
    ["octal IPv4", `${start} 5 route 0 0 0 0 8 0 0 0 9 010.0.0.0 7`, "Invalid argument"],
    ["nothing", "", "input stream error"],
    ["usage text", "USAGE:\nanytun-config \n   [-h|--help]", "input stream error"],
  ])("%s: %j", (_, text, expected) => {
    expect(decode(text)).toEqual(fault(expected));
  });

  it.each([
    ["role 9", encodeCommand(connection(1)).replace("0 0 1 0 0 0 0 0 128", "0 0 1 0 0 0 0 9 128"), "role"],
    ["role -1", encodeCommand(connection(1)).replace("0 0 1 0 0 0 0 0 128", "0 0 1 0 0 0 0 -1 128"), "role"],
    ["a key of another size", encodeCommand(connection(1, { keyBits: 256 })), "key"],
    ["a key of no known size", encodeCommand(connection(1, { keyBits: 64, key: new Uint8Array(8) })), "key"],
    ["a short salt", encodeCommand(connection(1, { salt: new Uint8Array(13) })), "key"],
    ["a key without salt", encodeCommand(connection(1, { salt: new Uint8Array(0) })), "key"],
    ["a key for no algorithm", encodeCommand(connection(1, { keyBits: 0 })), "key"],
    ["a prefix of ones", `${start} 5 route 0 0 0 0 17 0 0 0 13 192.168.128.0 7`, "hanging prefix"],
    ["a prefix of ones, IPv6", `${start} 5 route 0 0 0 0 7 0 0 1 6 fe00:: 7`, "hanging prefix"],
    ["an Ethernet address", `${start} 5 route 0 0 0 0 48 0 0 2 18446744073709551615 7`, "ethernet route"],
  ])("%s is read and not used", (_, text, why) => {
    const command = decode(text);
    if (command.type === "refused") throw new Error(command.fault);
    expect(whyUnusable(command)).toBe(why);
  });

  it("keys may be left out as a pair, and null needs none", () => {
    const none = { salt: new Uint8Array(0), key: new Uint8Array(0) };
    expect(whyUnusable(connection(1, none))).toBeUndefined();
    expect(whyUnusable(connection(1, { ...none, keyBits: 0 }))).toBeUndefined();
  });
});

describe("numbers", () => {
  const sequence = (text: string) => {
    const command = decode(`${start} 10 connection 0 0 7 0 0 0 0 0 0 0 0 0 0 0 0 0 ${text} 7 1.2.3.4 5`);
    return command.type === "connection" ? command.sequence : command;
  };
  it.each([
    ["-1", 0xffffffff],
    ["-4294967295", 1],
    ["-0", 0],
    ["+7", 7],
    ["007", 7],
    ["4294967295", 0xffffffff],
  ])("%s is %d", (text, value) => {
    expect(sequence(text)).toBe(value);
  });

  it.each(["4294967296", "-4294967296", "x", "-", "+", "--1", "1e3", "99999999999999999999999"])(
    "%s is none",
    (text) => {
      expect(sequence(text)).toEqual(fault("input stream error"));
    },
  );

  it("a number ends where it cannot go on", () => {
    const text = `${start} 5 route 0 0 0 0 8 0 0 0 8 10.0.0.0 7abc`;
    expect(decode(text)).toMatchObject({ type: "route", mux: 7 });
  });

  it("Ethernet addresses have 64 bits", () => {
    const ethernet = (text: string) => decode(`${start} 5 route 0 0 0 0 48 0 0 2 ${text} 7`);
    expect(ethernet("18446744073709551615")).toMatchObject({ address: 2n ** 64n - 1n });
    expect(ethernet("-1")).toMatchObject({ address: 2n ** 64n - 1n });
    expect(ethernet("00000000000000000000000000000000007")).toMatchObject({ address: 7n });
    expect(ethernet("18446744073709551616")).toEqual(fault("input stream error"));
    expect(ethernet("x")).toEqual(fault("input stream error"));
  });
});

describe("tracked objects", () => {
  it("the second byte list has an object id of its own", () => {
    const bytes14 = Array.from({ length: 14 }, (_, i) => i).join(" ");
    const bytes16 = Array.from({ length: 16 }, (_, i) => i).join(" ");
    const text = `22 serialization::archive 18 1 0 0 10 connection 1 0 1 7 1 0 2 1 0 3 0 128 1 0 4 14 ${bytes14} 5 16 ${bytes16} 1 0 6 0 0 7 1.2.3.4 5`;
    expect(decode(text)).toEqual(
      connection(7, {
        salt: Uint8Array.from({ length: 14 }, (_, i) => i),
        key: Uint8Array.from({ length: 16 }, (_, i) => i),
        host: present(parseHostAddress("1.2.3.4")),
        port: 5,
      }),
    );
  });
});

describe("any bytes", () => {
  it("neither throw nor loop", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (garbage) => {
        expect(decodeCommand(garbage).type).toBeTypeOf("string");
      }),
    );
  });

  it("in the place of some of a message are refused or read, never half", () => {
    const text = encodeCommand(connection(7));
    const mutation = fc.record({
      at: fc.nat(text.length - 1),
      insert: fc.uint8Array({ maxLength: 4 }),
      skip: fc.nat(4),
    });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
        let mutated = text;
        for (const { at, insert, skip } of mutations) {
          mutated = mutated.slice(0, at) + Buffer.from(insert).toString("latin1") + mutated.slice(at + skip);
        }
        const command = decode(mutated);
        if (command.type !== "connection") return;
        expect(command.salt.length).toBeLessThan(mutated.length);
        expect(command.mux).toBeGreaterThanOrEqual(0);
        expect(command.mux).toBeLessThanOrEqual(0xffff);
        if (whyUnusable(command) === undefined) expect(decode(encodeCommand(command))).toEqual(command);
      }),
      { numRuns: 2000 },
    );
  });
});
