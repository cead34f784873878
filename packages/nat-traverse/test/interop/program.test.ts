// The whole program between two hosts: text, statuses, names, families.
import { requires } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MIXES, PROGRAM, TwoHosts } from "./two-hosts.ts";

describe("nat-traverse between two hosts", requires("root", "ip", "unshare", "nat-traverse", "nft", "tcpdump"), () => {
  let hosts: TwoHosts;
  beforeAll(async () => {
    hosts = await TwoHosts.create();
  });
  afterAll(async () => {
    await hosts[Symbol.asyncDispose]();
  });

  it.each(MIXES)("tells what the original tells, %s and %s", async (...mix) => {
    const pair = await hosts.pair(mix, {
      left: ["--window=2", "--timeout=5", "--quit-after-connect"],
      right: ["--window=2", "--timeout=5", "--quit-after-connect"],
    });
    for (const [program, local, peer] of [
      [pair.left, "left", hosts.right.ipv4],
      [pair.right, "right", hosts.left.ipv4],
    ] as const) {
      const { status, stdout, stderr } = await program.result();
      expect({ status, stdout }, local).toEqual({ status: 0, stdout: "" });
      expect(stderr, local).toMatch(
        new RegExp(
          `^> Creating socket localhost:\\d+ <-> ${peer.replaceAll(".", "\\.")}:\\d+\\.\\.\\. done\\.\n` +
            "> Sending 2 initial packets\\.\\.\\. \\.{1,2} done\\.\n" +
            "> Waiting for ACK \\(timeout: 5s\\)\\.\\.\\. \\.+ done\\.\n" +
            "> Connection established\\.\n> Exiting\\.\n$",
        ),
      );
    }
  });

  it("tells a timeout as the original does, and then what was seen", async () => {
    const ours = hosts.start(hosts.left.host, "ours", ["--window=1", "--timeout=1", `0:${hosts.right.ipv4}:9`]);
    const { status, stderr } = await ours.result();
    expect(status).toBe(4);
    expect(stderr).toMatch(
      /^> Creating .*\n> Sending 1 initial packets\.\.\. \. done\.\n> Waiting for ACK \(timeout: 1s\)\.\.\. \.+ timeout\.\n/,
    );
    expect(stderr).toMatch(/ timeout\.\n(nat-traverse: .+\n)+$/);
    expect(stderr).toContain("refused");
  });

  it.each<[string, string[], number, RegExp]>([
    ["a name that is unknown", ["40:nosuch.invalid:9"], 22, /\.\.\. Couldn't create socket: nosuch\.invalid: .+\n$/],
    ["no way to the peer", ["0:203.0.113.9:9"], 101, /\.\.\. Couldn't create socket: Network is unreachable\n$/],
    ["no way over IPv6", ["0:[2001:db8:ffff::9]:9"], 101, /\.\.\. Couldn't create socket: Network is unreachable\n$/],
  ])("fails with %s", async (_, args, status, text) => {
    const result = await hosts.start(hosts.left.host, "ours", args).result();
    expect(result).toMatchObject({ status, stdout: "", stderr: expect.stringMatching(text) });
    expect(result.stderr.trimEnd().split("\n").length).toBe(1);
  });

  it("fails with a port that needs privileges, and with one that is in use", async () => {
    const args = [PROGRAM, "--quiet", `99:${hosts.right.ipv4}:9`];
    await hosts.left.host.check("sysctl", ["-q", "-w", "net.ipv4.ip_unprivileged_port_start=1024"]);
    const user = ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath];
    const denied = await hosts.left.host.run("setpriv", [...user, ...args]);
    expect(denied).toMatchObject({ status: 13, stderr: "nat-traverse: Couldn't create socket: Permission denied\n" });

    const holder = 'import socket\ns = socket.socket(2, 2)\ns.bind(("", 5999))\nprint("held", flush=True)\ninput()';
    const other = hosts.left.host.spawn("python3", ["-c", holder]);
    await other.waitFor(/held/);
    const used = await hosts.start(hosts.left.host, "ours", [`5999:${hosts.right.ipv4}:9`]).result();
    await other.stop();
    expect(used.status).toBe(98);
    expect(used.stderr).toMatch(/\.\.\. Couldn't create socket: Address already in use\n$/);
  });

  it("sends nothing when the command line cannot be used", async () => {
    const capture = await hosts.left.host.capture(hosts.left.device);
    const peer = hosts.right.ipv4;
    for (const args of [
      [`70000:${peer}:9`],
      [`1:${peer}:2:3`],
      ["--windwo=3", `1:${peer}:2`],
      ["--window=x", `1:${peer}:2`],
      ["--cmd=", `1:${peer}:2`],
      ["--cmd", " ", `1:${peer}:2`],
      ["--keepalive=-1", `1:${peer}:2`],
      ["--limit-rate=fast", `1:${peer}:2`],
      ["--json", "--quiet", `1:${peer}:2`],
      [`1:${peer}:2`, `3:${peer}:4`],
    ]) {
      const { status, stdout, stderr } = await hosts.start(hosts.left.host, "ours", args).result();
      expect({ status, stdout }, args.join(" ")).toEqual({ status: 2, stdout: "" });
      expect(stderr, args.join(" ")).toMatch(/^.+\n$/);
    }
    expect(await capture.stop()).toEqual([]);
  });

  it("connects over IPv6, by address and by name", async () => {
    await hosts.left.host.hosts({ six: hosts.right.ipv6 });
    const port = hosts.port();
    const right = hosts.start(hosts.right.host, "ours", [`${port + 1}:[${hosts.left.ipv6}]:${port}`], { input: "r" });
    const left = hosts.start(hosts.left.host, "ours", [`${port}:six:${port + 1}`], { input: "l" });
    expect(await left.result()).toMatchObject({ status: 0, stdout: "r" });
    expect(await right.result()).toMatchObject({ status: 0, stdout: "l" });
    expect(right.stderr).toContain(`localhost:${port + 1} <-> [${hosts.left.ipv6}]:${port}... done.\n`);
  });

  it("tells programs what happens with --json", async () => {
    const json = await hosts.pair(["ours", "ours"], {
      left: ["--json"],
      leftOptions: { input: "l" },
      rightOptions: { input: "" },
    });
    expect((await json.left.result()).status).toBe(0);
    const events = json.left.stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(["creating", "socket", "garbage", "heard", "connected", "relaying", "relayed"]),
    );
    expect(events.find(({ event }) => event === "connected")).toMatchObject({ peer: { address: hosts.right.ipv4 } });
    expect(events.at(-1)).toMatchObject({
      event: "relayed",
      end: "done",
      counters: { sentBytes: 1, receivedBytes: 0 },
    });
    await json.right.result();
  });

  it("is silent with --quiet, and tells each event with --verbose", async () => {
    const quiet = ["--quiet", "--quit-after-connect"];
    const pair = await hosts.pair(["ours", "ours"], { left: quiet, right: ["--verbose", "--quit-after-connect"] });
    expect(await pair.left.result()).toEqual({ status: 0, stdout: "", stderr: "" });
    const { stderr } = await pair.right.result();
    expect(stderr).toMatch(/^ +\d+\.\d{3} {2}port \d+ to /);
    expect(stderr).toMatch(/ connected to \S+ after \d+\.\d\d s\n/);
  });

  it("shows a live line on a terminal, and leaves one", async () => {
    const port = hosts.port();
    const line = `${process.execPath} ${PROGRAM} -q ${port}:${hosts.right.ipv4}:${port + 1}`;
    const left = hosts.left.host.spawn("script", ["-qec", line, "/dev/null"], {
      env: { TERM: "xterm", NO_COLOR: "1" },
    });
    const right = hosts.start(hosts.right.host, "ours", ["-q", `${port + 1}:${hosts.left.ipv4}:${port}`]);
    await right.result();
    const { status, stdout } = await left.result();
    expect(status).toBe(0);
    const shown = stdout.replaceAll("\r\n", "\n").split("\r\u001b[K").at(-1);
    expect(shown).toMatch(new RegExp(`^✓ connected to ${hosts.right.ipv4.replaceAll(".", "\\.")}:\\d+ after \\d.*\n$`));
    expect(stdout).not.toContain("\u001b[3");
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("dies of %s while it waits", async (signal) => {
    const waiting = hosts.start(hosts.left.host, "ours", [`0:${hosts.right.ipv4}:9`]);
    await waiting.waitFor(/initial packets/);
    await waiting.kill(signal);
    expect((await waiting.exited).signal).toBe(signal);
  });
});
