/** What we make of each rule of the original's command line, without starting anything. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import { type ParseEnvironment, parseConfig } from "../../src/config/parse.ts";
import { UsageError } from "../../src/errors.ts";
import { rules } from "./rules.ts";

const COMPATIBILITY = readFileSync(
  fileURLToPath(new URL("../../../../docs/COMPATIBILITY.md", import.meta.url)),
  "utf8",
);

const environment: ParseEnvironment = {
  uid: 0,
  cwd: "/",
  variables: {},
  services: (name) => (name === "domain" ? 53 : undefined),
  isFile: () => false,
  bytesOf: (arg) => new Uint8Array(Buffer.from(arg.value)),
  secretVariables: {},
  readSecretFile: () => new Uint8Array(0),
  readCredential: () => undefined,
};

function outcome(words: readonly string[]) {
  try {
    const invocation = parseArguments(["-E", "x", "-D", ...words]);
    if (invocation.action !== "run") return { shows: invocation.action };
    return { config: parseConfig(invocation.args, environment) };
  } catch (error) {
    if (error instanceof UsageError) return { refused: error.message };
    throw error;
  }
}

it.each(rules)("$rule: $words", ({ words, here }) => {
  // a partial expectation, of the right kind
  expect(outcome(words)).toMatchObject(here);
});

it.each(rules.filter(({ differs }) => differs !== undefined))(
  "$rule: the difference is written down",
  ({ differs }) => {
    expect(COMPATIBILITY).toContain(differs);
  },
);

it.each(rules)("$rule: differs only where it says so", ({ original, here, differs }) => {
  const same = original === "runs" ? "config" in here : original === "shows" ? "shows" in here : "refused" in here;
  if (differs === undefined) expect(same).toBe(true);
  else expect(typeof original === "object" || !same).toBe(true);
});

it("has a name of its own for each rule", () => {
  expect(new Set(rules.map(({ rule }) => rule)).size).toBe(rules.length);
});
