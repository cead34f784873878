import { expect, it } from "vitest";
import { parseStatusWish, STATUS_USAGE, type StatusWish } from "../../../src/cli/status/wish.ts";

const standard: StatusWish = { name: undefined, json: false, watch: false, intervalSeconds: 1, peers: 20 };

it.each<[string[], Partial<StatusWish>]>([
  [[], {}],
  [["tun0"], { name: "tun0" }],
  [["--json", "tun0", "--watch"], { name: "tun0", json: true, watch: true }],
  [["--interval", "0.5", "--peers", "all"], { intervalSeconds: 0.5, peers: "all" }],
  [["--interval=0", "--peers=0"], { intervalSeconds: 0, peers: 0 }],
])("reads %j", (words, expected) => {
  expect(parseStatusWish(words)).toEqual({ ...standard, ...expected });
});

it.each<[string[], RegExp]>([
  [["a", "b"], /^status b: unexpected word/],
  [[""], /^status "": unexpected word/],
  [["--"], /^status --: unexpected word/],
  [["-x"], /^status -x: unknown option/],
  [["--json=yes"], /^status --json: unknown option, or one without a value/],
  [["--interval"], /^status --interval: a value is missing/],
  [["--interval", "0.01"], /^status --interval 0\.01: expected a number of seconds from 0\.1 to 86400, or 0/],
  [["--interval", "1e3"], /^status --interval 1e3: expected/],
  [["--interval", "0", "--watch"], /^status --interval 0: expected more than 0 with --watch/],
  [["--peers", "-1"], /^status --peers -1: expected a number from 0 to 65536, or all/],
  [["--peers", "65537"], /^status --peers 65537: expected/],
])("refuses %j", (words, message) => {
  expect(() => parseStatusWish(words)).toThrow(message);
});

it("shows help wherever it is asked for, in the layout of the other commands", () => {
  expect(parseStatusWish(["tun0", "-h"])).toBe("help");
  expect(STATUS_USAGE).toMatch(/^USAGE:\nanytun status \[<name>\]\n/);
  const lines = STATUS_USAGE.split("\n").slice(2, -2);
  for (const line of lines) expect(line).toMatch(/^ {3}.{35} \S/);
});
