// --cmd between two hosts (specification, section 6).
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Program, requires, waitUntil } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MIXES, PROGRAM, SENDING, TwoHosts } from "./two-hosts.ts";

describe("a command with the socket", requires("root", "ip", "unshare", "nat-traverse"), () => {
  const folder = mkdtempSync(join(tmpdir(), "nat-traverse-command-"));
  let hosts: TwoHosts;
  beforeAll(async () => {
    hosts = await TwoHosts.create();
  });
  afterAll(async () => {
    await hosts[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A command of ours at the left, a relay of ours at the right, both connected. */
  async function commanded(command: string, options: { env?: Record<string, string>; cwd?: string } = {}) {
    const pair = await hosts.pair(["ours", "ours"], { left: [`--cmd=${command}`], leftOptions: options });
    await Promise.all([pair.left.waitFor(/exec\(\)ing/), pair.right.waitFor(/Type ahead/)]);
    return pair;
  }

  const content = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");

  const script = (name: string, text: string, mode = 0o755): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };

  it.each(MIXES)("echoes, %s with the command and %s with the relay", async (...mix) => {
    const { left, right } = await hosts.pair(mix, { left: ["--window=2", "--cmd=cat"], right: ["--window=2"] });
    await Promise.all([left.waitFor(/exec\(\)ing "cat"\.\.\.\n/), right.waitFor(/Type ahead/)]);
    right.write("there and back\n");
    if (mix[1] === "ours") await right.waitFor(/^there and back$/m);
    expect(left.stdout).toBe("");
    if (mix[1] === "original") {
      // it keeps its output until 8 KiB are there
      for (let i = 0; i < 40; i++) {
        right.write(`${"x".repeat(255)}\n`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await right.waitFor(/^there and back\nx/m);
    }
    await left.stop();
    await (mix[1] === "ours" ? right.stop() : hosts.killOriginals(hosts.right.host));
  });

  it("is this process, with a blocking, connected socket and nothing else open", async () => {
    const out = join(folder, "image");
    const probe = script(
      "probe.sh",
      `#!/bin/sh
exec >${out} <&0
echo pid $$ parent $PPID cwd $PWD word $OWN_WORD
exec python3 -c '
import os, socket, fcntl
s = socket.socket(fileno=os.dup(0))
print("peer", *s.getpeername())
print("type", s.type == socket.SOCK_DGRAM, "blocking", not fcntl.fcntl(0, fcntl.F_GETFL) & os.O_NONBLOCK)
print("pending", s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), s.getsockopt(socket.IPPROTO_IP, 11))
'
`,
    );
    const { left, right } = await commanded(probe, { env: { OWN_WORD: "kept" }, cwd: folder });
    const pid = left.pid;
    expect((await left.result()).status).toBe(0);
    const lines = readFileSync(out, "utf8").trim().split("\n");
    expect(lines[0]).toMatch(new RegExp(`^pid \\d+ parent \\d+ cwd ${folder} word kept$`));
    expect(pid).toBeGreaterThan(0);
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(new RegExp(`^peer ${hosts.right.ipv4.replaceAll(".", "\\.")} \\d+$`)),
      "type True blocking True",
      "pending 0 0",
    ]);
    await right.stop();
  });

  it("keeps the process number and gets its signals", async () => {
    const pair = await hosts.pair(["ours", "ours"], { left: ["--cmd=sleep 60"] });
    const before = await pair.left.started();
    await pair.left.waitFor(/exec\(\)ing/);
    await waitUntil(() => readFileSync(`/proc/${before}/comm`, "utf8") === "sleep\n");
    const fds = await hosts.left.host.check("bash", ["-c", "cd /proc/$(pgrep -x sleep)/fd; echo *"]);
    expect(fds.trim()).toBe("0 1 2");
    const links = await hosts.left.host.check("bash", [
      "-c",
      "readlink /proc/$(pgrep -x sleep)/fd/[01] | uniq | wc -l",
    ]);
    expect(links.trim()).toBe("1");
    await pair.left.kill("SIGTERM");
    expect((await pair.left.exited).signal).toBe("SIGTERM");
    await pair.right.stop();
  });

  it("ignores what this program's parent ignored", async () => {
    const port = hosts.port();
    const shown = "grep SigIgn /proc/self/status >&2";
    const start = (traps: string): Program =>
      hosts.left.host.spawn("sh", [
        ...["-c", `${traps} exec "$@"`, "sh", PROGRAM, "--cmd", shown],
        `${port}:${hosts.right.ipv4}:${port + 1}`,
      ]);
    for (const [traps, mask] of [
      ["trap '' HUP USR1 PIPE;", "0000000000001201"],
      ["", "0000000000000000"],
    ] as const) {
      const left = start(traps);
      const right = hosts.start(hosts.right.host, "ours", ["-q", `${port + 1}:${hosts.left.ipv4}:${port}`]);
      expect((await left.result()).stderr).toMatch(new RegExp(`^SigIgn:\\s${mask}$`, "m"));
      expect((await right.result()).status).toBe(0);
    }
  });

  it.each([
    ["sh -c exit\\ 7", 7],
    ["exit 9;", 9],
    ["exit 9", 2],
    ["kill -TERM $$", 143],
    ["false", 1],
    ["nosuchprogram", 2],
    ["nosuchprogram; exit 3", 3],
    ["nosuchprogram | cat >&2; nosuchprogram", 127],
    ["/etc/passwd x", 13],
    ["/etc/passwd/x", 20],
  ])("%s ends with %i", async (command, status) => {
    const { left, right } = await commanded(command);
    const { status: seen, stderr } = await left.result();
    expect(seen).toBe(status);
    const [, after = ""] = stderr.split(`> exec()ing "${command}"...\n`);
    const refusals: Record<number, string> = {
      2: `Couldn't exec() "${command}": No such file or directory\n`,
      13: `Couldn't exec() "${command}": Permission denied\n`,
      20: `Couldn't exec() "${command}": Not a directory\n`,
    };
    const refusal = refusals[status];
    if (refusal !== undefined) expect(after).toBe(refusal);
    else expect(after).not.toContain("Couldn't");
    await right.stop();
  });

  it("may be a script whose first line does not say whose", async () => {
    const { left, right } = await commanded(`${script("bare", "echo $0 $1 >&2; exit 5\n")} word`);
    expect(await left.result()).toMatchObject({ status: 5, stderr: expect.stringContaining(`${folder}/bare word\n`) });
    await right.stop();
  });

  it("may have bytes that are no characters", async () => {
    const out = join(folder, "bytes");
    const port = hosts.port();
    const program = `exec "$0" "$@" --cmd="$(printf 'printf caf\\351 >${out}')" ${port}:${hosts.right.ipv4}:${port + 1}`;
    const left = hosts.left.host.spawn("sh", ["-c", program, process.execPath, PROGRAM]);
    const right = hosts.start(hosts.right.host, "ours", [`${port + 1}:${hosts.left.ipv4}:${port}`]);
    expect((await left.result()).status).toBe(0);
    expect(readFileSync(out).toString("latin1")).toBe("caf\xe9");
    await right.stop();
  });

  it("reads and writes datagrams", async () => {
    const out = join(folder, "datagrams");
    const { left, right } = await commanded(
      `dd bs=4 count=1 of=${out} status=none; dd bs=4 count=1 status=none >>${out}`,
    );
    right.write("0123456789");
    await waitUntil(() => content(out) === "0123");
    right.write("next");
    expect((await left.result()).status).toBe(0);
    expect(readFileSync(out, "utf8")).toBe("0123next");
    await right.stop();
  });

  it("gets what the peer sent before it was there", async () => {
    const { left, right } = await hosts.pair(["ours", "ours"], {
      left: ["--cmd=dd bs=100 count=1 status=none of=/run/early"],
    });
    right.write("early words");
    expect((await left.result()).status).toBe(0);
    expect(await hosts.left.host.check("cat", ["/run/early"])).toBe("early words");
    await right.stop();
  });

  it.each<["ours" | "original"]>([["ours"], ["original"]])(
    "reads nothing of the handshakes of a peer that starts again, %s",
    async (kind) => {
      const out = join(folder, `clean-${kind}`);
      const port = hosts.port();
      const start = (): Program =>
        hosts.start(hosts.right.host, kind, ["--window=2", "--timeout=1", `${port + 1}:${hosts.left.ipv4}:${port}`]);
      const left = hosts.start(hosts.left.host, "ours", [
        "--window=2",
        `--cmd=exec cat >${out}`,
        `${port}:${hosts.right.ipv4}:${port + 1}`,
      ]);
      await left.waitFor(SENDING);
      const first = start();
      await Promise.all([left.waitFor(/exec/), first.waitFor(/Type ahead/)]);
      first.write("before\n");
      await waitUntil(() => content(out) === "before\n");
      if (kind === "ours") await first.stop();
      else await hosts.killOriginals(hosts.right.host);
      const second = start();
      expect((await second.result()).status).toBe(4);
      expect(readFileSync(out, "utf8")).toBe("before\n");
      await left.stop();
    },
  );

  it("gets the limit of open files that this program was started with", async () => {
    const out = join(folder, "limit");
    const port = hosts.port();
    const line = `ulimit -Sn 300; "$0" "$1" --cmd="ulimit -Sn >${out}" ${port}:${hosts.right.ipv4}:${port + 1}; true`;
    const left = hosts.left.host.spawn("sh", ["-c", line, process.execPath, PROGRAM]);
    const right = hosts.start(hosts.right.host, "ours", [`${port + 1}:${hosts.left.ipv4}:${port}`]);
    expect((await left.result()).status).toBe(0);
    expect(readFileSync(out, "utf8")).toBe("300\n");
    await right.stop();
  });
});
