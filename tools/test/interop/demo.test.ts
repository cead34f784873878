// The demo as a user sees it: whole, plain when piped, with and without root, and with nothing left behind.
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Program, requires, run } from "../../src/lab/index.ts";

const demo = fileURLToPath(new URL("../../dist/demo/main.js", import.meta.url));
const needs = requires("root", "tun", "ip", "ping", "unshare");

/** Processes that have this in the environment they were started with, as everything that the demo starts has. */
function marked(mark: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").includes(mark);
    } catch {
      // it has ended meanwhile
      return false;
    }
  });
}

function expectComplete(output: string): void {
  expect(output).toMatch(/10 of 10 answered/);
  expect(output).toMatch(/[0-9.]+ Gbit\/s.*SHA-256 of both ends equal/);
  expect(output).toMatch(/packets-in=[1-9]/);
  expect(output).toMatch(/hosts, interfaces and processes are gone again/);
  expect(output).not.toContain("\u001b");
}

describe("the demo", needs, () => {
  it("runs as root", async () => {
    const devices = readdirSync("/sys/class/net");
    const result = await run(process.execPath, [demo], { timeout: 60_000 });
    expect(result.stderr).toBe("");
    expect(result.status).toBe(0);
    expectComplete(result.stdout);
    expect(readdirSync("/sys/class/net")).toEqual(devices);
  });

  it("runs without root, in a user namespace", async () => {
    const nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";
    // whatever the mode of this machine's device file is, here it is what udev sets
    const device = "mount -t tmpfs -o mode=755 tmpfs /dev/net && mknod -m 666 /dev/net/tun c 10 200";
    const script = `${device} && exec ${nobody} "$@"`;
    const result = await run("unshare", ["--mount", "sh", "-c", script, "sh", process.execPath, demo], {
      env: { HOME: "/tmp" },
      timeout: 60_000,
    });
    expect(result.stderr).toBe("");
    expect(result.status).toBe(0);
    expectComplete(result.stdout);
  });

  it("leaves nothing when it is interrupted", async () => {
    const mark = randomUUID();
    await using program = new Program(process.execPath, [demo], { env: { DEMO_TEST: mark } });
    await program.waitFor(/the tunnel is up/, { timeout: 30_000 });
    // itself, two daemons, and what holds their hosts
    expect(marked(mark).length).toBeGreaterThan(3);
    await program.kill("SIGINT");
    await program.exited;
    await expect.poll(() => marked(mark), { timeout: 5_000 }).toEqual([]);
  });
});
