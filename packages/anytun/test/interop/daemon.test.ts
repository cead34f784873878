/** Our daemon as an administrator meets it: its interface, its sockets, its log, its end. */
import { Lab, type LinkEnd, type Program, requires } from "satp-tools/lab";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { readCounters, startDaemon, unexpectedDrops } from "./daemons.ts";
import { pings, transfer } from "./traffic.ts";

const KEY = ["-E", "top secret words"];

describe("the daemon", requires("root", "tun", "ping"), () => {
  let lab: Lab;
  let near: LinkEnd;
  let far: LinkEnd;
  beforeAll(async () => {
    lab = await Lab.create();
    [near, far] = await lab.pair("near", "far");
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  const running: Program[] = [];
  /** Ends with its test, also when that fails. */
  const start = (end: LinkEnd, args: readonly string[]): Program => {
    const daemon = startDaemon(end.host, "ours", args);
    running.push(daemon);
    return daemon;
  };
  afterEach(() => Promise.all(running.splice(0).map((daemon) => daemon.stop("SIGKILL"))));

  const addresses = async (device: string): Promise<string> =>
    near.host.check("ip", ["address", "show", "dev", device]);
  const devices = async (): Promise<string> => near.host.check("ip", ["-o", "link"]);

  it("configures its interface: addresses of both families, MTU 1400, up", async () => {
    const daemon = start(near, ["-d", "vpn%d", "-t", "tun", "-n", "10.77.0.1/30,fd77::1/64", ...KEY]);
    await daemon.waitFor(/dev opened - name 'vpn0', node '\/dev\/net\/tun'/);
    await daemon.waitFor(/opening socket: \[::\]:4444/);
    await daemon.waitFor(/dev type is 'tun'/);
    // the interface is ready before this line
    await daemon.waitFor(/KeyDerivation: using role/);
    const text = await addresses("vpn0");
    expect(text).toMatch(/mtu 1400 .*state U/);
    expect(text).toContain("inet 10.77.0.1/30 ");
    expect(text).toContain("inet6 fd77::1/64 ");
    expect(daemon.output).toMatch(/^\d{4}-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d NOTICE: anytun started\.\.\.$/m);
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
    expect(daemon.output).toContain("NOTICE: SIG-Term caught, exiting");
    expect(await devices()).not.toContain("vpn0");
  });

  it.each<[string[], RegExp, RegExp]>([
    [
      [],
      /dev offloads: checksum tso4 .*coalesce-tcp coalesce-udp io-uring\n/,
      /socket offloads: segmentation coalescing/,
    ],
    [["--no-tun-offload"], /dev offloads: none\n/, /socket offloads: segmentation coalescing/],
    [["--no-io-uring"], /dev offloads: checksum tso4 .*coalesce-udp\n/, /socket offloads: segmentation coalescing/],
    [["--no-udp-offload"], /dev offloads: checksum tso4 .*coalesce-tcp/, /socket offloads: none\n/],
  ])("says what it moves in bulk: %j", async (words, device, socket) => {
    const daemon = start(near, [...words, ...KEY]);
    await Promise.all([daemon.waitFor(device), daemon.waitFor(socket)]);
    await daemon.stop();
  });

  it("says once when the path is too narrow for runs of datagrams, and loses nothing", async () => {
    const setMtu = async (mtu: string): Promise<void> => {
      for (const { host, device } of [near, far]) await host.check("ip", ["link", "set", device, "mtu", mtu]);
    };
    await setMtu("1300");
    const common = ["--no-mss-clamp", "-t", "tun", "-n"];
    const a = start(near, ["-r", far.ipv4, ...common, "10.77.0.1/30", "-e", "left", ...KEY]);
    const b = start(far, ["-r", near.ipv4, ...common, "10.77.0.2/30", "-e", "right", ...KEY]);
    await near.host.reach("10.77.0.2");
    await transfer(near.host, far.host, "10.77.0.2", 2_000_000);
    await a.waitFor(/WARNING: datagrams are longer than the path takes in one piece/);
    await transfer(near.host, far.host, "10.77.0.2", 1_000_000);
    expect(unexpectedDrops(await readCounters(a))).toEqual([]);
    expect(a.output.match(/in one piece/g)).toHaveLength(1);
    await Promise.all([a.stop(), b.stop()]);
    await setMtu("1500");
  });

  it("gives a TAP device a broadcast address and leaves an interface without -n alone", async () => {
    const tap = start(near, ["-d", "tap0", "-n", "10.77.0.1/24", "-p", "4445", ...KEY]);
    const bare = start(near, ["-p", "4446", ...KEY]);
    await tap.waitFor(/opening socket: \[::\]:4445/);
    await bare.waitFor(/dev type is 'tun'/);
    await tap.waitFor(/dev type is 'tap'/);
    await tap.waitFor(/KeyDerivation: using role/);
    expect(await addresses("tap0")).toContain("inet 10.77.0.1/24 brd 10.77.0.255 ");
    expect(await addresses("tun0")).toMatch(/mtu 1500 .*state DOWN/);
    await Promise.all([tap.stop("SIGINT"), bare.stop("SIGQUIT")]);
    expect(tap.output).toContain("NOTICE: SIG-Int caught, exiting");
    expect(bare.output).toContain("NOTICE: SIG-Quit caught, exiting");
  });

  it.each([
    { args: [], sockets: ["0.0.0.0:4444", "[::]:4444"] },
    { args: ["-4"], sockets: ["0.0.0.0:4444"] },
    { args: ["-6", "-p", "5000"], sockets: ["[::]:5000"] },
    { args: ["-i", "192.0.2.1"], sockets: ["192.0.2.1:4444"] },
    { args: ["-i", "::1"], sockets: ["[::1]:4444"] },
  ])("binds $sockets for $args", async ({ args, sockets }) => {
    const daemon = start(near, [...args, ...KEY]);
    await daemon.waitFor(/KeyDerivation: using role/);
    const opened = [...daemon.output.matchAll(/opening socket: (\S+)/g)].map(([, socket]) => socket);
    expect(opened).toEqual(sockets);
    await daemon.stop();
  });

  it("says what is wrong in one line and leaves nothing behind when it cannot start", async () => {
    const first = start(near, ["-d", "tun5", ...KEY]);
    await first.waitFor(/dev type is/);
    const busyPort = start(near, ["-d", "tun6", ...KEY]);
    expect((await busyPort.exited).status).toBe(255);
    expect(busyPort.stderr).toBe("anytun: bind 0.0.0.0:4444: EADDRINUSE (Address already in use)\n");
    expect(busyPort.stdout).toContain("ERROR: uncaught runtime error, exiting: bind 0.0.0.0:4444");
    const busyDevice = start(near, ["-d", "tun5", "-p", "4500", ...KEY]);
    expect((await busyDevice.exited).status).toBe(255);
    expect(busyDevice.stderr).toMatch(/^anytun: ioctl\(TUNSETIFF\) tun5: EBUSY \(.*\)\n$/);
    expect(await devices()).not.toContain("tun6");
    // the first daemon may still be warming up, on a port of the kernel's choice
    const { stdout } = await near.host.run("ss", ["-Hlun4", "sport = 4444 or sport = 4500"]);
    expect(stdout.trim().split("\n")).toEqual([expect.stringContaining("0.0.0.0:4444")]);
    await first.stop();
  });

  it("ends with status 255 and a clear line when its device is deleted", async () => {
    const daemon = start(near, ["-d", "tun0", "-n", "10.77.0.1/30", "-r", far.ipv4, ...KEY]);
    await daemon.waitFor(/added connection remote host/);
    await near.host.check("ip", ["link", "delete", "tun0"]);
    expect((await daemon.exited).status).toBe(255);
    expect(daemon.stderr).toMatch(/^anytun: .*tun0.*\n$/);
    expect(daemon.stdout).toMatch(/ERROR: uncaught runtime error, exiting: .*tun0/);
  });

  it("hides the secrets of its command line from ps", async () => {
    const daemon = start(near, ["-d", "tun0", "--salt=000102030405060708090a0b0c0d", ...KEY]);
    await daemon.waitFor(/dev type is/);
    const shown = await near.host.check("sh", ["-c", "cat /proc/[0-9]*/cmdline | tr '\\0' '\\n'"]);
    expect(shown).toContain("anytun.js");
    expect(shown).not.toContain("top secret");
    expect(shown).not.toContain("0001020304");
    expect(daemon.output).not.toMatch(/top secret|0001020304/);
    await daemon.stop();
  });

  it("runs the post-up script once the interface is up, with its output in the log", async () => {
    const script = "#!/bin/sh\\nip -o -4 address show dev $1\\necho args: $@\\nexit 3\\n";
    await near.host.check("sh", ["-c", `printf '${script}' >/run/post-up.sh && chmod 755 /run/post-up.sh`]);
    const daemon = start(near, ["-d", "tun0", "-n", "10.77.0.1/30", "-x", "/run/post-up.sh", ...KEY]);
    await daemon.waitFor(/script '\/run\/post-up.sh' returned 3/);
    expect(daemon.output).toContain("executing post-up script '/run/post-up.sh'");
    expect(daemon.output).toMatch(/inet 10\.77\.0\.1\/30/);
    expect(daemon.output).toContain("args: tun0 /dev/net/tun");
    await daemon.stop();
  });

  it("finds its peer by name, and says once that it cannot", async () => {
    await near.host.hosts({ "peer.example": "192.0.2.77" });
    const daemon = start(near, ["-d", "tun0", "-n", "10.77.0.1/30", "-r", "peer.example", ...KEY]);
    await daemon.waitFor(/added connection remote host 192\.0\.2\.77:4444/);
    const missing = start(far, ["-d", "tun0", "-r", "nobody.invalid", ...KEY]);
    await missing.waitFor(/ERROR: Error while resolving 'nobody.invalid' '4444', retrying in 10 sec\./);
    await Promise.all([daemon.stop(), missing.stop()]);
  });

  it("is heard again at once after a kill -9, also by a peer with a replay window", async () => {
    const startPeer = (): Program =>
      start(far, ["-d", "tun0", "-n", "10.77.0.2/30", "-e", "right", "-r", near.ipv4, ...KEY, "-w", "64"]);
    const daemon = start(near, ["-d", "tun0", "-n", "10.77.0.1/30", "-r", far.ipv4, ...KEY, "-w", "64"]);
    const first = startPeer();
    await near.host.reach("10.77.0.2");
    await first.stop("SIGKILL");
    // a replay window locks out a restarted original for as long as it was up; our numbers go on instead
    const second = startPeer();
    await near.host.reach("10.77.0.2");
    await pings(near.host, "10.77.0.2", 5);
    expect((await readCounters(daemon)).drops["replay"]).toBeUndefined();
    await Promise.all([daemon.stop(), second.stop()]);
  });

  it("uses no processor while idle", async () => {
    const daemon = start(near, ["-d", "tun0", "-r", far.ipv4, ...KEY]);
    await daemon.waitFor(/added connection remote host/);
    const ticks = async (): Promise<number> => {
      const stat = await near.host.check("sh", ["-c", "cat /proc/[0-9]*/stat | grep '(node\\|(anytun\\|(MainThread'"]);
      const fields = (stat.trim().split(") ").at(-1) ?? "").split(" ");
      return Number(fields[11]) + Number(fields[12]);
    };
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const before = await ticks();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect((await ticks()) - before).toBeLessThanOrEqual(2);
    await daemon.stop();
  });
});
