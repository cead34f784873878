/** --install-routes on real kernels: what goes into the tunnel, what must not, and that nothing of it stays. */
import { type Host, Lab, requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { startDaemon } from "./daemons.ts";
import { pings } from "./traffic.ts";

const KEY = ["-E", "known to two"];

const table = async (host: Host): Promise<string[]> => {
  const [ipv4, ipv6] = await Promise.all([host.check("ip", ["-4", "route"]), host.check("ip", ["-6", "route"])]);
  return (
    `${ipv4}${ipv6}`
      .split("\n")
      .map((line) => line.trim())
      // the kernel's own of an interface that has just come up
      .filter((line) => line !== "" && !line.startsWith("fe80::"))
  );
};

describe("routes of the kernel", requires("root", "tun", "ip", "ping"), () => {
  it("lead networks behind the peer into the tunnel, and go with it", async () => {
    await using lab = await Lab.create();
    const [near, far] = await lab.pair("near", "far");
    await far.host.ip(["address add 10.20.0.1/32 dev lo", "address add fd20::1/128 dev lo"]);
    const before = await table(near.host);
    const networks = ["-R", "10.20.0.0/16,fd20::/64", "-R", "192.168.1.128/25", "--install-routes"];
    const daemon = startDaemon(near.host, "ours", [
      ...["-t", "tun", "-d", "tun0", "-n", "10.77.0.1/30", "-n", "fd77::1/64", "-e", "left", "-r", far.ipv4],
      ...[...KEY, ...networks],
    ]);
    const peer = startDaemon(far.host, "ours", [
      ...["-t", "tun", "-d", "tun0", "-n", "10.77.0.2/30", "-n", "fd77::2/64", "-e", "right", "-r", near.ipv4, ...KEY],
    ]);
    await near.host.reach("10.20.0.1", { timeout: 20_000 });
    await pings(near.host, "10.20.0.1");
    await pings(near.host, "fd20::1");
    const lines = await table(near.host);
    for (const network of ["10.20.0.0/16", "fd20::/64", "192.168.1.128/25"]) {
      expect(lines.filter((line) => line.startsWith(`${network} dev tun0`))).toHaveLength(1);
    }
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
    expect(await table(near.host)).toEqual(before);
    await peer.stop();
  });

  it("are a failed start when there is another one, with nothing left", async () => {
    await using lab = await Lab.create();
    const [near] = await lab.pair("near", "far");
    // one that outlives its daemons
    await near.host.ip(["tuntap add dev tun7 mode tun", "link set tun7 up"]);
    const before = await table(near.host);
    const daemon = startDaemon(near.host, "ours", [
      ...["-t", "tun", "-d", "tun7", ...KEY, "-R", "10.20.0.0/16,192.0.2.0/24", "--install-routes"],
    ]);
    expect(await daemon.exited).toMatchObject({ status: 255 });
    expect(daemon.output).toContain(
      "no kernel route for 192.0.2.0/24 on tun7: there is another route for 192.0.2.0/24 (EEXIST)",
    );
    expect(await table(near.host)).toEqual(before);
  });

  it.each([[[]], [["-u", "nobody"]]])("may lead everything into the tunnel but what carries it, %j", async (user) => {
    await using lab = await Lab.create();
    const [near, router, far] = await Promise.all(["near", "router", "far"].map((name) => lab.host(name)));
    if (near === undefined || router === undefined || far === undefined) throw new Error("no hosts");
    await lab.link(near, router, { addresses: [["10.1.0.2/24"], ["10.1.0.1/24"]] });
    await lab.link(router, far, { addresses: [["10.2.0.1/24"], ["10.2.0.2/24"]] });
    await router.check("sh", ["-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"]);
    await near.ip(["route add default via 10.1.0.1"]);
    await far.ip(["route add default via 10.2.0.1", "address add 203.0.113.1/32 dev lo"]);
    const before = await table(near);
    const daemon = startDaemon(near, "ours", [
      ...["-t", "tun", "-d", "tun0", "-n", "10.77.0.1/30", "-e", "left", "-r", "10.2.0.2", ...KEY],
      ...["-R", "0.0.0.0/0", "--install-routes", ...user],
    ]);
    const peer = startDaemon(far, "ours", [
      ...["-t", "tun", "-d", "tun0", "-n", "10.77.0.2/30", "-e", "right", ...KEY],
    ]);
    await near.reach("203.0.113.1", { timeout: 20_000 });
    await pings(near, "203.0.113.1");
    expect(await near.check("ip", ["route", "get", "203.0.113.1"])).toContain("dev tun0");
    expect(await near.check("ip", ["route", "get", "10.2.0.2"])).toContain("via 10.1.0.1 dev eth0");
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
    expect(await table(near)).toEqual(before);
    await peer.stop();
  });
});
