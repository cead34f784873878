/** Without root and in a jail: what is given up, and what works on. */
import { fileURLToPath } from "node:url";
import { type Host, Lab, type LinkEnd, requires } from "satp-tools/lab";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../dist/anytun.js", import.meta.url));
const KEY = ["-E", "words", "-t", "tun"];
const NET_ADMIN = "0000000000001000";
const NONE = "0000000000000000";

describe("a daemon that gave up root", requires("root", "tun", "ping"), () => {
  let lab: Lab;
  let near: LinkEnd;
  let far: LinkEnd;
  let host: Host;
  beforeAll(async () => {
    lab = await Lab.create();
    [near, far] = await lab.pair("near", "far");
    ({ host } = near);
    await sh("mkdir /run/jail /run/logs && chmod 700 /run/logs");
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());
  afterEach(() =>
    sh(
      "for p in $(cat /run/*.pid); do kill $p; while [ -e /proc/$p/exe ]; do sleep 0.02; done; done; rm -f /run/*.pid",
    ),
  );

  const sh = (script: string, ...words: string[]): Promise<string> => host.check("sh", ["-c", script, "sh", ...words]);
  const start = async (...words: string[]): Promise<string> => {
    const common = ["--state-dir", "/run/anytun", "-P", "/run/near.pid", "-L", "file:4,/run/logs/near"];
    await host.check(process.execPath, [PROGRAM, ...common, ...KEY, ...words]);
    return sh("cat /run/near.pid");
  };
  /** One line for each thread: what it is and what it may. */
  const threads = async (pid: string): Promise<string[]> => {
    const fields = "Uid|Gid|Groups|NoNewPrivs|CapInh|CapPrm|CapEff|CapAmb";
    const text = await sh(
      `for t in /proc/$1/task/*; do grep -E '^(${fields})' $t/status | tr '\\t\\n' '  '; echo; done`,
      pid,
    );
    return text
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/ +/g, " ").trim());
  };
  const limits = (ids: string, capabilities: string): string =>
    `Uid: ${ids} Gid: ${ids} Groups: ${ids.split(" ")[0]} CapInh: ${NONE} CapPrm: ${capabilities} CapEff: ${capabilities} CapAmb: ${NONE} NoNewPrivs: 1`;

  it("has nothing left in any thread, and the log says as whom it runs", async () => {
    // a port that only root may bind
    const pid = await start("-u", "nobody", "-p", "444");
    const ids = "65534 65534 65534 65534";
    const found = await threads(pid);
    expect(found.length).toBeGreaterThan(5);
    expect(new Set(found)).toEqual(new Set([limits(ids, NONE)]));
    expect(await sh("cat /run/logs/near")).toContain("NOTICE: dropped privileges to nobody:65534\n");
  });

  it("keeps the one capability that the MTU needs, in one thread", async () => {
    const pid = await start("-u", "nobody", "-g", "daemon", "--mtu", "auto", "-n", "10.77.0.1/30", "-r", far.ipv4);
    const [main, ...others] = await threads(pid);
    expect(main).toContain(`CapPrm: ${NET_ADMIN} CapEff: ${NET_ADMIN}`);
    expect(main).toMatch(/Gid: 1 1 1 1 Groups: 1 /);
    expect(others.filter((line) => !line.includes(`CapPrm: ${NONE} CapEff: ${NONE}`))).toEqual([]);
    // what threads do later does not bring anything back
    await sh("kill -HUP $1; until grep -q 'read again' /run/logs/near; do sleep 0.05; done", pid);
    expect((await threads(pid)).slice(1).filter((line) => !line.includes(`CapPrm: ${NONE} CapEff: ${NONE}`))).toEqual(
      [],
    );
    // root was given up before the peer was known
    const [, mtu = ""] = /MTU of tun0 is (\d+)/.exec(await sh("cat /run/logs/near")) ?? [];
    expect(Number(mtu)).toBeGreaterThan(1400);
    expect(await host.check("ip", ["link", "show", "tun0"])).toContain(` mtu ${mtu} `);
  });

  it("finds names, reopens its logs and leaves no pid file, from inside an empty jail", async () => {
    await host.hosts({ "peer.example": far.ipv4 });
    const peer = far.host.spawn(process.execPath, [
      ...[PROGRAM, "-D", "-e", "right", "-n", "10.77.0.2/30", "--state-dir", "none", "-L", "stdout:3", ...KEY],
    ]);
    const pid = await start("-C", "/run/jail", "-u", "nobody", "-n", "10.77.0.1/30", "-r", "peer.example");
    expect(await sh("readlink /proc/$1/root", pid)).toBe("/run/jail\n");
    await host.reach("10.77.0.2");
    expect(await sh("cat /run/logs/near")).toContain("NOTICE: we are in chroot jail (/run/jail) now\n");
    await sh("mv /run/logs/near /run/logs/old; kill -HUP $1; until [ -e /run/logs/near ]; do sleep 0.02; done", pid);
    // nobody waits for the dead here
    const doors = (await sh("ps -C anytun-door -o stat=,pid=,rss= | grep -v ^Z")).trim().split(/\s+/);
    expect(doors).toHaveLength(3);
    const [, door = "", kib] = doors;
    expect(Number(kib)).toBeLessThan(4_000);
    await sh("kill $1; while [ -e /proc/$1/exe ]; do sleep 0.02; done", pid);
    await sh("while [ -e /proc/$1/exe ]; do sleep 0.02; done", door);
    expect(await sh("cat /run/logs/near")).toContain("SIG-Term caught, exiting");
    expect(await sh("ls /run")).not.toContain(".pid");
    await peer.stop();
    await sh("touch /run/none.pid");
  });

  it("is root without capabilities in a jail alone", async () => {
    const pid = await start("-C", "/run/jail");
    const found = await threads(pid);
    expect(found.filter((line) => !line.includes(`CapPrm: ${NONE} CapEff: ${NONE}`))).toEqual([]);
    expect(new Set(found.map((line) => line.slice(0, 12)))).toEqual(new Set(["Uid: 0 0 0 0"]));
  });
});
