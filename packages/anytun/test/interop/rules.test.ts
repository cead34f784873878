/** The original's side of each rule: that it does what the table says. Words after a refusal or -h are never reached. */
import { type Host, Lab, requires } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rules } from "../rules/rules.ts";

describe("the original", requires("root", "tun", "anytun", "ifconfig"), () => {
  let lab: Lab;
  let host: Host;
  beforeAll(async () => {
    lab = await Lab.create();
    [{ host }] = await lab.pair("original", "other");
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  it.each(rules)("$rule: $words", async ({ words, original }) => {
    const program = host.spawn("anytun", ["-D", "-E", "x", "-L", "stdout:3", ...words]);
    if (original === "runs") {
      await program.waitFor(/dev type is/);
      await program.stop("SIGKILL");
      return;
    }
    const { status } = await program.exited;
    if (original === "shows") {
      expect(status).toBe(0);
      return;
    }
    expect(status).toBe(255);
    if (original === "fails") {
      expect(program.stdout).toMatch(/uncaught (runtime error|exception), exiting: /);
      return;
    }
    const caret = original.column === undefined ? "" : `${" ".repeat(14 + original.column)}^`;
    expect(program.stderr).toBe(`syntax error: ${original.text}\n${caret}\n`);
  });
});
