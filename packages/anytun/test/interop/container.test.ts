/** What a container may lack: the daemon runs with one capability and one device, and names anything that is missing. */
import { fileURLToPath } from "node:url";
import { type Host, Lab, requires } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../dist/anytun.js", import.meta.url));
const WORDS = ["-D", "-E", "words", "-t", "tun", "--state-dir", "none", "-L", "stdout:3"];
const ONLY_NET_ADMIN = ["setpriv", "--bounding-set", "-all,+net_admin", "--inh-caps", "-all", "--no-new-privs"];
const NO_CAPABILITY = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"];
const OWN_DEVICES = "mount -t tmpfs tmpfs /dev/net";
const CLOSED_DEVICES = "mount -t tmpfs -o nodev tmpfs /dev/net";

describe("in a container", requires("root", "tun"), () => {
  let lab: Lab;
  let host: Host;
  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.host("container");
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  /** @param prepare shell source that changes what the program finds, in mounts of its own */
  const spawn = (prepare: string, wrapper: readonly string[], words: readonly string[]) =>
    host.spawn("unshare", [
      ...["--mount", "sh", "-c", `${prepare}; exec "$@"`, "sh"],
      ...[...wrapper, process.execPath, PROGRAM, ...WORDS, ...words],
    ]);

  it("needs CAP_NET_ADMIN and /dev/net/tun, and no writable /sys, /proc/sys or /run", async () => {
    const prepare = "for d in /sys /proc/sys /run; do mount --bind $d $d && mount -o remount,bind,ro $d; done";
    const daemon = spawn(prepare, ONLY_NET_ADMIN, ["-n", "10.77.0.1/30", "--mtu", "auto", "-r", "127.0.0.1"]);
    await daemon.waitFor(/added connection remote host/);
    expect(await host.check("ip", ["address", "show", "dev", "tun0"])).toMatch(/UP[\s\S]*inet 10\.77\.0\.1\/30/);
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
  });

  it.each<[string, string, readonly string[], readonly string[], RegExp]>([
    ["the capability", ":", NO_CAPABILITY, [], /ioctl\(TUNSETIFF\) tun: EPERM .*; CAP_NET_ADMIN is missing/],
    ["the device node", OWN_DEVICES, [], [], /open \/dev\/net\/tun: ENOENT .*; the device node is missing: /],
    [
      "the right to use the node",
      `${CLOSED_DEVICES} && mknod /dev/net/tun c 10 200`,
      [],
      [],
      /open \/dev\/net\/tun: EACCES .*; the device node is closed /,
    ],
    [
      "the node, being another file",
      `${OWN_DEVICES} && touch /dev/net/tun`,
      [],
      [],
      /ENOTTY .*; \/dev\/net\/tun is not the TUN device/,
    ],
    [
      "the driver",
      `${OWN_DEVICES} && mknod /dev/net/tun c 10 250`,
      [],
      [],
      /open \/dev\/net\/tun: ENODEV .*; this kernel has no TUN driver: /,
    ],
    [
      "the user's right to a low port",
      ":",
      ONLY_NET_ADMIN,
      ["-p", "444"],
      /bind 0\.0\.0\.0:444: EACCES .*; CAP_NET_BIND_SERVICE is missing/,
    ],
    [
      "the right to change the user",
      ":",
      ONLY_NET_ADMIN,
      ["-u", "nobody"],
      /setgroups .*: EPERM .*; CAP_SETGID is missing, for -u/,
    ],
    [
      "the right to a jail",
      ":",
      ONLY_NET_ADMIN,
      ["-C", "/run"],
      /chroot \/run: EPERM .*; CAP_SYS_CHROOT is missing, for -C/,
    ],
    [
      "IPv6",
      "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6",
      [],
      ["-n", "fd00::1/64"],
      /EACCES .*; IPv6 is switched off here/,
    ],
  ])("says that it lacks %s", async (_, prepare, wrapper, words, expected) => {
    const daemon = spawn(prepare, wrapper, words);
    expect((await daemon.exited).status).toBe(255);
    expect(daemon.stderr).toMatch(/^anytun: [^\n]*\n$/);
    expect(daemon.stderr).toMatch(expected);
    expect(await host.check("ip", ["-o", "link"])).not.toContain("tun0");
    await host.run("sh", ["-c", "echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6"]);
  });
});
