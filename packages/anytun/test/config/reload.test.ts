import { describe, expect, it } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { planReload } from "../../src/config/reload.ts";

function config(...words: readonly string[]): Config {
  const invocation = parseArguments(words);
  if (invocation.action !== "run") throw new Error("no configuration");
  return parseConfig(invocation.args, {
    uid: 0,
    cwd: "/work",
    variables: {},
    services: () => undefined,
    isFile: () => true,
    bytesOf: ({ value }) => new Uint8Array(Buffer.from(value)),
    secretVariables: { passphrase: new Uint8Array(Buffer.from("unless said otherwise")) },
    readSecretFile: () => new Uint8Array(0),
    readCredential: () => undefined,
  });
}

const plan = (before: string[], after: string[], rights = { network: true, files: true }) =>
  planReload(config(...before), config(...after), rights);

describe("a configuration that was read again", () => {
  it.each<[string[], string[], string[], string[]]>([
    [[], [], [], []],
    [["-E", "a"], ["-E", "b"], ["-E -K -A"], []],
    [["-r", "a"], ["-r", "b", "-o", "5"], ["-r -o"], []],
    [["-w", "0"], ["-w", "64"], ["-w"], []],
    [["-e", "left"], ["-e", "right"], ["-e"], []],
    [["-n", "10.0.0.1/24"], ["-n", "10.0.0.2/24,fd00::1/64", "--mtu", "auto"], ["-n", "--mtu"], []],
    [["--no-mss-clamp"], [], ["--no-mss-clamp"], []],
    [["-L", "stdout:3"], ["-L", "stdout:5"], ["-L --log-format"], []],
    [["-k", "aes-ctr-128"], ["-k", "aes-ctr-256"], ["-E -K -A", "-k"], []],
    [["-p", "1"], ["-p", "2"], [], ["-i -p"]],
    [["-d", "tun0"], ["-d", "tun1", "-t", "tap"], [], ["-d -t"]],
    [["-u", "a", "-g", "b", "-C", "/a", "-P", "/a"], [], [], ["-P", "-u", "-g", "-C"]],
    [["-m", "1", "-s", "1", "-4"], ["-r", "b"], ["-m", "-r -o", "-s"], ["-4 -6"]],
    [["-S", "23", "-s", "1"], ["-S", "23"], [], ["-s"]],
    [["-c", "aes-ctr-256", "-b", "20"], ["-a", "null"], ["-c -a -b"], []],
    [["--install-routes", "--announce-script", "/a"], [], ["--announce-script", "--install-routes"], []],
    [["-X", "a"], ["-X", "a"], [], []],
    [["-S", "23"], ["-X", "a", "-M", "b"], [], ["-I -S -M -X --sync-*"]],
    [["-M", "b", "-R", "10.0.0.0/8"], ["-M", "b"], ["-R"], []],
    [["-x", "/a", "--state-dir", "/a"], ["-D", "--keepalive", "5"], ["--keepalive"], ["-D -U", "-x", "--state-dir"]],
  ])("%j → %j", (before, after, changed, kept) => {
    const { changed: found, kept: left } = plan(before, after);
    expect(found).toEqual(changed);
    expect([...left].sort()).toEqual([...kept].sort());
  });

  it("counts as far as it can take effect", () => {
    const { config: counts } = plan(["-p", "1", "-E", "a"], ["-p", "2", "-E", "b"]);
    expect(counts.local.port).toBe(1);
    expect(counts.keys).toEqual(config("-E", "b").keys);
  });

  it("takes keys and key derivation together, also none of both", () => {
    const next = ["-c", "null", "-a", "null", "-w", "2"];
    const { config: counts, changed, kept } = plan(["-E", "a", "-w", "1"], next);
    expect([counts.suite, counts.keys]).toEqual([config(...next).suite, config(...next).keys]);
    expect([changed, kept]).toEqual([["-E -K -A", "-w", "-c -a -b", "-k"], []]);
  });

  it("leaves interface and files alone when the daemon may not touch them any more", () => {
    const {
      config: counts,
      changed,
      kept,
    } = plan(["-n", "10.0.0.1/24"], ["-n", "10.0.0.2/24", "--mtu", "1300", "--install-routes", "-s", "7"], {
      network: false,
      files: false,
    });
    expect([changed, [...kept].sort()]).toEqual([[], ["--install-routes", "--mtu", "-n", "-s"]]);
    expect(counts.ipv4?.address).toBe("10.0.0.1");
  });
});
