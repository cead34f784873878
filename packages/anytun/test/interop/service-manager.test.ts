/** What a service manager hears: sd_notify(3) of a daemon in the foreground and in the background. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { type Host, Lab, type Program, requires } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../dist/anytun.js", import.meta.url));
const RECEIVER = createRequire(import.meta.url).resolve("tun-native/testing");

/** Prints each datagram as JSON. */
const MANAGER = `
const { UnixReceiver } = await import(${JSON.stringify(RECEIVER)});
const receiver = new UnixReceiver(process.argv[1]);
setInterval(() => {
  for (const text of receiver.drain()) console.log(JSON.stringify(text));
}, 5);
console.log("listening");`;

describe("a service manager", requires("root", "tun"), () => {
  let lab: Lab;
  let host: Host;
  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.host("near");
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  const listen = async (path: string): Promise<Program> => {
    const manager = host.spawn(process.execPath, ["--input-type=module", "--eval", MANAGER, path]);
    await manager.waitFor(/listening/);
    return manager;
  };
  const words = [PROGRAM, "-E", "words", "-t", "tun", "--state-dir", "none", "-L", "file:4,/run/log", "-P", "/run/pid"];

  it.each<[string, string[], string]>([
    ["in the foreground, at a path", ["-D"], "/run/notify"],
    ["in the background, at an abstract socket", [], "@anytun-test"],
    ["in a jail and without root", ["-C", "/run", "-u", "nobody"], "/run/notify2"],
  ])("hears everything of a daemon %s", async (_, more, path) => {
    const manager = await listen(path);
    const daemon = host.spawn(process.execPath, [...words, ...more], {
      env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: "400000" },
    });
    await manager.waitFor(/"READY=1\\nMAINPID=\d+\\nSTATUS=tun0 is up"/);
    const pid = (await host.check("cat", ["/run/pid"])).trim();
    expect(manager.output).toContain(`MAINPID=${pid}\\n`);
    expect(await host.check("ip", ["-o", "link"])).toContain("tun0");
    const from = manager.output.length;
    await manager.waitFor(/(?:"WATCHDOG=1"\n){3}/, { from });
    await host.check("kill", ["-HUP", pid]);
    await manager.waitFor(/"RELOADING=1\\nMONOTONIC_USEC=\d+\\nSTATUS=reloading"/, { from });
    await manager.waitFor(/"READY=1\\n/, { from });
    await host.check("sh", ["-c", "kill $0; while [ -e /proc/$0/exe ]; do sleep 0.02; done", pid]);
    await manager.waitFor(/"STOPPING=1\\nSTATUS=stopping"/, { from });
    expect((await daemon.exited).status).toBe(0);
    await manager.stop();
  });

  it("is left without news of a data plane that is stuck", async () => {
    const manager = await listen("/run/notify3");
    const daemon = host.spawn(process.execPath, [...words, "-D"], {
      env: { NOTIFY_SOCKET: "/run/notify3", WATCHDOG_USEC: "200000" },
    });
    await manager.waitFor(/"WATCHDOG=1"/);
    const pid = (await host.check("cat", ["/run/pid"])).trim();
    await host.check("kill", ["-STOP", pid]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const from = manager.output.length;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(manager.output.slice(from)).toBe("");
    await host.check("kill", ["-CONT", pid]);
    await manager.waitFor(/"WATCHDOG=1"/, { from });
    await daemon.stop();
    await manager.stop();
  });
});
