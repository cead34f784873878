// The built program as a user starts it: what is decided before anything is sent.
import { fileURLToPath } from "node:url";
import { run } from "satp-tools/lab";
import { describe, expect, it } from "vitest";

const program = fileURLToPath(new URL("../../dist/bin/nat-traverse.js", import.meta.url));
const natTraverse = (...args: string[]) => run(process.execPath, [program, ...args]);

describe("nat-traverse", () => {
  it("shows its version on stdout", async () => {
    const { stdout, stderr, status } = await natTraverse("-v");
    expect(stdout).toMatch(/^nat-traverse \d+\.\d+\.\d+\n$/);
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  });

  it("shows the usage on stderr", async () => {
    const { stdout, stderr, status } = await natTraverse("--help");
    expect(stderr).toMatch(/^nat-traverse v.* -- .*\n\nUsage:\n.*\n.*\n\nAvailable options:\n/);
    expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
  });

  it("shows the usage and refuses where nothing is asked", async () => {
    const { stderr, status } = await natTraverse();
    expect(stderr).toContain("Usage:");
    expect(status).toBe(2);
  });

  it.each([
    [["--foo", "1:a:2"], "Unknown option: foo\n"],
    [["--window=x", "1:a:2"], 'Value "x" invalid for option window (number expected)\n'],
    [["-q", "--", "1:a"], "nat-traverse: 1:a: REMOTEPORT the peer's port is missing\n"],
    [["1:a:2", "3"], "nat-traverse: one argument is expected, not 2: 1:a:2 3\n"],
    [["-q"], "nat-traverse: the argument LOCALPORT:PEER:REMOTEPORT is missing\n"],
  ])("%j is one line and status 2", async (args, stderr) => {
    expect(await natTraverse(...args)).toEqual({ stdout: "", stderr, status: 2 });
  });
});
