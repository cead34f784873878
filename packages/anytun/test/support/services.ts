/** A host of the laboratory in which systemd is process 1, with /etc and /var of its own. */
import type { Host, Program, RunResult } from "satp-tools/lab";

/**
 * Anything that is mounted lies in a mount namespace of this process alone. What the machine would start by itself is not
 * wanted: only `lab.target`.
 */
const BOOT = `
set -e
mkdir -p /run/own/etc /run/own/etc.work /run/own/var /run/own/var.work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/own/etc,workdir=/run/own/etc.work /etc
mount -t overlay overlay -o lowerdir=/var,upperdir=/run/own/var,workdir=/run/own/var.work /var
mount -t tmpfs tmpfs /tmp
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /etc/systemd/system
rm -rf /etc/anytun /etc/systemd/system/*.wants /var/lib/anytun
printf '[Unit]\\nDescription=laboratory\\nAllowIsolate=yes\\n' >/etc/systemd/system/lab.target
for unit in systemd-udevd systemd-udev-trigger systemd-networkd systemd-resolved systemd-timesyncd e2scrub_reap; do
  ln -sf /dev/null /etc/systemd/system/$unit.service
done
# as udev makes it, which containers have not
mknod -m 666 /run/tun c 10 200
mount --bind /run/tun /dev/net/tun
umount /sys/fs/cgroup/* 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup || mount -t tmpfs tmpfs /sys/fs/cgroup
# credentials are mounted by a helper in a namespace of its own
mount --make-rshared /
eval "$1"
export container=lab
exec /lib/systemd/systemd --system --unit=lab.target --log-target=console --show-status=no`;

export class ServiceHost {
  readonly #host: Host;
  readonly #manager: Program;

  private constructor(host: Host, manager: Program) {
    this.#host = host;
    this.#manager = manager;
  }

  /** @param prepare shell source that runs before systemd does */
  static async boot(host: Host, prepare: string): Promise<ServiceHost> {
    const namespaces = ["--mount", "--pid", "--cgroup", "--mount-proc", "--fork", "--kill-child=KILL"];
    const manager = host.spawn("unshare", [...namespaces, "sh", "-c", BOOT, "sh", prepare]);
    const services = new ServiceHost(host, manager);
    for (;;) {
      const { stdout } = await services.run("systemctl", "is-system-running");
      if (/running|degraded/.test(stdout)) return services;
      if (!manager.running) throw new Error(`systemd ended:\n${manager.output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** What systemd writes to its console. */
  get console(): string {
    return this.#manager.output;
  }

  /** Runs a program beside systemd. */
  run(command: string, ...args: readonly string[]): Promise<RunResult> {
    // the anchor's child is unshare, whose child is process 1 of the inner namespace
    const script =
      'pid=$(pgrep -f -o "^/lib/systemd/systemd --system --unit=lab.target" || echo 0); exec nsenter -t "$pid" -m -p -C -- "$@"';
    return this.#host.run("sh", ["-c", script, "sh", command, ...args]);
  }

  /** Like `run`, for what must work. */
  async check(command: string, ...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(command, ...args);
    if (status === 0) return stdout;
    const { stdout: journal } = await this.run("journalctl", "--no-pager", "-o", "cat", "-n", "40");
    throw new Error(`${[command, ...args].join(" ")}: status ${status}\n${stderr}${stdout}\n${journal}`);
  }

  /** Asks again and again. @throws Error with the console's last lines after ten seconds */
  async until(condition: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + 10_000;
    while (!(await condition())) {
      if (performance.now() > end) throw new Error(`it did not happen\n${this.console.slice(-4_000)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** What a unit has logged. */
  journal(unit: string): Promise<string> {
    return this.check("journalctl", "--no-pager", "-o", "cat", "-u", unit);
  }

  /** Value of a property of a unit. */
  async property(unit: string, name: string): Promise<string> {
    return (await this.check("systemctl", "show", "--value", "-p", name, unit)).trim();
  }
}
