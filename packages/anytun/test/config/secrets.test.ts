/** Where secrets come from: which source wins, what is refused, and that no error ever shows one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import { type ParseEnvironment, parseConfig } from "../../src/config/parse.ts";
import type { SecretVariables } from "../../src/config/secrets.ts";
import { UsageError } from "../../src/errors.ts";

const KEY_A = "aa".repeat(16);
const KEY_B = "bb".repeat(16);
const KEY_C = "cc".repeat(16);
const SALT_A = "a1".repeat(14);
const SALT_B = "b1".repeat(14);
const SALT_C = "c1".repeat(14);
/** What `-E test` leads to. */
const TEST_KEY = "a3bf4f1b2b0b822cd15d6c15b0f00a08";
const TEST_SALT = "9ba61c4c0873d391e987982fbbd3";

type Files = Readonly<Record<string, string>>;

interface Given {
  readonly words?: readonly string[];
  readonly files?: Files;
  readonly variables?: SecretVariables;
  readonly credentials?: Files;
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const hex = (found: Uint8Array): string => Buffer.from(found).toString("hex");

function parse({ words = [], files = {}, variables = {}, credentials = {} }: Given) {
  const invocation = parseArguments([...words, "-w", "64"]);
  if (invocation.action !== "run") throw new Error(`ended with ${invocation.action}`);
  const environment: ParseEnvironment = {
    uid: 0,
    cwd: "/",
    variables: {},
    services: () => undefined,
    isFile: () => false,
    bytesOf: ({ value }) => bytes(value),
    secretVariables: variables,
    readSecretFile: (option, path) => {
      const content = files[path];
      if (content === undefined) throw new Error(`${option} ${path} was not expected to be read`);
      return bytes(content);
    },
    readCredential: (name) => {
      const content = credentials[name];
      return content === undefined ? undefined : { path: `/run/c/${name}`, content: bytes(content) };
    },
  };
  return parseConfig(invocation.args, environment);
}

function refusal(given: Given): string {
  try {
    parse(given);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error("accepted");
}

const files = {
  "/pass": "test\n",
  "/keys": `# made today\n\nkey ${KEY_B}\n  salt\t${SALT_B}  \r\n`,
  "/key": `key ${KEY_B}`,
  "/salt": `salt ${SALT_B}\n`,
};
const variables = { key: KEY_C, salt: SALT_C };

describe("sources", () => {
  it.each<[string, Given, string, string]>([
    ["passphrase file", { words: ["--passphrase-file", "/pass"] }, TEST_KEY, TEST_SALT],
    ["key file", { words: ["--key-file", "/keys"] }, KEY_B, SALT_B],
    ["the last of two files", { words: ["--key-file", "/never", "--key-file", "/keys"] }, KEY_B, SALT_B],
    ["key file over passphrase", { words: ["-E", "test", "--key-file", "/keys"] }, KEY_B, SALT_B],
    ["key of a file, salt of a passphrase", { words: ["-E", "test", "--key-file", "/key"] }, KEY_B, TEST_SALT],
    ["both files", { words: ["--passphrase-file=/pass", "--key-file=/salt"] }, TEST_KEY, SALT_B],
    ["key typed, salt of a file", { words: ["-K", KEY_A, "--key-file", "/salt"] }, KEY_A, SALT_B],
    ["an empty -E beside a file", { words: ["-E", "", "--passphrase-file", "/pass"] }, TEST_KEY, TEST_SALT],
    ["passphrase variable", { variables: { passphrase: bytes("test") } }, TEST_KEY, TEST_SALT],
    ["key variables", { variables }, KEY_C, SALT_C],
    ["key variables over the other", { variables: { ...variables, passphrase: bytes("x") } }, KEY_C, SALT_C],
    ["credential with a passphrase", { credentials: { "anytun.passphrase": "test" } }, TEST_KEY, TEST_SALT],
    ["credential with keys", { credentials: { "anytun.key": files["/keys"] } }, KEY_B, SALT_B],
    ["options before variables", { words: ["-E", "test"], variables }, TEST_KEY, TEST_SALT],
    ["files before variables", { words: ["--passphrase-file", "/pass"], variables }, TEST_KEY, TEST_SALT],
    ["an empty -E leaves it to the variables", { words: ["-E", ""], variables }, KEY_C, SALT_C],
    ["variables before credentials", { variables, credentials: { "anytun.passphrase": "test" } }, KEY_C, SALT_C],
    [
      "options before credentials",
      { words: ["-E", "test"], credentials: { "anytun.key": "bad" } },
      TEST_KEY,
      TEST_SALT,
    ],
  ])("%s", (_, given, key, salt) => {
    const { keys } = parse({ files, ...given });
    expect([hex(keys.masterKey), hex(keys.masterSalt)]).toEqual([key, salt]);
  });

  it.each<[string, string]>([
    ["test", "test"],
    ["test\n", "test"],
    ["test\r\n", "test"],
    ["test\n\n \n", "test"],
    [" te st \n", " te st "],
    ["test\r", "test\r"],
    ["-x\n", "-x"],
    ["Gr\xfc\xdfe\n", "Gr\xfc\xdfe"],
  ])("takes the line of %j as it is", (content, passphrase) => {
    const read = parse({ words: ["--passphrase-file", "/p"], files: { "/p": content } });
    expect(read.keys).toEqual(parse({ words: [`--passphrase=${passphrase}`] }).keys);
  });

  it("says in the log that secrets came from elsewhere than the command line", () => {
    const level = 4;
    expect(parse({ words: ["-E", "test"] }).notes).toEqual([]);
    expect(parse({ variables }).notes).toEqual([{ level, text: "secrets are taken from the environment" }]);
    expect(parse({ credentials: { "anytun.passphrase": "test" } }).notes).toEqual([
      { level, text: "secrets are taken from the service's credentials" },
    ]);
  });
});

describe("refused", () => {
  const rule = "expected a passphrase, or a key (-K) with a salt (-A), unless key derivation is null (-k null)";
  const line = 'expected "key HEX", "salt HEX" or a comment that begins with #';
  it.each<[string, Given]>([
    [
      "--passphrase-file /pass: the same secret as -E; expected one of the two",
      { words: ["-E", "x", "--passphrase-file", "/pass"] },
    ],
    [
      "--key-file /keys:3: the same secret as --key; expected one of the two",
      { words: ["--key", KEY_A, "--key-file", "/keys"] },
    ],
    [
      "--key-file /salt:1: the same secret as -A; expected one of the two",
      { words: ["-A", SALT_A, "--key-file", "/salt"] },
    ],
    ['--key-file "": expected the path of a file', { words: ["--key-file", ""] }],
    ['--passphrase-file "": expected the path of a file', { words: ["--passphrase-file="] }],
    [`-A: missing beside --key-file; ${rule}`, { words: ["--key-file", "/key"] }],
    [`-A: missing beside ANYTUN_KEY; ${rule}`, { variables: { key: KEY_A } }],
    // pieces of different sources are not put together
    [`-K: missing beside -A; ${rule}`, { words: ["-A", SALT_A], variables: { key: KEY_A } }],
    ["ANYTUN_KEY: expected hexadecimal digits and nothing else", { variables: { key: "0x00", salt: SALT_A } }],
    [
      "ANYTUN_SALT: expected 28 hexadecimal digits (14 bytes) for a salt, got 1 bytes",
      { variables: { key: KEY_A, salt: "00" } },
    ],
    [`credential /run/c/anytun.key:1: ${line}`, { credentials: { "anytun.key": KEY_A } }],
    [
      "credential /run/c/anytun.passphrase: the first line is empty; expected a passphrase",
      { credentials: { "anytun.passphrase": "" } },
    ],
  ])("%s", (text, given) => {
    expect(refusal({ files, ...given })).toBe(text);
  });

  it.each<[string, string]>([
    ["", "the first line is empty; expected a passphrase"],
    ["\r\nsecret\n", "the first line is empty; expected a passphrase"],
    ["one\ntwo\n", "expected one line of text; encode random bytes, for example with base64"],
    ["one\0\n", "expected one line of text; encode random bytes, for example with base64"],
  ])("a passphrase file with %j", (content, reason) => {
    const given = { words: ["--passphrase-file", "/p"], files: { "/p": content } };
    expect(refusal(given)).toBe(`--passphrase-file /p: ${reason}`);
  });

  it.each<[string, string]>([
    ["", ' neither key nor salt in it; expected lines "key HEX" and "salt HEX"'],
    ["# nothing\n", ' neither key nor salt in it; expected lines "key HEX" and "salt HEX"'],
    [`key ${KEY_A}\nsalt ${SALT_A}\n${KEY_A}\n`, `3: ${line}`],
    ["key\n", `1: ${line}`],
    ["\nKey 00\n", `2: ${line}`],
    ["key=00\n", `1: ${line}`],
    [`key ${KEY_A}\n#\nkey ${KEY_A}\n`, "3: a second line with a key; expected one"],
    [`salt ${SALT_A}\nsalt ${SALT_A}\n`, "2: a second line with a salt; expected one"],
    ["\n\nkey 00zz\n", "3: expected hexadecimal digits and nothing else"],
    [`key ${KEY_A} # mine\n`, "1: expected hexadecimal digits and nothing else"],
    ["key 000\n", "1: expected an even number of hexadecimal digits, got 3"],
    [`#\nkey 00\nsalt ${SALT_A}\n`, "2: expected 32 hexadecimal digits (16 bytes) for aes-ctr-128, got 1 bytes"],
    [`key ${KEY_A}\nsalt 00\n`, "2: expected 28 hexadecimal digits (14 bytes) for a salt, got 1 bytes"],
  ])("a key file with %j", (content, reason) => {
    expect(refusal({ words: ["--key-file", "/k"], files: { "/k": content } })).toBe(`--key-file /k:${reason}`);
  });
});

it("shows no secret in any error", () => {
  // letters that no text of ours has in a row, so that a hit is a leak
  const secret = fc.stringMatching(/^[0-9a-fqxz]{12,60}$/);
  const around = fc.constantFrom("", "\n", "\0", "key ", "salt ", "key  \n", "#\n", "salt=", "keys ", "\nkey ");
  const place = fc.constantFrom(
    "-E",
    "-K",
    "-A",
    "file",
    "keys",
    "ANYTUN_KEY",
    "ANYTUN_SALT",
    "credential",
    "credentials",
  );
  const given = (where: string, text: string): Given => {
    const content = { "/f": text };
    if (where === "file") return { words: ["--passphrase-file", "/f"], files: content };
    if (where === "keys") return { words: ["--key-file", "/f"], files: content };
    if (where === "ANYTUN_KEY") return { variables: { key: text } };
    if (where === "ANYTUN_SALT") return { variables: { salt: text } };
    if (where === "credential") return { credentials: { "anytun.passphrase": text } };
    if (where === "credentials") return { credentials: { "anytun.key": text } };
    return { words: [where, text, "-k", "aes-ctr-256", "-A", "00"] };
  };
  let refused = 0;
  fc.assert(
    fc.property(place, around, secret, around, (where, before, text, after) => {
      try {
        parse(given(where, before + text + after));
      } catch (error) {
        refused++;
        expect(String(error)).toContain("UsageError: ");
        expect(String(error)).not.toContain(text);
      }
    }),
    { numRuns: 500 },
  );
  expect(refused).toBeGreaterThan(100);
});
