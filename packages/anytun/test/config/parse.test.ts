import { formatAddress } from "satp-core";
import { describe, expect, it } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import { ArgumentSet } from "../../src/config/argument-set.ts";
import type { Config, StartNote } from "../../src/config/config.ts";
import { parseDevice } from "../../src/config/device.ts";
import { type ParseEnvironment, parseConfig } from "../../src/config/parse.ts";
import { parseRouting } from "../../src/config/routes.ts";
import { UsageError } from "../../src/errors.ts";

const environment: ParseEnvironment = {
  uid: 0,
  cwd: "/work",
  variables: {},
  services: (name) => (name === "satp" ? 4444 : undefined),
  isFile: (path) => path === "/opt/my scripts/up.sh",
  bytesOf: (arg) => new Uint8Array(Buffer.from(arg.value)),
  secretVariables: {},
  readSecretFile: () => new Uint8Array(0),
  readCredential: () => undefined,
};

function parse(words: readonly string[], changes: Partial<ParseEnvironment> = {}): Config {
  const invocation = parseArguments(words);
  if (invocation.action !== "run") throw new Error(`ended with ${invocation.action}`);
  return parseConfig(invocation.args, { ...environment, ...changes });
}

/** With a passphrase, so that the option in question decides. */
function keyed(...words: readonly string[]): Config {
  return parse([...words, "-E", "test"]);
}

function refusal(words: readonly string[]): string {
  try {
    parse(words);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error("accepted");
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

it("has the original's defaults", () => {
  const { keys, notes, ...config } = keyed();
  expect(config).toEqual({
    logTargets: [{ type: "syslog", level: 3, ident: "anytun", facility: "daemon", orStderr: true }],
    logFormat: "text",
    foreground: false,
    family: "any",
    local: { host: undefined, port: 4444 },
    remote: undefined,
    device: { kind: "tun", name: undefined },
    ipv4: undefined,
    ipv6: undefined,
    mtu: undefined,
    mssClamp: true,
    offload: { tun: true, udp: true, ring: true },
    postUpScript: undefined,
    mux: 0,
    routes: [],
    installRoutes: false,
    routing: "single",
    hasOwnKeys: true,
    clients: [],
    senderId: 0,
    windowSize: 0,
    keepAliveSeconds: 0,
    suite: { kdPrf: "aes-ctr-128", cipher: "aes-ctr-128", auth: "sha1", tagBytes: 10 },
    role: "left",
    stateDir: "/var/lib/anytun",
    metrics: undefined,
    statusSocket: { dir: "/run/anytun" },
  });
  expect(hex(keys.masterKey)).toBe("a3bf4f1b2b0b822cd15d6c15b0f00a08");
  expect(hex(keys.masterSalt)).toBe("9ba61c4c0873d391e987982fbbd3");
  expect(notes).toEqual([{ level: 4, text: "replay protection is off; switch it on with -w" }]);
});

it.each<[string[], Partial<Config>]>([
  [["--mtu", "auto"], { mtu: "auto" }],
  [["--mtu=576"], { mtu: 576 }],
  [["--mtu", "9000", "--mtu", "1280"], { mtu: 1280 }],
  [["--no-mss-clamp"], { mssClamp: false }],
  [["--install-routes"], { installRoutes: true }],
])("reads %j", (words, expected) => {
  expect(keyed(...words)).toMatchObject(expected);
});

it.each(["575", "9001", "Auto", "1400b", "-1"])("refuses --mtu=%s", (value) => {
  expect(refusal([`--mtu=${value}`, "-E", "test"])).toBe(
    `--mtu ${value}: expected a number of bytes from 576 to 9000, or auto`,
  );
});

describe("numbers", () => {
  it.each<[string[], Partial<Config>]>([
    [["-m", "0"], { mux: 0 }],
    [["-m", "65535"], { mux: 65535 }],
    [["-m", "007"], { mux: 7 }],
    [["-m", "x", "-m", "5"], { mux: 5 }],
    [["--mux=5 "], { mux: 5 }],
    [["-s", "65535"], { senderId: 65535 }],
    [["-w", "16777216"], { windowSize: 16_777_216 }],
    [["--keepalive", "25"], { keepAliveSeconds: 25 }],
    [["--keepalive=86400", "--keepalive", ""], { keepAliveSeconds: 86_400 }],
    [["--keepalive", "5", "--keepalive", "0"], { keepAliveSeconds: 0 }],
    [["-p", "0"], { local: { host: undefined, port: 0 } }],
    [["-p", "65535"], { local: { host: undefined, port: 65535 } }],
    [["-p", "satp"], { local: { host: undefined, port: 4444 } }],
    [["-p", "99", "-p", ""], { local: { host: undefined, port: 99 } }],
    [["-o", "1", "-r", "host"], { remote: { host: "host", port: 1 } }],
    [["-o", "satp", "-r", "host"], { remote: { host: "host", port: 4444 } }],
  ])("%j", (words, expected) => {
    expect(keyed(...words)).toMatchObject(expected);
  });

  it.each<[string[], string]>([
    [["-m", "x"], "-m x: expected a number from 0 to 65535"],
    [["-m", "70000"], "-m 70000: expected a number from 0 to 65535"],
    [["-m", "5x"], "-m 5x: expected a number from 0 to 65535"],
    [["-m", "0x10"], "-m 0x10: expected a number from 0 to 65535"],
    [["-m", "+5"], "-m +5: expected a number from 0 to 65535"],
    [["-m", "1e3"], "-m 1e3: expected a number from 0 to 65535"],
    [["-m", "5.0"], "-m 5.0: expected a number from 0 to 65535"],
    [["-m", "٣"], '-m "٣": expected a number from 0 to 65535'],
    [["-m", ""], '-m "": expected a number from 0 to 65535'],
    [["-m", " -1"], "-m -1: expected a number from 0 to 65535"],
    [["-m", "9".repeat(400)], `-m ${"9".repeat(400)}: expected a number from 0 to 65535`],
    [["-s", "65536"], "-s 65536: expected a number from 0 to 65535"],
    [["-w", "x"], "-w x: expected a number of packets from 0 to the limit of 16777216"],
    [["-w", ""], '-w "": expected a number of packets from 0 to the limit of 16777216'],
    [["-w", "16777217"], "-w 16777217: expected a number of packets from 0 to the limit of 16777216"],
    [["--keepalive", "0.5"], "--keepalive 0.5: expected a number of seconds from 0 (off) to 86400"],
    [["--keepalive", "86401"], "--keepalive 86401: expected a number of seconds from 0 (off) to 86400"],
    [["-b", "x"], "-b x: expected a number of bytes from 0 to 20"],
    [["-b", ""], '-b "": expected a number of bytes from 0 to 20'],
    [["-p", "65536"], "-p 65536: expected a port from 0 to 65535 or the name of a UDP service"],
    [["-p", "http"], "-p http: expected a port from 0 to 65535 or the name of a UDP service"],
    [["-o", "99999"], "-o 99999: expected a port from 0 to 65535 or the name of a UDP service"],
  ])("refused: %j", (words, expected) => {
    expect(refusal([...words, "-E", "test"])).toBe(expected);
  });
});

describe("hosts and families", () => {
  it.each<[string[], Partial<Config>]>([
    [["-4"], { family: "ipv4" }],
    [["-6"], { family: "ipv6" }],
    [["-4", "-4"], { family: "ipv4" }],
    [["-i", "192.0.2.1"], { local: { host: "192.0.2.1", port: 4444 } }],
    [["-i", "name.example"], { local: { host: "name.example", port: 4444 } }],
    [["-i", "fe80::1%eth0"], { local: { host: "fe80::1%eth0", port: 4444 } }],
    [["-r", "a", "-r", "b"], { remote: { host: "b", port: 4444 } }],
    [["-r", "a", "-r", ""], { remote: { host: "a", port: 4444 } }],
    [["-r", ""], { remote: undefined }],
    [["-6", "-r", "2001:db8::1"], { remote: { host: "2001:db8::1", port: 4444 } }],
  ])("%j", (words, expected) => {
    expect(keyed(...words)).toMatchObject(expected);
  });

  it.each<[string[], string]>([
    [["-4", "-6"], "-4 -6: mutually exclusive; expected one of them or none"],
    [["--ipv6-only", "-4"], "-4 --ipv6-only: mutually exclusive; expected one of them or none"],
    [["-4", "-r", "::1"], "-r ::1: expected an IPv4 address because of -4"],
    [["-6", "-i", "127.0.0.1"], "-i 127.0.0.1: expected an IPv6 address because of -6"],
    [["-r", "[::1]"], "-r [::1]: expected a host name or an IP address"],
    [["-r", "host:4444"], "-r host:4444: expected a host name or an IP address"],
    [["-r", "a,b"], "-r a,b: expected a host name or an IP address"],
    [["-i", "10.0.0.0/8"], "-i 10.0.0.0/8: expected a host name or an IP address"],
  ])("refused: %j", (words, expected) => {
    expect(refusal([...words, "-E", "test"])).toBe(expected);
  });

  it("warns of a peer that the local address can never reach", () => {
    const text = "-r 2001:db8::1 cannot be reached from -i 192.0.2.1: different address families";
    expect(keyed("-i", "192.0.2.1", "-r", "2001:db8::1", "-w", "9").notes).toEqual([{ level: 2, text }]);
  });
});

describe("the device", () => {
  it.each<[string[], string, string | undefined]>([
    [["-d", "tun7"], "tun", "tun7"],
    [["-d", "tapx"], "tap", "tapx"],
    [["-d", "tun"], "tun", "tun"],
    [["-d", "tun%d"], "tun", "tun%d"],
    [["-t", "tun"], "tun", undefined],
    [["-t", "tap"], "tap", undefined],
    [["-t", "tunnel"], "tun", undefined],
    [["-t", "tapestry"], "tap", undefined],
    [["-t", "tap", "-d", "tun0"], "tap", "tun0"],
    [["-t", "tun", "-d", "vpn"], "tun", "vpn"],
    [["-t", "", "-d", "tap0"], "tap", "tap0"],
    [["-t", "bad", "-t", "tap"], "tap", undefined],
    [["-d", "tun1 x"], "tun", "tun1"],
  ])("%j", (words, kind, name) => {
    expect(keyed(...words).device).toEqual({ kind, name });
  });

  it("cuts a long name as the kernel's interface would, with a warning", () => {
    const { device, notes } = keyed("-d", "tun4567890123456", "-w", "9");
    expect(device.name).toBe("tun456789012345");
    expect(notes).toEqual([{ level: 2, text: "-d tun4567890123456: cut to 15 characters, tun456789012345" }]);
  });

  it.each<[string[], string]>([
    [["-t", "TUN"], '-t TUN: expected "tun" or "tap"'],
    [["-t", "tu"], '-t tu: expected "tun" or "tap"'],
    [["-d", "eth0"], "-d eth0: unable to recognize type of device (tun or tap); expected -t tun or -t tap with it"],
    [["-t", "tun", "-d", "a/b"], "-d a/b: expected an interface name, with at most one %d"],
    [["-t", "tun", "-d", "a:b"], "-d a:b: expected an interface name, with at most one %d"],
    [["-t", "tun", "-d", ".."], "-d ..: expected an interface name, with at most one %d"],
    [["-d", "tun%s"], "-d tun%s: expected an interface name, with at most one %d"],
    [["-d", "tun%d%d"], "-d tun%d%d: expected an interface name, with at most one %d"],
  ])("refused: %j", (words, expected) => {
    expect(refusal([...words, "-E", "test"])).toBe(expected);
  });
});

describe("interface addresses", () => {
  const four = { address: "192.0.2.1", prefixLength: 24 };
  const six = { address: "2001:db8::1", prefixLength: 64 };
  it.each<[string[], unknown, unknown]>([
    [["-n", "192.0.2.1/24"], four, undefined],
    [["-n", "2001:DB8:0::1/64"], undefined, six],
    [["-n", "192.0.2.1/24,2001:db8::1/64"], four, six],
    [["-n", "2001:db8::1/64", "-n", "192.0.2.1/24"], four, six],
    [["-n", "10.0.0.1/8", "-n", "192.0.2.1/24"], four, undefined],
    [["-n", "10.0.0.1/8,192.0.2.1/24", "-n", ""], four, undefined],
    [["-n", "192.0.2.1/32"], { address: "192.0.2.1", prefixLength: 32 }, undefined],
    [["-n", "192.0.2.1/0"], { address: "192.0.2.1", prefixLength: 0 }, undefined],
    [["-n", "::1/128"], undefined, { address: "::1", prefixLength: 128 }],
  ])("%j", (words, ipv4, ipv6) => {
    expect(keyed(...words)).toMatchObject({ ipv4, ipv6 });
  });

  it.each(["192.0.2.1/33", "192.0.2.1/", "192.0.2.1/x", "192.0.2.1/24/24", "192.0.2/24", "::1/129", "/24", "host/24"])(
    "refused: %s",
    (value) => {
      expect(refusal(["-n", value, "-E", "test"])).toBe(
        `-n ${value}: expected ADDRESS/LENGTH, like 192.0.2.1/24 or 2001:db8::1/64`,
      );
    },
  );
});

describe("the post-up script", () => {
  it.each<[string[], string | undefined]>([
    [["-x", "/a/b"], "/a/b"],
    [["-x", "/a b"], "/a"],
    [["-x", "  /a\tb"], "/a"],
    [["-x", "/opt/my scripts/up.sh"], "/opt/my scripts/up.sh"],
    [["-x", " "], undefined],
    [["-x", ""], undefined],
  ])("%j", (words, expected) => {
    expect(keyed(...words).postUpScript).toBe(expected);
  });
});

describe("roles and algorithms", () => {
  it.each([
    ["left", "left"],
    ["alice", "left"],
    ["server", "left"],
    ["right", "right"],
    ["bob", "right"],
    ["client", "right"],
  ])("-e %s", (name, role) => {
    expect(keyed("-e", "nobody", "-e", name).role).toBe(role);
  });

  const key = { kdPrf: "aes-ctr-128", cipher: "aes-ctr-128", auth: "sha1", tagBytes: 10 };
  it.each<[string[], Partial<Config["suite"]>]>([
    [["-c", "null"], { cipher: "null" }],
    [["-c", "aes-ctr"], {}],
    [["-c", "aes-ctr-192"], { cipher: "aes-ctr-192" }],
    [["-c", "aes-ctr-256", "-k", "aes-ctr-192"], { cipher: "aes-ctr-256", kdPrf: "aes-ctr-192" }],
    [["-a", "null"], { auth: "null", tagBytes: 0 }],
    [["-a", "null", "-b", "7"], { auth: "null", tagBytes: 0 }],
    [["-b", "0"], { tagBytes: 0 }],
    [["-b", "20"], { tagBytes: 20 }],
    [["-k", "null"], { kdPrf: "null" }],
    [["-c", "null", "-a", "null", "-k", "aes-ctr-256"], { kdPrf: "null", cipher: "null", auth: "null", tagBytes: 0 }],
  ])("%j", (words, expected) => {
    expect(keyed(...words).suite).toEqual({ ...key, ...expected });
  });

  it.each<[string[], string]>([
    [["-e", "nobody"], "-e nobody: expected left, alice or server, or right, bob or client"],
    [["-e", "Left"], "-e Left: expected left, alice or server, or right, bob or client"],
    [["-c", "aes"], "-c aes: expected null, aes-ctr, aes-ctr-128, aes-ctr-192 or aes-ctr-256"],
    [["-k", "aes-ctr-512"], "-k aes-ctr-512: expected null, aes-ctr, aes-ctr-128, aes-ctr-192 or aes-ctr-256"],
    [["-a", "md5"], "-a md5: expected null or sha1"],
  ])("refused: %j", (words, expected) => {
    expect(refusal([...words, "-E", "test"])).toBe(expected);
  });

  it.each<[string[], string[]]>([
    [["-b", "10"], []],
    [["-k", "null"], ["key derivation is null: encryption and authentication work with keys that everybody knows"]],
    [
      ["-k", "null", "-a", "null"],
      ["key derivation is null: encryption and authentication work with keys that everybody knows"],
    ],
    [["-c", "null", "-a", "null"], []],
    [["-b", "21"], ["authentication tag length 21 is longer than 20 bytes, using 20"]],
    [["-b", "21", "-a", "null"], []],
    [["-b", "0"], ["authentication tag length is 0: packets are accepted from anybody"]],
  ])("warnings of %j", (words, expected) => {
    expect(keyed(...words, "-w", "64").notes).toEqual(expected.map((text) => ({ level: 2, text })));
  });

  it("goes on with 20 bytes when more are asked for", () => {
    expect(keyed("-b", "4000000000").suite.tagBytes).toBe(20);
  });
});

describe("key material", () => {
  const KEY16 = "00112233445566778899aabbccddeeff";
  const SALT = "00112233445566778899aabbccdd";
  it.each<[string[], string, string]>([
    [["-E", "test"], "a3bf4f1b2b0b822cd15d6c15b0f00a08", "9ba61c4c0873d391e987982fbbd3"],
    [["-E", "x", "-E", "test"], "a3bf4f1b2b0b822cd15d6c15b0f00a08", "9ba61c4c0873d391e987982fbbd3"],
    [["-E", "test", "-K", KEY16], KEY16, "9ba61c4c0873d391e987982fbbd3"],
    [["-E", "test", "-A", SALT.toUpperCase()], "a3bf4f1b2b0b822cd15d6c15b0f00a08", SALT],
    [["-K", KEY16, "-A", SALT], KEY16, SALT],
    [["-K", KEY16, "-A", SALT, "-E", ""], KEY16, SALT],
    [["-E", "test", "-K", ""], "a3bf4f1b2b0b822cd15d6c15b0f00a08", "9ba61c4c0873d391e987982fbbd3"],
    [["-k", "aes-ctr-192", "-K", `${KEY16}0011223344556677`, "-A", SALT], `${KEY16}0011223344556677`, SALT],
    [["-k", "aes-ctr-256", "-K", KEY16 + KEY16, "-A", SALT], KEY16 + KEY16, SALT],
    [["-k", "null"], "", ""],
    [["-k", "null", "-E", "test"], "", ""],
    [["-k", "null", "-K", "00"], "", ""],
    [["-c", "null", "-a", "null"], "", ""],
  ])("%j", (words, key, salt) => {
    const { keys } = parse(words);
    expect([hex(keys.masterKey), hex(keys.masterSalt)]).toEqual([key, salt]);
  });

  const rule = "expected a passphrase, or a key (-K) with a salt (-A), unless key derivation is null (-k null)";
  it.each<[string[], string]>([
    [[], `-E: missing; ${rule}`],
    [["-E", ""], `-E: missing; ${rule}`],
    [["-E", "test", "-E", ""], `-E: missing; ${rule}`],
    [["-c", "null"], `-E: missing; ${rule}`],
    [["-a", "null"], `-E: missing; ${rule}`],
    [["-K", KEY16], `-A: missing beside -K; ${rule}`],
    [["-A", SALT], `-K: missing beside -A; ${rule}`],
    [["-E", "test", "-K", "0011"], "-K: expected 32 hexadecimal digits (16 bytes) for aes-ctr-128, got 2 bytes"],
    [
      ["-E", "test", "-k", "aes-ctr-256", "-K", KEY16],
      "-K: expected 64 hexadecimal digits (32 bytes) for aes-ctr-256, got 16 bytes",
    ],
    [["-E", "test", "-A", `${SALT}00`], "-A: expected 28 hexadecimal digits (14 bytes) for a salt, got 15 bytes"],
    [["-E", "test", "--key", KEY16.slice(1)], "--key: expected an even number of hexadecimal digits, got 31"],
    [["-E", "test", "-K", `zz${KEY16.slice(2)}`], "-K: expected hexadecimal digits and nothing else"],
    [["-E", "test", "-K", `0x${KEY16.slice(2)}`], "-K: expected hexadecimal digits and nothing else"],
    [["-E", "test", "-A", `${SALT} `], "-A: expected hexadecimal digits and nothing else"],
    [["-k", "null", "-K", "zz"], "-K: expected hexadecimal digits and nothing else"],
  ])("refused: %j", (words, expected) => {
    expect(refusal(words)).toBe(expected);
  });

  it("takes the passphrase's bytes from the environment, not from its text", () => {
    const { keys } = parse(["-E", "?"], { bytesOf: () => new Uint8Array(Buffer.from("test")) });
    expect(hex(keys.masterKey)).toBe("a3bf4f1b2b0b822cd15d6c15b0f00a08");
  });
});

describe("the log", () => {
  it.each<[string[], boolean, Config["logTargets"]]>([
    [["-D"], true, [{ type: "syslog", level: 3, ident: "anytun", facility: "daemon", orStderr: true }]],
    [["-U"], true, [{ type: "stdout", level: 5 }]],
    [["-U", "-U"], true, [{ type: "stdout", level: 5 }]],
    [["-L", "stderr:5"], false, [{ type: "stderr", level: 5 }]],
    [
      ["-L", "file:4,/a", "-U", "-L", "file:4,/b"],
      true,
      [
        { type: "file", level: 4, path: "/a" },
        { type: "stdout", level: 5 },
        { type: "file", level: 4, path: "/b" },
      ],
    ],
  ])("%j", (words, foreground, logTargets) => {
    expect(keyed(...words)).toMatchObject({ foreground, logTargets });
  });

  it.each<[string[], Config["logFormat"]]>([
    [["--log-format", "json"], "json"],
    [["--log-format=json", "--log-format", "text"], "text"],
    [["--log-format", ""], "text"],
  ])("%j", (words, logFormat) => {
    expect(keyed(...words)).toMatchObject({ logFormat });
  });

  it.each<[string[], string]>([
    [["-U", "-L", "stdout:3"], "-L stdout:3: the stdout log target is supported only once"],
    [["-L", "stdout:3", "--debug"], "--debug stdout:5: the stdout log target is supported only once"],
    [["-L", "nowhere:3"], "-L nowhere:3: unknown log target; expected syslog, stdout, stderr or file"],
    [["--log-format", "xml"], "--log-format xml: expected text or json"],
  ])("refused: %j", (words, expected) => {
    expect(refusal([...words, "-E", "test"])).toBe(expected);
  });
});

describe("the state directory", () => {
  it.each<[string[], Partial<ParseEnvironment>, string]>([
    [[], { uid: 0, variables: { HOME: "/root", XDG_STATE_HOME: "/s" } }, "/var/lib/anytun"],
    [[], { uid: 7, variables: { HOME: "/home/u", XDG_STATE_HOME: "/s" } }, "/s/anytun"],
    [[], { uid: 7, variables: { HOME: "/home/u", XDG_STATE_HOME: "s" } }, "/home/u/.local/state/anytun"],
    [[], { uid: 7, variables: { HOME: "/home/u" } }, "/home/u/.local/state/anytun"],
    [["--state-dir", "none"], {}, "none"],
    [["--state-dir", "./none"], {}, "/work/none"],
    [["--state-dir=a b"], {}, "/work/a b"],
    [["--state-dir", "/x"], { uid: 7 }, "/x"],
  ])("%j %j", (words, changes, expected) => {
    expect(parse([...words, "-E", "test"], changes).stateDir).toBe(expected);
  });

  it("is asked for when there is no home and when it is empty", () => {
    const text = "--state-dir: missing; expected a directory, or none, because HOME is not set";
    expect(() => parse(["-E", "test"], { uid: 7, variables: {} })).toThrow(text);
    expect(refusal(["--state-dir=", "-E", "test"])).toBe('--state-dir "": expected a directory, or none');
  });
});

describe("routes", () => {
  const texts = (config: Config): string[] =>
    config.routes.map(({ address, length }) => `${formatAddress(address)}/${length}`);

  it("accumulate over lists and repeats, keep host bits, and may be IPv6", () => {
    const config = keyed("-R", "10.1.2.3/24,fd00::/8", "-R", "", "-R", "0.0.0.0/0", "--route", "192.168.1.128/25");
    expect(texts(config)).toEqual(["10.1.2.3/24", "fd00::/8", "0.0.0.0/0", "192.168.1.128/25"]);
  });

  it.each([
    ["10.0.0.0/33"],
    ["10.0.0.0/256"],
    ["fd00::/129"],
    ["10.0.0.0/"],
    ["10.0.0.0/x"],
    ["10.0.0.0/8x"],
    ["10.0.0/8"],
    ["example.com/8"],
    ["/8"],
    [" 10.0.0.0/8"],
  ])("refuse %j by its element", (element) => {
    expect(refusal(["-E", "test", "-R", `10.9.0.0/16,${element}`])).toBe(
      `-R ${/^[!-~]+$/.test(element) ? element : JSON.stringify(element)}: expected NETWORK/LENGTH, like 10.0.0.0/8 or fd00::/8`,
    );
  });
});

// -M and -X are refused as a whole so far: the rule alone
describe("routing by destination", () => {
  const cluster = ["-M", "192.0.2.1"];
  it.each<[string[], "single" | "routes", boolean]>([
    [[], "single", false],
    [["-R", "10.0.0.0/8"], "single", false],
    [["-t", "tun"], "single", false],
    [cluster, "routes", false],
    [["-X", "192.0.2.1"], "routes", false],
    [["-t", "tun", ...cluster], "routes", false],
    [["-t", "tun", "-d", "tun9", ...cluster], "routes", false],
    [["-t", "tun", "-d", "vpn0", ...cluster], "routes", false],
    [["-d", "tun9", ...cluster], "single", true],
    [["-t", "tunnel", ...cluster], "single", true],
    [["-t", "tap", ...cluster], "single", false],
    [["-d", "tap0", ...cluster], "single", false],
    [["-M", ""], "single", false],
  ])("with %j is %s", (words, expected, hinted) => {
    const invocation = parseArguments(words);
    if (invocation.action !== "run") throw new Error(`ended with ${invocation.action}`);
    const args = new ArgumentSet(invocation.args);
    const notes: StartNote[] = [];
    const { kind } = parseDevice(args, notes);
    expect(parseRouting(args, kind, notes)).toBe(expected);
    const hint = expect.objectContaining({ text: expect.stringMatching(/packets are not routed by destination/) });
    expect(notes).toEqual(hinted ? [hint] : []);
  });
});

describe("the cluster", () => {
  const cluster = (...words: string[]) => keyed(...words).cluster;
  it("is none without its options", () => {
    expect(cluster()).toBeUndefined();
    expect(cluster("-I", "::1")).toBeUndefined();
  });

  it("serves and follows", () => {
    expect(cluster("-S", "23", "-I", "192.0.2.1", "-M", "a,b:5", "-X", "[::1]:7", "-M", "")).toEqual({
      listen: { host: "192.0.2.1", port: 23 },
      plainListen: undefined,
      plainSecrets: true,
      tls: undefined,
      hosts: [
        { host: "a", port: 2323, isPlain: true },
        { host: "b", port: 5, isPlain: true },
        { host: "::1", port: 7, isPlain: true },
      ],
    });
    expect(cluster("-S", "23", "--sync-without-secrets")).toMatchObject({ plainSecrets: false });
  });

  it("may hand out the keys", () => {
    expect(parse(["-X", "a"])).toMatchObject({ hasOwnKeys: false });
    expect(parse(["-X", "a"]).keys.masterKey).toHaveLength(16);
    expect(refusal(["-X", "a", "-r", "b"])).toMatch(/^-E: missing/);
    expect(refusal(["-S", "23"])).toMatch(/^-E: missing/);
    expect(parse(["-X", "a", "-a", "null", "-c", "null"])).toMatchObject({ hasOwnKeys: true });
  });

  it.each<[string[], string]>([
    [["-S", "70000"], "-S 70000: expected a port from 0 to 65535 or the name of a TCP service"],
    [["-M", "a,[b"], "-M [b: expected HOST, HOST:PORT, an IPv6 address or [IPv6]:PORT"],
    [
      ["-S", "23", "--sync-plain-port", "24"],
      "--sync-plain-port 24: only beside --sync-tls-cert; without TLS everything is plain",
    ],
    [["--sync-plain-hosts", "a"], "--sync-plain-hosts a: only beside --sync-tls-cert; without TLS everything is plain"],
    [
      ["-S", "23", "--sync-tls-cert", "x"],
      "--sync-tls-key: missing; TLS needs --sync-tls-cert, --sync-tls-key and --sync-tls-ca",
    ],
  ])("%j", (words, expected) => {
    expect(refusal([...words, "-E", "test"])).toBe(expected);
  });
});

it("takes the man page's two-host example", () => {
  const words =
    "-r hostb.example.com -t tun -n 192.168.123.1/30 -c aes-ctr-256 -k aes-ctr-256 -E have_a_very_safe_and_productive_day -e left";
  expect(parse(words.split(" "))).toMatchObject({
    remote: { host: "hostb.example.com", port: 4444 },
    device: { kind: "tun", name: undefined },
    ipv4: { address: "192.168.123.1", prefixLength: 30 },
    suite: { kdPrf: "aes-ctr-256", cipher: "aes-ctr-256", auth: "sha1", tagBytes: 10 },
    role: "left",
  });
});

describe("offloads", () => {
  it.each<[string[], Config["offload"]]>([
    [["--no-tun-offload"], { tun: false, udp: true, ring: true }],
    [["--no-udp-offload"], { tun: true, udp: false, ring: true }],
    [["--no-io-uring"], { tun: true, udp: true, ring: false }],
    [["--no-udp-offload", "--no-tun-offload"], { tun: false, udp: false, ring: true }],
  ])("%j", (words, offload) => {
    expect(keyed(...words).offload).toEqual(offload);
  });
});

describe("--announce-script", () => {
  it("is a program that is there, by its whole path", () => {
    expect(keyed("--announce-script", "/opt/my scripts/up.sh").announceScript).toBe("/opt/my scripts/up.sh");
    expect(parse(["--announce-script", "up.sh", "-E", "x"], { cwd: "/opt/my scripts" }).announceScript).toBe(
      "/opt/my scripts/up.sh",
    );
  });

  it.each([
    [["--announce-script="], '--announce-script "": expected a program'],
    [["--announce-script", "/none"], "--announce-script /none: no such file"],
    [
      ["--announce-script", "/opt/my scripts/up.sh", "-C", "/jail"],
      /cannot be started from inside the directory of -C$/,
    ],
  ])("%j is refused", (words, text) => expect(refusal([...words, "-E", "x"])).toMatch(text));
});
