import { spawn } from "node:child_process";
import { expect, it } from "vitest";
import { isRunning } from "../../src/cli/is-running.ts";
import { until } from "../support/until.ts";

it("a process runs until it has ended, whether or not somebody waits for it", async () => {
  // its child ends, and what the shell becomes never asks for it
  const parent = spawn("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 60"]);
  try {
    const child = await new Promise<number>((resolve) => parent.stdout.once("data", (line) => resolve(Number(line))));
    expect([process.pid, parent.pid ?? 0, child].map(isRunning)).toEqual([true, true, true]);
    await until(() => !isRunning(child));
    // still in the table of processes
    expect(process.kill(child, 0)).toBe(true);
  } finally {
    parent.kill("SIGKILL");
  }
  await new Promise((resolve) => parent.once("exit", resolve));
  expect(isRunning(parent.pid ?? 0)).toBe(false);
});
