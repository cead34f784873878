import { TunNativeError, type TunNativeErrorCode } from "tun-native";
import { describe, expect, it } from "vitest";
import { adviceFor, withAdvice } from "../../src/daemon/missing-right.ts";

describe("advice", () => {
  it.each<[string, TunNativeErrorCode, string, RegExp | undefined]>([
    ["open", "ENOENT", "/dev/net/tun", /^the device node is missing: /],
    ["open", "ENODEV", "/dev/net/tun", /^this kernel has no TUN driver: /],
    ["open", "EPERM", "/dev/net/tun", /^the device node is closed /],
    ["open", "EMFILE", "/dev/net/tun", undefined],
    ["ioctl(TUNSETIFF)", "ENOTTY", "tun0", /character device 10, 200$/],
    ["ioctl(TUNSETIFF)", "EPERM", "tun0", /^CAP_NET_ADMIN is missing, to create /],
    ["ioctl(TUNSETIFF)", "EBUSY", "tun0", undefined],
    ["set mtu", "EPERM", "tun0", /^CAP_NET_ADMIN is missing, to configure /],
    ["add address 10.0.0.1/24 on", "EPERM", "tun0", /^CAP_NET_ADMIN is missing, to configure /],
    ["add address", "EACCES", "fd00::1/64 on tun0", /^IPv6 is switched off here .*\)$/],
    ["bind", "EACCES", "0.0.0.0:444", /^CAP_NET_BIND_SERVICE is missing, for ports below 1024/],
    ["bind", "EADDRINUSE", "0.0.0.0:4444", undefined],
    ["chroot", "EPERM", "/x", /^CAP_SYS_CHROOT /],
    ["setgroups", "EPERM", "1:1", /^CAP_SETGID /],
    ["setresuid", "EPERM", "1:1", /^CAP_SETUID /],
    ["opendir /proc/self/task", "ENOENT", "process", /need \/proc/],
  ])("on %s: %s (%s)", (syscall, code, object, expected) => {
    const advice = adviceFor({ syscall, code, object });
    if (expected === undefined) expect(advice).toBeUndefined();
    else expect(advice).toMatch(expected);
  });

  it("follows the error, and other errors stay what they are", () => {
    const error = new TunNativeError({ code: "EPERM", syscall: "chroot", object: "/x", message: "chroot /x: EPERM" });
    expect(withAdvice(error)).toMatchObject({
      code: "start",
      message: expect.stringMatching(/^chroot \/x: EPERM; CAP_/),
    });
    const other = new Error("other");
    expect(withAdvice(other)).toBe(other);
  });
});
