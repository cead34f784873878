// The script behind `npm test` and its siblings says in one line what is missing, before it touches anything.
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type RunResult, run } from "../src/lab/index.ts";

const bootstrap = fileURLToPath(new URL("../bootstrap.mjs", import.meta.url));
const start = (args: string[], env: Record<string, string> = {}): Promise<RunResult> =>
  run(process.execPath, [bootstrap, ...args], { env: { NO_COLOR: "1", ...env } });

describe("the bootstrap script", () => {
  it.each([[[]], [["deploy"]], [["constructor"]]])("explains itself for %j", async (args) => {
    const { status, stdout, stderr } = await start(args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toBe("usage: node tools/bootstrap.mjs build|demo|test|sanitize|bench|soak [arguments]\n");
  });

  it("names the compiler and the package that brings one", async () => {
    const { status, stdout, stderr } = await start(["build"], { CXX: "no-such-compiler" });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toBe("no C++ compiler (no-such-compiler): apt-get install g++\n");
  });
});
