/** Frames that cannot pass the tunnel whole: the kernel of whoever sent them must learn what does. */
import { type Host, Lab, requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { readCounters, startDaemon } from "./daemons.ts";
import { transfer } from "./traffic.ts";

const KEY = ["-E", "too big"];
/** More than the data plane takes, less than a device may have. */
const WIDE = "20000";

const ping = async (from: Host, address: string, ...options: string[]): Promise<string> =>
  (await from.run("ping", ["-n", "-i", "0.3", "-W", "1", "-s", "15000", ...options, address])).stdout;

/** Long pings arrive, in fragments; the reply to the first may be lost to teach the other end. */
const expectFragments = async (from: Host, address: string, ...options: string[]): Promise<void> => {
  await ping(from, address, "-c", "1", ...options);
  expect(await ping(from, address, "-c", "2", ...options)).toContain("2 received");
};

const widen = (host: Host, device: string): Promise<string> =>
  host.check("ip", ["link", "set", "dev", device, "mtu", WIDE]);

const strict = (host: Host): Promise<string> =>
  host.check("sysctl", ["-w", "net.ipv4.conf.all.rp_filter=1", "net.ipv4.conf.default.rp_filter=1"]);

describe("frames longer than the tunnel takes", requires("root", "tun", "ping"), () => {
  it.each([
    { kind: "tun", offload: [], mtu: 9216 },
    { kind: "tun", offload: ["--no-tun-offload"], mtu: 9216 },
    { kind: "tap", offload: [], mtu: 9202 },
    { kind: "tap", offload: ["--no-tun-offload"], mtu: 9202 },
  ])("tell their sender: $kind $offload", async ({ kind, offload, mtu }) => {
    await using lab = await Lab.create();
    const [a, b] = await lab.pair("a", "b");
    await Promise.all([strict(a.host), strict(b.host)]);
    const common = ["-d", "vpn0", "-t", kind, "--no-mss-clamp", ...offload, ...KEY];
    const near = startDaemon(a.host, "ours", [...common, "-n", "10.77.0.1/30,fd77::1/64", "-e", "left", "-r", b.ipv4]);
    const far = startDaemon(b.host, "ours", [...common, "-n", "10.77.0.2/30,fd77::2/64", "-e", "right", "-r", a.ipv4]);
    await Promise.all([a.host.reach("10.77.0.2"), a.host.reach("fd77::2")]);
    await Promise.all([widen(a.host, "vpn0"), widen(b.host, "vpn0")]);

    // nobody knows anything yet, so TCP starts with segments that do not fit
    await transfer(b.host, a.host, "10.77.0.1", 5_000_000);
    await transfer(b.host, a.host, "fd77::1", 5_000_000);
    for (const address of ["10.77.0.1", "fd77::1"]) {
      expect(await b.host.check("ip", ["route", "get", address])).toContain(`mtu ${mtu} `);
    }
    const told = await readCounters(far);
    expect(told.tooBigAnswers).toBeGreaterThanOrEqual(2);
    expect(told.drops["device-write"]).toBeUndefined();

    expect(await ping(a.host, "10.77.0.2", "-c", "2", "-M", "do")).toContain(
      `From 10.77.0.2 icmp_seq=1 Frag needed and DF set (mtu = ${mtu})`,
    );
    expect(await a.host.check("ip", ["route", "get", "10.77.0.2"])).toContain(`mtu ${mtu} `);
    expect(await ping(a.host, "fd77::2", "-c", "2", "-M", "do")).toContain(
      `From fd77::2 icmp_seq=1 Packet too big: mtu=${mtu}`,
    );
    expect(await a.host.check("ip", ["route", "get", "fd77::2"])).toContain(`mtu ${mtu} `);
    for (const address of ["10.77.0.2", "fd77::2"]) {
      await expectFragments(a.host, address);
    }
    const { drops, tooBigAnswers } = await readCounters(near);
    expect(drops["too-long"]).toBe(2);
    expect(tooBigAnswers).toBe(2);
    expect(near.output.match(/WARNING: frames too long for the tunnel .*lower the MTU of vpn0\n/g)).toHaveLength(1);
    await Promise.all([near.stop(), far.stop()]);
  });

  it("tell a sender that lets them be fragmented, which then does so itself", async () => {
    await using lab = await Lab.create();
    const [a, b] = await lab.pair("a", "b");
    const common = ["-d", "vpn0", "-t", "tun", ...KEY];
    const near = startDaemon(a.host, "ours", [...common, "-n", "10.77.0.1/30", "-e", "left", "-r", b.ipv4]);
    const far = startDaemon(b.host, "ours", [...common, "-n", "10.77.0.2/30", "-e", "right", "-r", a.ipv4]);
    await a.host.reach("10.77.0.2");
    await Promise.all([widen(a.host, "vpn0"), widen(b.host, "vpn0")]);
    expect(await ping(a.host, "10.77.0.2", "-c", "1", "-M", "dont")).toContain("0 received");
    await expectFragments(a.host, "10.77.0.2", "-M", "dont");
    expect((await readCounters(near)).drops["too-long"]).toBe(1);
    await Promise.all([near.stop(), far.stop()]);
  });
});

describe("a host behind the tunnel", requires("root", "tun", "ping"), () => {
  it("learns through a router that trusts no address", async () => {
    await using lab = await Lab.create();
    const [a, b] = await lab.pair("a", "b");
    const host = await lab.host("behind");
    const [behind, router] = await lab.link(host, a.host, {
      mtu: Number(WIDE),
      addresses: [
        ["10.1.0.2/24", "fd01::2/64"],
        ["10.1.0.1/24", "fd01::1/64"],
      ],
    });
    await strict(a.host);
    await a.host.check("sysctl", ["-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]);
    await host.ip([`route add default via ${router.ipv4}`, `route add default via ${router.ipv6}`]);
    const common = ["-d", "vpn0", "-t", "tun", ...KEY];
    const near = startDaemon(a.host, "ours", [...common, "-n", "10.77.0.1/30,fd77::1/64", "-e", "left", "-r", b.ipv4]);
    const far = startDaemon(b.host, "ours", [...common, "-n", "10.77.0.2/30,fd77::2/64", "-e", "right", "-r", a.ipv4]);
    await a.host.reach("10.77.0.2");
    await Promise.all([widen(a.host, "vpn0"), widen(b.host, "vpn0")]);
    await b.host.ip(["route add 10.1.0.0/24 dev vpn0", "route add fd01::/64 dev vpn0"]);
    for (const address of ["10.77.0.2", "fd77::2"]) {
      await host.reach(address);
      expect(await ping(host, address, "-c", "1", "-M", "do")).toMatch(/mtu ?= ?9216/);
      expect(await host.check("ip", ["route", "get", address])).toContain(`dev ${behind.device} `);
      expect(await host.check("ip", ["route", "get", address])).toContain("mtu 9216 ");
      await expectFragments(host, address);
    }
    await Promise.all([near.stop(), far.stop()]);
  });

  it("learns through a bridge", async () => {
    await using lab = await Lab.create();
    const [a, b] = await lab.pair("a", "b");
    const host = await lab.host("behind");
    const [behind, port] = await lab.link(host, a.host, { mtu: Number(WIDE), addresses: [[], []] });
    const common = ["-d", "vpn0", "-t", "tap", ...KEY];
    const near = startDaemon(a.host, "ours", [...common, "-e", "left", "-r", b.ipv4]);
    const far = startDaemon(b.host, "ours", [...common, "-e", "right", "-r", a.ipv4]);
    await Promise.all([near, far].map((daemon) => daemon.waitFor(/added connection remote host/)));
    await Promise.all([widen(a.host, "vpn0"), widen(b.host, "vpn0")]);
    await a.host.ip([
      "link add name br0 type bridge",
      `link set ${port.device} master br0`,
      "link set vpn0 master br0",
      "link set vpn0 up",
      "link set br0 up",
    ]);
    const ends: [Host, string, number][] = [
      [host, behind.device, 1],
      [b.host, "vpn0", 2],
    ];
    for (const [end, device, number] of ends) {
      await end.ip([
        `link set ${device} up`,
        `address add 10.77.0.${number}/24 dev ${device}`,
        `address add fd77::${number}/64 dev ${device} nodad`,
      ]);
    }
    for (const address of ["10.77.0.2", "fd77::2"]) {
      await host.reach(address);
      expect(await ping(host, address, "-c", "1", "-M", "do")).toMatch(/mtu ?= ?9202/);
      await expectFragments(host, address);
    }
    await Promise.all([near.stop(), far.stop()]);
  });
});
