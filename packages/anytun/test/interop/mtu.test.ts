/** What fits through the tunnel, on underlays of every size: nothing may get stuck. */
import { Lab, requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { readCounters, startDaemon } from "./daemons.ts";
import { pings, transfer } from "./traffic.ts";

const KEY = ["-E", "fits"];

describe("the MTU", requires("root", "tun", "ping", "tcpdump"), () => {
  it.each([1280, 1300, 1400, 1500, 4000, 9000])("of the tunnel follows an underlay of %i bytes", async (mtu) => {
    await using lab = await Lab.create();
    const [a, b] = await lab.pair("a", "b", { mtu });
    const common = ["-d", "tun0", "--mtu", "auto", ...KEY];
    const near = startDaemon(a.host, "ours", [...common, "-n", "10.77.0.1/30", "-e", "left", "-r", b.ipv4]);
    const far = startDaemon(b.host, "ours", [...common, "-n", "10.77.0.2/30", "-e", "right"]);
    await near.waitFor(new RegExp(`MTU of tun0 is ${mtu - 48}: path MTU ${mtu} to ${b.ipv4}:4444`));
    await a.host.reach("10.77.0.2");
    await far.waitFor(new RegExp(`MTU of tun0 is ${mtu - 48}:`));
    expect(await a.host.check("ip", ["link", "show", "tun0"])).toContain(`mtu ${mtu - 48} `);
    await using fragments = await b.host.capture(b.device, "ip[6:2] & 0x3fff != 0");
    const ping = await a.host.run("ping", [
      "-n",
      "-c",
      "2",
      "-i",
      "0.1",
      "-M",
      "do",
      "-s",
      `${mtu - 48 - 28}`,
      "10.77.0.2",
    ]);
    expect(ping.stdout).toContain("2 received");
    await transfer(a.host, b.host, "10.77.0.2", 5_000_000);
    expect(await fragments.stop()).toEqual([]);
    await Promise.all([near.stop(), far.stop()]);
  });

  it.each([
    { name: "is told to TCP connections of hosts that do not know it", clamp: [], fragmented: false },
    { name: "is their own affair with --no-mss-clamp", clamp: ["--no-mss-clamp"], fragmented: true },
  ])("$name", async ({ clamp, fragmented }) => {
    await using lab = await Lab.create();
    const [a, b] = await lab.pair("a", "b", { mtu: 1400 });
    const common = ["-d", "tun0", "--mtu", "1500", ...clamp, ...KEY];
    const near = startDaemon(a.host, "ours", [...common, "-n", "10.77.0.1/30", "-e", "left", "-r", b.ipv4]);
    const far = startDaemon(b.host, "ours", [...common, "-n", "10.77.0.2/30", "-e", "right", "-r", a.ipv4]);
    await near.waitFor(/packets longer than 1352 bytes leave in fragments/);
    await a.host.reach("10.77.0.2");
    await using fragments = await b.host.capture(b.device, "ip[6:2] & 0x3fff != 0");
    await transfer(a.host, b.host, "10.77.0.2", 5_000_000);
    await transfer(b.host, a.host, "10.77.0.1", 5_000_000);
    expect((await fragments.stop()).length > 0).toBe(fragmented);
    // what is not TCP still arrives, in fragments
    const ping = await a.host.run("ping", ["-n", "-c", "2", "-i", "1", "-s", "1472", "10.77.0.2"]);
    expect(ping.stdout).toContain("2 received");
    await Promise.all([near.stop(), far.stop()]);
  });

  it("that shrinks under a running connection stops nothing", async () => {
    await using lab = await Lab.create();
    const [a, b] = await lab.pair("a", "b", { mtu: 9000 });
    const common = ["-d", "tun0", ...KEY];
    const near = startDaemon(a.host, "ours", [...common, "-n", "10.77.0.1/30", "-e", "left", "-r", b.ipv4]);
    const far = startDaemon(b.host, "ours", [...common, "-n", "10.77.0.2/30", "-e", "right", "-r", a.ipv4]);
    await a.host.reach("10.77.0.2");
    const running = transfer(a.host, b.host, "10.77.0.2", 100_000_000);
    for (const mtu of [1500, 1280, 1500]) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await Promise.all([a, b].map((end) => end.host.check("ip", ["link", "set", end.device, "mtu", `${mtu}`])));
    }
    await running;
    await pings(a.host, "10.77.0.2", 5);
    await Promise.all([near.stop(), far.stop()]);
  });

  it.each(["IPv4", "IPv6"] as const)(
    "of a router on an %s path that shrinks makes the kernel refuse nothing",
    async (family) => {
      await using lab = await Lab.create();
      const [a, b, router] = await Promise.all([lab.host("a"), lab.host("b"), lab.host("router")]);
      const [left, nearPort] = await lab.link(a, router, {
        mtu: 9300,
        addresses: [
          ["10.1.0.1/24", "fd01::1/64"],
          ["10.1.0.2/24", "fd01::2/64"],
        ],
      });
      const [farPort, right] = await lab.link(router, b, {
        mtu: 9300,
        addresses: [
          ["10.2.0.2/24", "fd02::2/64"],
          ["10.2.0.1/24", "fd02::1/64"],
        ],
      });
      await router.check("sysctl", ["-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]);
      await a.ip([`route add default via ${nearPort.ipv4}`, `route add default via ${nearPort.ipv6}`]);
      await b.ip([`route add default via ${farPort.ipv4}`, `route add default via ${farPort.ipv6}`]);
      const [from, to] = family === "IPv4" ? [left.ipv4, right.ipv4] : [left.ipv6, right.ipv6];
      const common = ["-d", "tun0", "--mtu", "9000", "--no-mss-clamp", ...KEY];
      const near = startDaemon(a, "ours", [...common, "-n", "10.77.0.1/30", "-e", "left", "-r", to]);
      const far = startDaemon(b, "ours", [...common, "-n", "10.77.0.2/30", "-e", "right", "-r", from]);
      await a.reach(to);
      await a.reach("10.77.0.2");
      const longest = ["-n", "-i", "0.2", "-M", "do", "-s", `${9000 - 28}`, "10.77.0.2"];
      expect((await a.run("ping", ["-c", "2", ...longest])).stdout).toContain("2 received");
      for (const mtu of ["4000", "1280"]) {
        await router.check("ip", ["link", "set", farPort.device, "mtu", mtu]);
        await b.check("ip", ["link", "set", right.device, "mtu", mtu]);
        await transfer(a, b, "10.77.0.2", 2_000_000);
        await transfer(b, a, "10.77.0.1", 2_000_000);
        // the one that meets the narrow link may be lost: the router's answer to it is how the sender learns
        await a.run("ping", ["-c", "1", "-W", "1", ...longest]);
        expect((await a.run("ping", ["-c", "2", ...longest])).stdout).toContain("2 received");
      }
      for (const daemon of [near, far]) {
        const { drops } = await readCounters(daemon);
        expect([drops["send-too-big"], drops["send-other"], drops["too-long"]]).toEqual([
          undefined,
          undefined,
          undefined,
        ]);
        await daemon.stop();
      }
    },
  );
});
