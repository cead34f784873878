import { describe, expect, it } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import { configOptions } from "../../src/cli/programs.ts";
import { type ClientEntry, clientEntryText, findClient, parseClientEntry } from "../../src/cluster/client-entry.ts";
import { type Lookup, literalAddress } from "../../src/daemon/resolver.ts";
import { syncVectors } from "../support/sync-vectors.ts";

function parse(...words: readonly string[]): ClientEntry {
  const invocation = parseArguments(words, configOptions);
  if (invocation.action !== "run") throw new Error(invocation.action);
  return parseClientEntry(invocation.args, {
    services: (name) => (name === "domain" ? 53 : undefined),
    bytesOf: ({ value }) => new Uint8Array(Buffer.from(value)),
    secretVariables: {},
    readSecretFile: () => new Uint8Array(Buffer.from("from a file\n")),
    readCredential: () => undefined,
  });
}

const names: Readonly<Record<string, string>> = { localhost: "127.0.0.1", "127.1": "127.0.0.1" };
const lookup: Lookup = async (host) => {
  const literal = literalAddress(names[host] ?? host);
  if (literal === undefined) throw new Error("nobody knows it");
  return [literal];
};

async function text(...words: readonly string[]): Promise<string> {
  const entry = parse(...words);
  return clientEntryText(entry, await findClient(entry, lookup));
}

describe("what anytun-config of Debian printed", () => {
  // useless or wrong entries that it printed with status 0
  const refused: Readonly<Record<string, RegExp>> = {
    "config-001": /^-E: missing; expected a passphrase/,
    "config-039": /^-A: missing beside -K/,
    "config-040": /^-K: missing beside -A/,
    "config-041": /^-K: expected 64 hexadecimal digits .*got 16 bytes/,
    "config-042": /^-A: expected 28 hexadecimal digits .*got 13 bytes/,
    "config-056": /^-o 70000: expected a port/,
  };
  // a window that it cut to 16 bits, although anytun takes more
  const windows: Readonly<Record<string, [number, number]>> = { "config-028": [4464, 70_000] };

  it.each(syncVectors.config)("$id $argv", async ({ id, argv, stdout }) => {
    const error = refused[id];
    if (error !== undefined) {
      await expect(text(...argv)).rejects.toThrow(error);
      return;
    }
    const [theirs, ours] = windows[id] ?? [0, 0];
    const lengthened = stdout.replace(` 0 0 ${theirs} 0 `, ` 0 0 ${ours} 0 `).replace("00207", "00208");
    expect(await text(...argv)).toBe(theirs === 0 ? stdout : lengthened);
  });
});

describe("one client", () => {
  it("has the routes of every -R, and prefixes that stop originals in parts", async () => {
    const lines = (await text("-k", "null", "-m", "7", "-R", "10.0.0.0/8,240.0.0.0/4", "-R", "fe00::/7")).split("\n");
    const routes = lines
      .slice(1, -1)
      .map((line) => /route 0 0 0 0 (\d+) 0 0 [01] \d+ (\S+) 7$/.exec(line)?.slice(1).join(" "));
    expect(routes).toEqual([
      ...["8 10.0.0.0", "5 240.0.0.0", "6 248.0.0.0", "7 252.0.0.0", "8 254.0.0.0", "8 255.0.0.0"],
      ...["8 fe00::", "8 ff00::"],
    ]);
  });

  it("may have its secret in a file", async () => {
    expect(await text("--passphrase-file", "x")).toBe(await text("-E", "from a file"));
  });

  it.each<[string[], string]>([
    [["-E", "x", "-R", "10.0.0.0/33"], "-R 10.0.0.0/33: expected NETWORK/LENGTH"],
    [["-E", "x", "-R", "10.0.0.0/"], "-R 10.0.0.0/: expected NETWORK/LENGTH"],
    [["-E", "x", "-R", "10.0.0/8"], "-R 10.0.0/8: expected NETWORK/LENGTH"],
    [["-E", "x", "-R", "fe80::1%lo/64"], "-R fe80::1%lo/64: expected NETWORK/LENGTH"],
    [["-E", "x", "-R", "10.0.0.0/8,x"], "-R 10.0.0.0/8,x: expected ADDRESS/LENGTH"],
    [["-E", "x", "-m", "70000"], "-m 70000: expected a number from 0 to 65535"],
    [["-E", "x", "-k", "aes"], "-k aes: expected null, aes-ctr"],
    [["-E", "x", "-e", "top"], "-e top: expected left"],
    [["-E", "x", "-4", "-r", "::1"], "-r ::1: expected an IPv4 address because of -4"],
    [["-E", "x", "-o", "nothing"], "-o nothing: expected a port"],
    [["-E", "x", "-L", "stdout"], "-L stdout: expected TARGET:LEVEL"],
  ])("%j: %s", async (words, expected) => {
    await expect(text(...words)).rejects.toThrow(expected);
  });

  it.each(["-D", "-u", "-S", "-M", "-X", "-f", "-i", "-p", "-s", "-c", "-a", "-b", "--config-dir"])(
    "knows nothing of %s",
    async (option) => {
      await expect(text(option, "x")).rejects.toThrow(`${option}: unknown option`);
    },
  );

  it("whose name cannot be resolved is an error that names it", async () => {
    await expect(text("-E", "x", "-r", "nobody")).rejects.toThrow("-r nobody: cannot be resolved: nobody knows it");
  });
});
