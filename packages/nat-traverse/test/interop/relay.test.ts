// The relay between two hosts: ours and the original in both roles.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requires, waitUntil } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MIXES, PROGRAM, TwoHosts } from "./two-hosts.ts";

describe("a relay between two hosts", requires("root", "ip", "unshare", "nat-traverse"), () => {
  const folder = mkdtempSync(join(tmpdir(), "nat-traverse-relay-"));
  let hosts: TwoHosts;
  beforeAll(async () => {
    hosts = await TwoHosts.create();
  });
  afterAll(async () => {
    await hosts[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(MIXES)("carries lines both ways, %s and %s", async (...mix) => {
    const { left, right } = await hosts.relays(mix);
    left.write("from the left\n");
    right.write("from the right\n");
    if (mix[0] === "ours") await left.waitFor(/^from the right$/m);
    if (mix[1] === "ours") await right.waitFor(/^from the left$/m);
    // an original keeps its output until 8 KiB are there, or a refusal ends it
    if (mix.includes("original")) {
      const [ours, original] = mix[0] === "ours" ? [left, right] : [right, left];
      ours.endInput();
      expect(await ours.result()).toMatchObject({ status: 0 });
      await waitUntil(
        () => {
          if (original.running) original.write("anybody?\n");
          return original.stdout.length > 0;
        },
        { interval: 200 },
      );
      expect(original.stdout).toBe(mix[0] === "ours" ? "from the left\n" : "from the right\n");
      await hosts.killOriginals(mix[0] === "ours" ? hosts.right.host : hosts.left.host);
      return;
    }
    left.endInput();
    right.endInput();
    expect(await left.result()).toMatchObject({ status: 0, stdout: "from the right\n" });
    expect(await right.result()).toMatchObject({ status: 0, stdout: "from the left\n" });
  });

  it("half-closes between two new ends", async () => {
    const { left, right } = await hosts.relays(["ours", "ours"]);
    left.write("a question\n");
    left.endInput();
    await right.waitFor(/a question/);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(left.running && right.running).toBe(true);
    right.write("an answer\n");
    right.endInput();
    expect(await left.result()).toMatchObject({ status: 0, stdout: "an answer\n" });
    expect(await right.result()).toMatchObject({ status: 0, stdout: "a question\n" });
  });

  it("shows the end of the peer's input to whoever reads our output", async () => {
    const port = hosts.port();
    const args = (spec: string): string => `${process.execPath} ${PROGRAM} --window=1 ${spec}`;
    const right = hosts.right.host.spawn("bash", [
      "-c",
      `${args(`${port + 1}:${hosts.left.ipv4}:${port}`)} | { cat; echo THE END; }`,
    ]);
    const left = hosts.start(hosts.left.host, "ours", [`${port}:${hosts.right.ipv4}:${port + 1}`], { input: "text\n" });
    await waitUntil(() => right.stdout === "text\nTHE END\n");
    expect(left.running).toBe(true);
    right.endInput();
    expect(await left.result()).toMatchObject({ status: 0 });
    expect(await right.result()).toMatchObject({ status: 0 });
  });

  it("carries what looks like a handshake", async () => {
    const { left, right } = await hosts.relays(["ours", "ours"]);
    for (const text of ["nat-traverse-garbage", "nat-traverse-ackacka", "nat-traverse-garbage\0nt\u0001 and more"]) {
      left.write(text);
      await waitUntil(() => right.stdout.endsWith(text));
    }
    left.endInput();
    right.endInput();
    expect((await right.result()).stdout).toBe(
      "nat-traverse-garbagenat-traverse-ackackanat-traverse-garbage\0nt\u0001 and more",
    );
  });

  it("ends with its input against an original, which --stay changes", async () => {
    const leaving = await hosts.pair(["ours", "original"], { leftOptions: { input: "" } });
    expect((await leaving.left.result()).status).toBe(0);
    await hosts.killOriginals(hosts.right.host);

    const staying = await hosts.pair(["ours", "original"], {
      left: ["--window=2", "--stay"],
      leftOptions: { input: "" },
    });
    await staying.right.waitFor(/Type ahead/);
    staying.right.write("heard\n");
    await staying.left.waitFor(/^heard$/m);
    expect((await staying.left.stop()).signal).toBe("SIGTERM");
    await hosts.killOriginals(hosts.right.host);
  });

  it("goes on at a hangup under nohup", async () => {
    const port = hosts.port();
    const left = hosts.left.host.spawn("nohup", [PROGRAM, `${port}:${hosts.right.ipv4}:${port + 1}`]);
    const right = hosts.start(hosts.right.host, "ours", [`${port + 1}:${hosts.left.ipv4}:${port}`]);
    await Promise.all([left.waitFor(/Type ahead/), right.waitFor(/Type ahead/)]);
    await left.kill("SIGHUP");
    right.write("still there\n");
    await left.waitFor(/^still there$/m);
    await left.kill("SIGTERM");
    expect((await left.exited).signal).toBe("SIGTERM");
    await right.stop();
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("dies of %s as a whole, and the peer is told", async (signal) => {
    const { left, right } = await hosts.relays(["ours", "ours"]);
    await left.kill(signal);
    expect((await left.exited).signal).toBe(signal);
    expect(await right.result()).toMatchObject({
      status: 104,
      stderr: expect.stringMatching(/\nCouldn't read from socket: the peer was stopped\n$/),
    });
    const listening = await hosts.left.host.check("cat", ["/proc/net/udp"]);
    expect(listening.trim().split("\n").length).toBe(1);
  });

  it("notices that a new peer is gone without a word", async () => {
    const { left, right } = await hosts.relays(["ours", "ours"]);
    await left.stop("SIGKILL");
    right.write("anybody?\n");
    expect(await right.result()).toMatchObject({
      status: 111,
      stderr: expect.stringMatching(/\nCouldn't write to socket: Connection refused\n$/),
    });
  });

  it("gives up an original that refuses again and again", async () => {
    const { left } = await hosts.relays(["ours", "original"]);
    await hosts.killOriginals(hosts.right.host);
    for (let i = 0; i < 20 && left.running; i++) {
      left.write("anybody?\n");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(await left.result()).toMatchObject({ status: 111 });
  });

  it("survives a single refusal", async () => {
    const { left, right } = await hosts.relays(["ours", "ours"]);
    await hosts.right.host.check("nft", ["-f", "-"], {
      input:
        "table inet once { chain in { type filter hook input priority 0; meta l4proto udp limit rate over 1/hour burst 1 packets accept; meta l4proto udp reject; }; }",
    });
    left.write("refused\n");
    await new Promise((resolve) => setTimeout(resolve, 500));
    left.write("and sent\n");
    await right.waitFor(/and sent/);
    await hosts.right.host.check("nft", ["delete", "table", "inet", "once"]);
    left.endInput();
    right.endInput();
    expect((await left.result()).status).toBe(0);
  });

  it("ends with a line when nobody reads its output any more", async () => {
    const port = hosts.port();
    const left = hosts.left.host.spawn("bash", [
      "-c",
      `${process.execPath} ${PROGRAM} ${port}:${hosts.right.ipv4}:${port + 1} | head -c 3; echo "status \${PIPESTATUS[0]}"`,
    ]);
    const right = hosts.start(hosts.right.host, "ours", [`${port + 1}:${hosts.left.ipv4}:${port}`]);
    await Promise.all([left.waitFor(/Type ahead/), right.waitFor(/Type ahead/)]);
    right.write("one\n");
    await new Promise((resolve) => setTimeout(resolve, 300));
    right.write("two\n");
    await left.waitFor(/status 141/);
    expect(left.stderr).toContain("\nCouldn't write to STDOUT: Broken pipe\n");
    expect((await right.result()).status).toBe(104);
  });

  it("brings four megabytes to a new end without loss", async () => {
    const bytes = Buffer.from(Array.from({ length: 4_000_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    writeFileSync(from, bytes);
    const port = hosts.port();
    const line = (spec: string, streams: string): string[] => [
      "-c",
      `exec ${process.execPath} ${PROGRAM} ${spec} ${streams}`,
    ];
    const right = hosts.right.host.spawn("sh", line(`${port + 1}:${hosts.left.ipv4}:${port}`, `</dev/null >${to}`));
    const left = hosts.left.host.spawn("sh", line(`${port}:${hosts.right.ipv4}:${port + 1}`, `<${from}`));
    expect([(await left.result()).status, (await right.result()).status]).toEqual([0, 0]);
    expect(readFileSync(to).equals(bytes)).toBe(true);
  });

  it("waits for a slow reader instead of losing what it cannot take", async () => {
    const port = hosts.port();
    const right = hosts.right.host.spawn("bash", [
      "-c",
      `${process.execPath} ${PROGRAM} ${port + 1}:${hosts.left.ipv4}:${port} </dev/null | { sleep 2; sha256sum; }`,
    ]);
    const left = hosts.left.host.spawn("bash", [
      "-c",
      `head -c 3000000 /dev/zero | ${process.execPath} ${PROGRAM} ${port}:${hosts.right.ipv4}:${port + 1}`,
    ]);
    expect((await left.result()).status).toBe(0);
    const sum = await hosts.left.host.check("sh", ["-c", "head -c 3000000 /dev/zero | sha256sum"]);
    expect((await right.result()).stdout).toBe(sum);
  });
});
