/** What a start lacks on this host or in this container: the kernel's answer → what to do about it. */
import { TunNativeError } from "tun-native";
import { errorText } from "../error-text.ts";
import { AnytunError } from "../errors.ts";

/** The same error with advice behind it, where there is some. */
export function withAdvice(error: unknown): unknown {
  if (!(error instanceof TunNativeError)) return error;
  const advice = adviceFor(error);
  return advice === undefined ? error : new AnytunError("start", `${errorText(error)}; ${advice}`, { cause: error });
}

/** Pure, for its table of tests. */
export function adviceFor({
  syscall = "",
  code,
  object = "",
}: Pick<TunNativeError, "syscall" | "code" | "object">): string | undefined {
  const isDenied = code === "EPERM" || code === "EACCES";
  if (syscall === "open" && object === "/dev/net/tun") {
    if (code === "ENOENT") {
      return "the device node is missing: modprobe tun on the host, or give it to the container (--device /dev/net/tun)";
    }
    if (code === "ENODEV" || code === "ENXIO") return "this kernel has no TUN driver: modprobe tun on the host";
    if (isDenied) {
      return "the device node is closed to this user or container: chmod 666 it, or allow the device (--device /dev/net/tun)";
    }
  }
  if (syscall === "ioctl(TUNSETIFF)") {
    if (code === "ENOTTY") return "/dev/net/tun is not the TUN device: it should be the character device 10, 200";
    if (code === "EPERM") return capability("NET_ADMIN", "to create interfaces");
  }
  if (/^set |link/.test(syscall) && code === "EPERM") return capability("NET_ADMIN", "to configure interfaces");
  if (/address/.test(syscall)) {
    if (code === "EPERM") return capability("NET_ADMIN", "to configure interfaces");
    if (code === "EACCES" && object.includes(":")) return DISABLED_IPV6;
    if (code === "EACCES") return `${DISABLED_IPV6}, if that is an IPv6 address`;
  }
  if (syscall === "bind" && isDenied) return capability("NET_BIND_SERVICE", "for ports below 1024");
  if (syscall === "chroot" && code === "EPERM") return capability("SYS_CHROOT", "for -C");
  if ((syscall === "setgroups" || syscall === "setresgid") && code === "EPERM") return capability("SETGID", "for -u");
  if (syscall === "setresuid" && code === "EPERM") return capability("SETUID", "for -u");
  if (syscall === "opendir /proc/self/task") return "-C and -u need /proc, to see the threads of this process";
  return undefined;
}

const DISABLED_IPV6 = "IPv6 is switched off here (sysctl net.ipv6.conf.all.disable_ipv6)";

function capability(name: string, what: string): string {
  return `CAP_${name} is missing, ${what}: run as root, or give it to the service or container (--cap-add ${name})`;
}
