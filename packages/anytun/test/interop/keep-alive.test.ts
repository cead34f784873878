/** Empty packets at the originals: they learn where we are from them, follow us, deliver nothing and complain of nothing. */
import { type Host, Lab, type LinkEnd, requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { readCounters, startDaemon } from "./daemons.ts";
import { pings } from "./traffic.ts";

const KEY = ["-E", "known to two"];

/** Otherwise the kernel says something by itself: router solicitations, multicast reports. */
async function silence(...ends: readonly LinkEnd[]): Promise<void> {
  for (const { host } of ends) {
    await host.check("sh", ["-c", "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"]);
  }
}

/** Packets that a device has delivered to its kernel. */
async function delivered(host: Host): Promise<number> {
  const [link] = JSON.parse(await host.check("ip", ["-s", "-j", "link", "show", "dev", "tun0"]));
  return link.stats64.rx.packets;
}

const tunnel = (role: string, own: string, ...more: string[]): string[] => [
  ...["-d", "tun0", "-t", "tun", "-n", `${own}/30`, "-e", role, ...KEY, ...more],
];

describe("--keepalive", requires("root", "tun", "tcpdump", "ping", "anytun", "uanytun", "ifconfig"), () => {
  it.each([
    ["anytun", "0"],
    ["anytun", "64"],
    ["uanytun", "64"],
  ] as const)("shows %s (-w %s) the way to us and keeps it open", async (original, window) => {
    await using lab = await Lab.create();
    const [near, far] = await lab.pair("ours", "theirs");
    await silence(near, far);
    await using capture = await near.host.capture(near.device, `udp and src host ${near.ipv4}`);
    const theirs = startDaemon(far.host, original, tunnel("right", "10.77.0.2", "-w", window));
    const start = (port: number) =>
      startDaemon(near.host, "ours", tunnel("left", "10.77.0.1", "-r", far.ipv4, "-p", `${port}`, "--keepalive", "1"));
    await using first = start(4444);
    await first.waitFor(/added connection remote host/, { timeout: 30_000 });
    await capture.waitFor(3);
    expect(await delivered(far.host)).toBe(0);
    const numbers = capture.datagrams.map(({ payload }) => Buffer.from(payload).readUInt32BE(0));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(new Set(capture.datagrams.map(({ payload }) => payload.length))).toEqual(new Set([8 + 2 + 10]));
    expect(theirs.output).not.toMatch(/ERROR|WARNING: (?!.*chroot)|wrong Authentication|Replay attack/);
    // nothing of ours but keep-alives ever reached them: they know where we are
    await pings(far.host, "10.77.0.1");
    const { packetsOut, drops } = await readCounters(first);
    expect([packetsOut, drops]).toEqual([3, {}]);
    await first.stop();

    const before = capture.datagrams.length;
    await using second = start(4445);
    await second.waitFor(/added connection remote host/, { timeout: 30_000 });
    await capture.waitFor(before + 2);
    await pings(far.host, "10.77.0.1");
    await theirs.stop();
    await second.stop();
  });

  it("tells once when the peer falls silent and once when it is back", async () => {
    await using lab = await Lab.create();
    const [near, far] = await lab.pair("near", "far");
    await silence(near, far);
    const there = (end: LinkEnd, role: string, own: string, peer: LinkEnd) =>
      startDaemon(end.host, "ours", tunnel(role, own, "-r", peer.ipv4, "--keepalive", "1", "-w", "64"));
    await using daemon = there(near, "left", "10.77.0.1", far);
    const peer = there(far, "right", "10.77.0.2", near);
    await daemon.waitFor(/connection 0 remote host 192\.0\.2\.2:4444 is alive/);
    await peer.stop("SIGKILL");
    await daemon.waitFor(/connection 0 remote host 192\.0\.2\.2:4444 is silent/);
    await using again = there(far, "right", "10.77.0.2", near);
    await daemon.waitFor(/is silent[\s\S]*is alive/);
    expect(daemon.output.match(/is (alive|silent)/g)).toEqual(["is alive", "is silent", "is alive"]);
    await again.waitFor(/is alive/);
    await Promise.all([daemon.stop(), again.stop()]);
  });
});
