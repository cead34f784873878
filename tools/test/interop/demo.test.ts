// The demo as a user sees it: whole, plain when piped, with and without root, and with nothing left behind.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Program, requires, run } from "../../src/lab/index.ts";

const demo = fileURLToPath(new URL("../../dist/demo/main.js", import.meta.url));
const needs = requires("root", "tun", "ip", "ping", "unshare");

/** Command lines of all processes that mention the daemon's state in the demo's hosts. */
async function daemons(): Promise<string[]> {
  const { stdout } = await run("ps", ["-eo", "args"]);
  return stdout
    .split("\n")
    .filter((line) => /anytun\.js .*-n 10\.99\.0\.\d\/30 .*a passphrase|10\.99\.0\.\d\/30.*####/.test(line));
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
    const before = (await daemons()).length;
    await using program = new Program(process.execPath, [demo]);
    await program.waitFor(/the tunnel is up/, { timeout: 30_000 });
    await program.kill("SIGINT");
    await program.exited;
    await expect.poll(async () => (await daemons()).length, { timeout: 5_000 }).toBeLessThanOrEqual(before);
  });
});
