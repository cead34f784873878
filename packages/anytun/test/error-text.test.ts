import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { errorCode, errorReason, errorText } from "../src/error-text.ts";
import { UsageError } from "../src/errors.ts";

function failure(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("worked");
}

it("names errors of the system like the C library", () => {
  const missing = failure(() => readFileSync("/nonexistent"));
  expect([errorText(missing), errorReason(missing), errorCode(missing)]).toEqual([
    "No such file or directory (ENOENT)",
    "No such file or directory",
    "ENOENT",
  ]);
});

it("passes other messages on", () => {
  expect([errorText(new Error("a")), errorReason("b"), errorCode(new Error("ENOENT"))]).toEqual(["a", "b", undefined]);
});

it.each<[string, string | undefined, string]>([
  ["-m", "70000", "-m 70000: wanted"],
  ["-m", "", '-m "": wanted'],
  ["-m", "a b", '-m "a b": wanted'],
  ["-m", "a\n\u007f\u2028", '-m "a\\n\\u007f\\u2028": wanted'],
  ["-E", undefined, "-E: wanted"],
])("a usage error is one line: %s %j", (option, value, expected) => {
  expect(new UsageError(option, value, "wanted").message).toBe(expected);
});
