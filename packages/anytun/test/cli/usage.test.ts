import { expect, it } from "vitest";
import { usageText, versionText } from "../../src/cli/usage.ts";

const lines = usageText().split("\n");
const entries = lines.filter((line) => line.startsWith("   ["));

it("begins like the original's and ends with a newline", () => {
  expect(lines.slice(0, 2)).toEqual(["USAGE:", "anytun "]);
  expect(lines.at(-1)).toBe("");
});

it("has every option once, the original's in its order, ours behind them", () => {
  const letters = entries.map(
    (line) => /^ {3}\[-(\w)\|--[a-z0-9-]+ ?\]/.exec(line)?.[1] ?? line.trim().split(/[[\]]/)[1],
  );
  const ours = [
    "--mtu",
    "--install-routes",
    "--no-mss-clamp",
    "--keepalive",
    "--state-dir",
    "--status-socket",
    "--status-group",
    "--metrics",
    "--passphrase-file",
    "--key-file",
    "--log-format",
    "--config-dir",
    "--sync-tls-cert",
    "--sync-tls-key",
    "--sync-tls-ca",
    "--sync-plain-port",
    "--sync-plain-hosts",
    "--sync-without-secrets",
    "--announce-script",
    "--no-tun-offload",
    "--no-udp-offload",
    "--no-io-uring",
  ].join(" ");
  expect(letters.join(" ")).toBe(`h v D u g C P L U i p s r o 4 6 I S M X d t n x R m w k e E K A c a b ${ours}`);
});

it("keeps the blank behind --sender-id", () => {
  expect(entries.find((line) => line.includes("-s|"))).toMatch(/^ {3}\[-s\|--sender-id \] </);
});

it("names the commands, in the same column", () => {
  expect(lines.at(-4)).toMatch(/^anytun genkey \[-h\] {21}make a random key/);
  expect(lines.at(-3)).toMatch(/^anytun status \[-h\] {21}show the running/);
  expect(lines.at(-2)).toMatch(/^anytun install-units \[-h\] {14}write the units/);
});

it("puts descriptions into column 40, those of -L, -M and -X on lines of their own", () => {
  const below = new Set(["-L", "-M", "-X"]);
  for (const [i, line] of lines.entries()) {
    const option = /^ {3}\[(--?[\w-]+)/.exec(line)?.[1];
    if (option === undefined) continue;
    if (below.has(option)) {
      expect(line.trimEnd()).toMatch(/[\]>]$/);
      expect(lines[i + 1]).toMatch(/^ {39}\S/);
    } else {
      expect(line.slice(0, 39), option).toMatch(/ $/);
      expect(line.charAt(39), option).toMatch(/\S/);
    }
  }
});

it("prints two lines of version", () => {
  expect(versionText("1.2.3", { version: "v20.0.0", platform: "linux", arch: "x64" })).toBe(
    "anytun version 1.2.3\nnode v20.0.0, addon linux-x64\n",
  );
});
