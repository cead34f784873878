/**
 * The rules of the original's command line, one a row: what it does with these words, and what we do. Where that is not the same, the
 * row names the line of docs/COMPATIBILITY.md that says why. Sections and rules are those of the specification (anytun-cli.md).
 */
import { expect } from "vitest";
import type { Config } from "../../src/config/config.ts";

/** What the original does: it runs, it refuses (status 255, caret under this column), or it shows something (status 0). */
export type Original = "runs" | { readonly text: string; readonly column?: number } | "shows" | "fails";

export interface Rule {
  readonly rule: string;
  readonly words: readonly string[];
  readonly original: Original;
  /** What we make of it: a part of the configuration, the text of the refusal, or what is shown. */
  readonly here:
    | { readonly config: Partial<Config> }
    | { readonly refused: string }
    | { readonly shows: "help" | "version" };
  /** First words of a line in docs/COMPATIBILITY.md. */
  readonly differs?: string;
}

const config = (part: Partial<Config> = {}): Rule["here"] => ({ config: part });
const refused = (text: string): Rule["here"] => ({ refused: text });
const SYNTAX = "syntax errors";
const NUMBERS = "numbers";
const LEVEL = "expected a log level from 0 (off) to 5 (debug) after the colon";
const four = { address: "192.0.2.9", prefixLength: 30 };

/** Text and caret differ everywhere: the line in docs/COMPATIBILITY.md is `syntax errors`. */
const syntax = (
  rule: string,
  words: readonly string[],
  text: string,
  column: number | undefined,
  here: string,
): Rule => ({
  rule,
  words,
  original: column === undefined ? { text } : { text, column },
  here: refused(here),
  differs: SYNTAX,
});

export const rules: readonly Rule[] = [
  // 1. grammar
  {
    rule: "1 forms: short and long",
    words: ["-m", "5", "--sender-id", "6"],
    original: "runs",
    here: config({ mux: 5, senderId: 6 }),
  },
  syntax("1 forms: no bundling", ["-D4"], "-D4", 0, "-D4: unknown option (options cannot be joined)"),
  syntax("1 forms: no abbreviation", ["--mu", "5"], "--mu", 0, "--mu: unknown option"),
  syntax("1 forms: case counts", ["--Mux", "5"], "--Mux", 0, "--Mux: unknown option"),
  syntax("1 forms: no --", ["--"], "--", 0, "--: unknown option"),
  syntax("1 forms: no positional words", ["office"], "office", 0, "office: unexpected word; options begin with -"),
  {
    ...syntax("1 forms: no --long=value", ["--mux=5"], "--mux=5", 0, ""),
    here: config({ mux: 5 }),
    differs: "`--name=value` is accepted",
  },
  syntax("1 values: missing", ["-m"], "-m", 2, "-m: a value is missing"),
  syntax("1 values: a dash", ["-m", "-1"], "-m -1", 3, '-m -1: a value cannot begin with "-"; write --mux=VALUE'),
  syntax(
    "1 values: a dash alone",
    ["-r", "-"],
    "-r -",
    3,
    '-r -: a value cannot begin with "-"; write --remote-host=VALUE',
  ),
  {
    rule: "1 values: a leading blank carries a dash",
    words: ["-E", " -x"],
    original: "runs",
    here: config(),
  },
  syntax("1 order: the first error wins", ["--one", "--two"], "--one", 0, "--one: unknown option"),
  { rule: "1 order: -h hides later words", words: ["-h", "--nope"], original: "shows", here: { shows: "help" } },
  {
    rule: "1 order: -v hides later words",
    words: ["-v", "-h", "--nope"],
    original: "shows",
    here: { shows: "version" },
  },
  syntax("1 order: an earlier error hides -h", ["--nope", "-h"], "--nope", 0, "--nope: unknown option"),
  { rule: "1 repeats: scalars", words: ["-m", "5", "-m", "7"], original: "runs", here: config({ mux: 7 }) },
  {
    rule: "1 repeats: lists",
    words: ["-R", "10.0.0.0/8", "-R", "10.1.0.0/16,10.2.0.0/16"],
    original: "runs",
    here: config({ routes: [8, 16, 16].map((length) => expect.objectContaining({ length })) }),
  },
  {
    rule: "1 words: leading blanks, cut at the next",
    words: ["-d", "  tun7 x"],
    original: "runs",
    here: config({ device: { kind: "tun", name: "tun7" } }),
  },
  {
    rule: "1 words: an empty one keeps the default",
    words: ["-r", ""],
    original: "runs",
    here: config({ remote: undefined }),
  },
  { rule: "1 words: passphrases are taken whole", words: ["-E", " two words "], original: "runs", here: config() },
  {
    rule: "1 numbers: decimal prefix",
    words: ["-m", "12abc"],
    original: "runs",
    here: refused("-m 12abc: expected a number from 0 to 65535"),
    differs: NUMBERS,
  },
  {
    rule: "1 numbers: hexadecimal is 0",
    words: ["-m", "0x10"],
    original: "runs",
    here: refused("-m 0x10: expected a number from 0 to 65535"),
    differs: NUMBERS,
  },
  {
    rule: "1 numbers: none is 0",
    words: ["-w", "x"],
    original: "runs",
    here: refused("-w x: expected a number of packets from 0 to the limit of 16777216"),
    differs: NUMBERS,
  },
  {
    rule: "1 numbers: too large is the maximum",
    words: ["-m", "70000"],
    original: "runs",
    here: refused("-m 70000: expected a number from 0 to 65535"),
    differs: NUMBERS,
  },
  {
    rule: "1 errors: -4 and -6",
    words: ["-4", "-6"],
    original: { text: "-4 and -6 are mutual exclusive" },
    here: refused("-4 -6: mutually exclusive; expected one of them or none"),
    differs: SYNTAX,
  },
  {
    rule: "1 errors: role",
    words: ["-e", "nobody"],
    original: { text: "unknown role name: nobody" },
    here: refused("-e nobody: expected left, alice or server, or right, bob or client"),
    differs: SYNTAX,
  },
  syntax("1 errors: -R without /", ["-R", "10.0.0.0/8,x"], "x", 1, "-R 10.0.0.0/8,x: expected ADDRESS/LENGTH"),
  syntax("1 errors: -n without /", ["-n", "192.0.2.1"], "192.0.2.1", 9, "-n 192.0.2.1: expected ADDRESS/LENGTH"),
  syntax("1 errors: -L without :", ["-L", "stderr"], "stderr", 0, "-L stderr: expected TARGET:LEVEL[,PARAMETER,..]"),
  syntax("1 errors: -L without a level", ["-L", "stderr:x"], "stderr:x", 7, `-L stderr:x: ${LEVEL}`),
  syntax("1 errors: -L with junk", ["-L", "stderr:3x"], "stderr:3x", 8, `-L stderr:3x: ${LEVEL}`),
  syntax("1 errors: -L with a fraction", ["-L", "stderr:3.5"], "stderr:3.5", 8, `-L stderr:3.5: ${LEVEL}`),

  // 2. options
  { rule: "2 -D, -U", words: ["-D"], original: "runs", here: config({ foreground: true }) },
  {
    rule: "2 -g without -u",
    words: ["-g", "nobody-here"],
    original: "runs",
    here: config({ groupname: "nobody-here", username: undefined }),
  },
  { rule: "2 -P", words: ["-P", "/run/x.pid"], original: "runs", here: config({ pidFile: "/run/x.pid" }) },
  {
    rule: "2 -p: a number",
    words: ["-p", "4999"],
    original: "runs",
    here: config({ local: { host: undefined, port: 4999 } }),
  },
  { rule: "2 -p: any", words: ["-p", "0"], original: "runs", here: config({ local: { host: undefined, port: 0 } }) },
  {
    rule: "2 -p: a service",
    words: ["-p", "domain"],
    original: "runs",
    here: config({ local: { host: undefined, port: 53 } }),
  },
  {
    rule: "2 -p: modulo 65536",
    words: ["-p", "99999"],
    original: "runs",
    here: refused("-p 99999: expected a port from 0 to 65535 or the name of a UDP service"),
    differs: NUMBERS,
  },
  { rule: "2 -s", words: ["-s", "65535"], original: "runs", here: config({ senderId: 65_535 }) },
  {
    rule: "2 -r, -o",
    words: ["-r", "192.0.2.7", "-o", "4999"],
    original: "runs",
    here: config({ remote: { host: "192.0.2.7", port: 4999 } }),
  },
  { rule: "2 -o without -r", words: ["-o", "4999"], original: "runs", here: config({ remote: undefined }) },
  { rule: "2 -4", words: ["-4"], original: "runs", here: config({ family: "ipv4" }) },
  { rule: "2 -6", words: ["-6"], original: "runs", here: config({ family: "ipv6" }) },
  { rule: "2 -n", words: ["-n", "192.0.2.9/30"], original: "runs", here: config({ ipv4: four }) },
  { rule: "2 -x", words: ["-x", "/bin/true"], original: "runs", here: config({ postUpScript: "/bin/true" }) },
  {
    rule: "2 -x: cut at a blank",
    words: ["-x", "/bin/true x"],
    original: "runs",
    here: config({ postUpScript: "/bin/true" }),
  },
  {
    rule: "2 -R: host bits",
    words: ["-R", "10.1.2.3/8"],
    original: "runs",
    here: config({ routes: [expect.objectContaining({ length: 8 })] }),
  },
  {
    rule: "2 -R: IPv6",
    words: ["-R", "fd00::/8"],
    original: "runs",
    here: config({ routes: [expect.objectContaining({ length: 8 })] }),
  },
  {
    rule: "2 -R: length beyond",
    words: ["-R", "10.0.0.0/40"],
    original: "runs",
    here: refused("-R 10.0.0.0/40: expected NETWORK/LENGTH, like 10.0.0.0/8 or fd00::/8"),
    differs: "`-R`",
  },
  { rule: "2 -m", words: ["-m", "65535"], original: "runs", here: config({ mux: 65_535 }) },
  { rule: "2 -w", words: ["-w", "64"], original: "runs", here: config({ windowSize: 64 }) },
  ...(["null", "aes-ctr", "aes-ctr-128", "aes-ctr-192", "aes-ctr-256"] as const).flatMap((name): Rule[] => {
    const algorithm = name === "aes-ctr" ? "aes-ctr-128" : name;
    return [
      {
        rule: `2 -k: ${name}`,
        words: ["-k", name],
        original: "runs",
        here: config({ suite: expect.objectContaining({ kdPrf: algorithm }) }),
      },
      {
        rule: `2 -c: ${name}`,
        words: ["-c", name],
        original: "runs",
        here: config({ suite: expect.objectContaining({ cipher: algorithm }) }),
      },
    ];
  }),
  {
    rule: "2 -k: unknown",
    words: ["-k", "x"],
    original: "runs",
    here: refused("-k x: expected null, aes-ctr, aes-ctr-128, aes-ctr-192 or aes-ctr-256"),
    differs: "missing or wrong-length key",
  },
  {
    rule: "2 -c: unknown",
    words: ["-c", "x"],
    original: "runs",
    here: refused("-c x: expected null, aes-ctr, aes-ctr-128, aes-ctr-192 or aes-ctr-256"),
    differs: "missing or wrong-length key",
  },
  ...(["left", "alice", "server", "right", "bob", "client"] as const).map((name): Rule => {
    const role = ["left", "alice", "server"].includes(name) ? "left" : "right";
    return { rule: `2 -e: ${name}`, words: ["-e", name], original: "runs", here: config({ role }) };
  }),
  {
    rule: "2 -e: only the last is checked",
    words: ["-e", "nobody", "-e", "bob"],
    original: "runs",
    here: config({ role: "right" }),
  },
  {
    rule: "2 -K, -A beside -E",
    words: ["-K", "00".repeat(16), "-A", "00".repeat(14)],
    original: "runs",
    here: config({ keys: { masterKey: new Uint8Array(16), masterSalt: new Uint8Array(14) } }),
  },
  {
    rule: "2 -K: odd",
    words: ["-K", "0"],
    original: "runs",
    here: refused("-K: expected an even number of hexadecimal digits, got 1"),
    differs: "odd or non-hex digits",
  },
  {
    rule: "2 -A: not hexadecimal",
    words: ["-A", "zz"],
    original: "runs",
    here: refused("-A: expected hexadecimal digits and nothing else"),
    differs: "odd or non-hex digits",
  },
  {
    rule: "2 -a: null",
    words: ["-a", "null"],
    original: "runs",
    here: config({ suite: expect.objectContaining({ auth: "null", tagBytes: 0 }) }),
  },
  { rule: "2 -a: unknown", words: ["-a", "md5"], original: "fails", here: refused("-a md5: expected null or sha1") },
  {
    rule: "2 -b",
    words: ["-b", "20"],
    original: "runs",
    here: config({ suite: expect.objectContaining({ tagBytes: 20 }) }),
  },
  {
    rule: "2 -b: more than 20",
    words: ["-b", "21"],
    original: "runs",
    here: config({ suite: expect.objectContaining({ tagBytes: 20 }) }),
  },
  {
    rule: "2 -b: none is 0",
    words: ["-b", "x"],
    original: "runs",
    here: refused("-b x: expected a number of bytes from 0 to 20"),
    differs: NUMBERS,
  },
  {
    rule: "2 -c null -a null forces -k null",
    words: ["-c", "null", "-a", "null", "-k", "aes-ctr-256"],
    original: "runs",
    here: config({ suite: { kdPrf: "null", cipher: "null", auth: "null", tagBytes: 0 } }),
  },

  // 7. log targets
  {
    rule: "7 file",
    words: ["-L", "file:3,/tmp/anytun-rules.log"],
    original: "runs",
    here: config({ logTargets: [expect.objectContaining({ type: "file", level: 3, path: "/tmp/anytun-rules.log" })] }),
  },
  {
    rule: "7 syslog: name and facility",
    words: ["-L", "syslog:4,name,local3"],
    original: "runs",
    here: config({ logTargets: [expect.objectContaining({ ident: "name", facility: "local3" })] }),
  },
  {
    rule: "7 level: 0 is off",
    words: ["-L", "syslog:0"],
    original: "runs",
    here: config({ logTargets: [expect.objectContaining({ level: 0 })] }),
  },
  {
    rule: "7 level: more than 5 is 5",
    words: ["-L", "syslog:9"],
    original: "runs",
    here: config({ logTargets: [expect.objectContaining({ level: 5 })] }),
  },
  {
    rule: "7 stderr: parameters are ignored",
    words: ["-L", "stderr:3,x,y"],
    original: "runs",
    here: config({ logTargets: [{ type: "stderr", level: 3 }] }),
  },
  {
    rule: "7 once each",
    words: ["-L", "stderr:3", "-L", "stderr:4"],
    original: "fails",
    here: refused("-L stderr:4: the stderr log target is supported only once"),
  },
  {
    rule: "7 unknown target",
    words: ["-L", "nowhere:3"],
    original: "fails",
    here: refused("-L nowhere:3: unknown log target; expected syslog, stdout, stderr or file"),
  },
  {
    rule: "7 unknown facility",
    words: ["-L", "syslog:3,x,nowhere"],
    original: "fails",
    here: refused(
      "-L syslog:3,x,nowhere: unknown syslog facility; expected one of user mail daemon auth syslog lpr news uucp cron authpriv ftp local0 local1 local2 local3 local4 local5 local6 local7",
    ),
  },
  {
    rule: "7 eventlog",
    words: ["-L", "eventlog:3"],
    original: "fails",
    here: refused("-L eventlog:3: the eventlog target is not supported; use syslog, stdout, stderr or file"),
  },

  // 8. device
  {
    rule: "8 kind of -d tunX",
    words: ["-d", "tun8"],
    original: "runs",
    here: config({ device: { kind: "tun", name: "tun8" } }),
  },
  {
    rule: "8 kind of -d tapX",
    words: ["-d", "tap8"],
    original: "runs",
    here: config({ device: { kind: "tap", name: "tap8" } }),
  },
  {
    rule: "8 other -d",
    words: ["-d", "vpn8"],
    original: "fails",
    here: refused("-d vpn8: unable to recognize type of device (tun or tap); expected -t tun or -t tap with it"),
  },
  {
    rule: "8 three letters of -t",
    words: ["-t", "tunnel"],
    original: "runs",
    here: config({ device: { kind: "tun", name: undefined } }),
  },
  { rule: "8 case of -t", words: ["-t", "TUN"], original: "fails", here: refused('-t TUN: expected "tun" or "tap"') },
  {
    rule: "8 %d",
    words: ["-t", "tun", "-d", "vpn%d"],
    original: "runs",
    here: config({ device: { kind: "tun", name: "vpn%d" } }),
  },
  {
    rule: "8 15 characters",
    words: ["-d", "tun4567890123456"],
    original: "runs",
    here: config({ device: { kind: "tun", name: "tun456789012345" } }),
  },
  {
    rule: "8 -n: length beyond",
    words: ["-n", "192.0.2.9/40"],
    original: "runs",
    here: refused("-n 192.0.2.9/40: expected ADDRESS/LENGTH, like 192.0.2.1/24 or 2001:db8::1/64"),
    differs: "`-n`",
  },
  {
    rule: "8 -n: bad address",
    words: ["-n", "nonsense/24"],
    original: "fails",
    here: refused("-n nonsense/24: expected ADDRESS/LENGTH, like 192.0.2.1/24 or 2001:db8::1/64"),
  },
];
