import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { INLINING } from "../../src/data-plane/inlining.ts";

// one that V8 does not know is a line on the daemon's standard error at each start
it.each(INLINING)("V8 knows %s", (option) => {
  const { status, stderr } = spawnSync(process.execPath, [option, "-e", ""], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

it("V8 says which ones it does not know", () => {
  expect(spawnSync(process.execPath, ["--min-inlining-mood=1", "-e", ""]).status).not.toBe(0);
});
