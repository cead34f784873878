import { describe, expect, it } from "vitest";
import type { Argument } from "../../src/cli/arguments.ts";
import { parseHostList } from "../../src/cluster/host-list.ts";
import { isPublic, listenAddresses, parseListen } from "../../src/cluster/listen-address.ts";
import { systemLookup } from "../../src/daemon/resolver.ts";

const services = (name: string): number | undefined => (name === "telnet" ? 23 : undefined);
const arg = (value: string): Argument => ({ name: "control-host", typed: "-X", value, index: 1 });

describe("lists of hosts", () => {
  const list = (value: string): string[] =>
    parseHostList("-M", value, services).map(({ host, port }) => `${host} ${port}`);
  it.each<[string, string[]]>([
    ["host", ["host 2323"]],
    ["host:23", ["host 23"]],
    ["host:telnet", ["host 23"]],
    ["host:", ["host 2323"]],
    ["1.2.3.4:5", ["1.2.3.4 5"]],
    ["2001:db8::1", ["2001:db8::1 2323"]],
    ["[2001:db8::1]", ["2001:db8::1 2323"]],
    ["[::1]:5,a,b:6", ["::1 5", "a 2323", "b 6"]],
  ])("%s", (value, expected) => {
    expect(list(value)).toEqual(expected);
  });

  it.each([
    "",
    "a,",
    "x[::1]",
    "[::1",
    "[::1]x",
    "[::1]:",
    "[1.2.3.4]:5",
    "host:99999",
    "host:x",
    "a b",
    "1:2:3",
    ":5",
  ])("%j is refused", (value) => expect(() => list(value)).toThrow(/^-M .*expected/));
});

describe("where to listen", () => {
  it.each<[string | undefined, string | undefined, number]>([
    [undefined, "127.0.0.1", 2323],
    ["192.0.2.1", "192.0.2.1", 2323],
    ["192.0.2.1:5", "192.0.2.1", 5],
    ["::1", "::1", 2323],
    ["[::1]", "::1", 2323],
    ["[::1]:5", "::1", 5],
    [":5", undefined, 5],
    [":telnet", undefined, 23],
    ["", undefined, 2323],
  ])("%j is %s %d", (value, host, port) => {
    expect(parseListen(value === undefined ? undefined : arg(value), services)).toEqual({ host, port });
  });

  it.each([
    ["9000", "a port alone is written :9000"],
    [":x", "expected a port"],
    ["[::1", "expected HOST"],
  ])("%j is refused", (value, expected) => {
    expect(() => parseListen(arg(value), services)).toThrow(expected);
  });

  it("everywhere is two sockets, and public", async () => {
    const addresses = await listenAddresses({ host: undefined, port: 5 }, systemLookup);
    expect(addresses.map(({ address }) => address)).toEqual(["0.0.0.0", "::"]);
    expect(addresses.every(isPublic)).toBe(true);
    const [loopback] = await listenAddresses({ host: "127.0.0.9", port: 5 }, systemLookup);
    expect(loopback === undefined || isPublic(loopback)).toBe(false);
  });
});
