// A machine of the laboratory: network, mount, process and name namespaces, held by one process of its own.

import { Capture } from "./capture.ts";
import { LabError } from "./lab-error.ts";
import { childrenOf, Program, type ProgramOptions, type RunOptions, type RunResult, run } from "./program.ts";

/**
 * Runs as process 1 of the host. It ends when its standard input closes or the process that started it dies, and the
 * kernel then ends everything else in the host: not even SIGKILL of a test leaves a daemon or an interface behind.
 * /run is the host's own, so that two of them can have control sockets and process files of one name.
 */
const anchorScript = `
set -e
mount -t tmpfs -o mode=755 tmpfs /run
hostname "$1"
ip link set lo up
for scope in all default; do
  file=/proc/sys/net/ipv6/conf/$scope
  if [ -d $file ]; then echo 0 >$file/accept_dad; echo 0 >$file/accept_ra; fi
done
echo ready
exec cat`;

const ownDevScript = `
set -e
mkdir /run/dev
mount -t tmpfs tmpfs /run/dev
mkdir /run/dev/net
cp -a /dev/null /dev/random /dev/urandom /run/dev/
cp -a /dev/net/tun /run/dev/net/
mount --bind /run/dev /dev`;

export class Host {
  readonly name: string;
  readonly #anchor: Program;
  readonly #init: number;
  readonly #programs = new Set<Program>();
  #interfaces = 0;

  private constructor(name: string, anchor: Program, init: number) {
    this.name = name;
    this.#anchor = anchor;
    this.#init = init;
  }

  /** Owned by the caller, who disposes of it. @throws LabError `setup` */
  static async create(name: string): Promise<Host> {
    const anchor = new Program("setpriv", [
      ...["--pdeathsig", "KILL", "unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--mount-proc"],
      ...["--fork", "--kill-child=KILL", "sh", "-c", anchorScript, "sh", name],
    ]);
    try {
      await anchor.waitFor(/^ready$/m);
    } catch (error) {
      await anchor.stop("SIGKILL");
      throw new LabError("setup", `cannot make host ${name}: ${anchor.stderr.trim()}`, { cause: error });
    }
    const unshare = anchor.pid;
    const init = unshare === undefined ? undefined : childrenOf(unshare)[0];
    if (init === undefined) throw new LabError("setup", `cannot find the first process of host ${name}`);
    return new Host(name, anchor, init);
  }

  /** Process 1 of the host, as numbered outside. */
  get pid(): number {
    return this.#init;
  }

  /** Name for the next interface of this host: eth0, eth1, … */
  nextInterface(): string {
    const name = `eth${this.#interfaces}`;
    this.#interfaces += 1;
    return name;
  }

  /** Starts a program in the host. The host ends it at the latest when it is disposed of. */
  spawn(command: string, args: readonly string[] = [], options: ProgramOptions = {}): Program {
    if (!this.#anchor.running) throw new LabError("closed", `host ${this.name} is gone`);
    const { cwd, ...rest } = options;
    const program = new Program(
      "nsenter",
      // The shell restores the directory, which entering a mount namespace loses, and becomes the command.
      ["-t", `${this.#init}`, "-m", "-u", "-i", "-n", "-p", "--"].concat(
        ["sh", "-c", 'cd "$0" && exec "$@"', cwd ?? process.cwd(), command],
        args,
      ),
      rest,
      true,
    );
    this.#programs.add(program);
    void program.exited.then(() => this.#programs.delete(program));
    return program;
  }

  /** Runs a program in the host to its end. @throws LabError `timeout` */
  run(command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<RunResult> {
    return this.spawn(command, args, { input: "", ...options }).result(options.timeout);
  }

  /** Like {@link run}, for commands that must work. @throws LabError `status` with the command's output */
  async check(command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<string> {
    const { status, stdout, stderr } = await this.run(command, args, options);
    if (status === 0) return stdout;
    throw new LabError("status", `${this.name}: ${[command, ...args].join(" ")}: status ${status}\n${stderr}${stdout}`);
  }

  /** Commands for `ip -batch`, one a line, in this host's network; other hosts' processes can be named by number. */
  async ip(lines: readonly string[]): Promise<void> {
    const args = ["-t", `${this.#init}`, "-n", "--", "ip", "-batch", "-"];
    const { status, stderr } = await run("nsenter", args, { input: `${lines.join("\n")}\n` });
    if (status !== 0) throw new LabError("setup", `${this.name}: ip: ${stderr.trim()}\n${lines.join("\n")}`);
  }

  /** Replaces /etc/hosts inside the host; address by name. */
  async hosts(addresses: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(addresses).map(([name, address]) => `${address} ${name}\n`);
    const input = `127.0.0.1 localhost\n::1 localhost\n${lines.join("")}`;
    const script = "cat >/run/hosts && { mountpoint -q /etc/hosts || mount --bind /run/hosts /etc/hosts; }";
    await this.check("sh", ["-c", script], { input });
  }

  /** A /dev of its own, so that its /dev/log is nobody else's; once. */
  async ownDev(): Promise<void> {
    await this.check("sh", ["-c", ownDevScript]);
  }

  /** Sends one ping after another until one is answered within 0.3 s. @throws LabError `timeout` */
  async reach(address: string, options: { timeout?: number } = {}): Promise<void> {
    const end = performance.now() + (options.timeout ?? 10_000);
    for (;;) {
      const { status } = await this.run("ping", ["-n", "-c", "1", "-W", "0.3", address]);
      if (status === 0) return;
      if (performance.now() > end) throw new LabError("timeout", `${this.name}: no answer from ${address}`);
    }
  }

  /**
   * Records the UDP datagrams that pass an interface, with tcpdump.
   * @param filter a tcpdump expression; default `udp`
   */
  capture(device: string, filter = "udp"): Promise<Capture> {
    return Capture.start(this, device, filter);
  }

  /** Ends everything in the host, and its interfaces. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Process 1 ends with its input, and is not gone before everything else in its namespace is.
    this.#anchor.endInput();
    const stuck = setTimeout(() => void this.#anchor.kill("SIGKILL"), 5_000);
    await this.#anchor.exited;
    clearTimeout(stuck);
    await Promise.all([...this.#programs].map((program) => program.exited));
  }
}
