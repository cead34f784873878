import { describe, expect, it } from "vitest";
import { parseDrainCommand } from "../../src/cli/drain.ts";

describe("the command line of drain", () => {
  it.each([
    [["vpn"], { name: "vpn", quietSeconds: 5, timeoutSeconds: 60 }],
    [["--quiet", "0.5", "/run/x.sock", "--timeout=3"], { name: "/run/x.sock", quietSeconds: 0.5, timeoutSeconds: 3 }],
    [["-h"], "help"],
  ])("%j", (words, expected) => expect(parseDrainCommand(words)).toEqual(expected));

  it.each([
    [[], "drain: expected the name of a tunnel"],
    [["a", "b"], "drain b: unexpected word; expected the name of one tunnel"],
    [["a", "--quiet"], "drain --quiet: a value is missing"],
    [["a", "--quiet", "x"], "drain --quiet x: expected a number of seconds up to 86400"],
    [["a", "--timeout", "86401"], "drain --timeout 86401: expected a number of seconds up to 86400"],
    [["a", "--now"], "drain --now: unknown option; options are --quiet, --timeout and -h"],
  ])("%j is refused", (words, text) => expect(() => parseDrainCommand(words)).toThrow(text));
});
