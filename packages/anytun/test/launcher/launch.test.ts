import { describe, expect, it } from "vitest";
import type { TunnelFiles } from "../../src/config/tunnel-dir.ts";
import { chrootOf, parseWish, vpnWords, type Wish } from "../../src/launcher/launch.ts";

describe("the launcher's words", () => {
  const vpn = (name: string, daemonOptions: string[] = []): Wish => ({ role: "vpn", name, daemonOptions });
  it.each<[string[], Record<string, string>, Wish]>([
    [["vpn", "office"], {}, vpn("office")],
    [["vpn", "office"], { NAME: "home" }, vpn("home")],
    [["vpn"], { NAME: "home" }, vpn("home")],
    [["vpn", "office"], { NAME: "" }, vpn("office")],
    [["vpn", "office", "more"], {}, vpn("office")],
    [["configd", "office"], { DAEMONOPTS: "" }, { role: "configd", name: "office", daemonOptions: [] }],
    [
      ["vpn", "office"],
      { DAEMONOPTS: "  -D --username\tanytun * $HOME " },
      vpn("office", ["-D", "--username", "anytun", "*", "$HOME"]),
    ],
  ])("%j with %j", (words, variables, expected) => {
    expect(parseWish(words, variables)).toEqual(expected);
  });

  it.each<[string[], number]>([
    [[], 1],
    [["vpn"], 1],
    [["start"], 1],
    [["start", "office"], 2],
    [["vpn", "../office"], 1],
    [["vpn", "*"], 1],
  ])("%j ends with status %d and one line", (words, status) => {
    const wish = parseWish(words, {});
    expect(wish).toMatchObject({ status });
    expect("complaint" in wish && wish.complaint).toMatch(/^[^\n]{10,}$/);
  });
});

it("puts the pid file first, then what the script wants, then the tunnel, which wins", () => {
  expect(vpnWords("office", ["-D", "-u", "anytun"])).toEqual([
    ...["--write-pid", "/run/anytun/office.pid", "-D", "-u", "anytun"],
    ...["--config-dir", "/etc/anytun", "office"],
  ]);
});

it.each<[string, string | undefined]>([
  ["chroot /var/run/jail # my jail\n", "/var/run/jail"],
  ['chroot /a\nchroot = "/b"\n', "/b"],
  ["# chroot /x\nwrite-pid /chroot\n", undefined],
])("finds the directory for the jail in %j", (text, root) => {
  const config = { path: "/etc/anytun/x/config", content: new Uint8Array(Buffer.from(text)) };
  const files: TunnelFiles = { dir: "/etc/anytun/x", config, postUpScript: undefined, clients: undefined, notes: [] };
  expect(chrootOf(files)).toBe(root);
});
