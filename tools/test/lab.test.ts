import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Lab, LabError, Program, requires, run, waitUntil } from "../src/lab/index.ts";

const here = dirname(fileURLToPath(import.meta.url));
const needs = requires("root", "ip", "ping", "unshare");

/** Sends one datagram from a host; `data` goes through the command line, so it is text. */
function datagram(address: string, port: number, data: string): string[] {
  const family = address.includes(":") ? "udp6" : "udp4";
  const script = `const s=require("dgram").createSocket("${family}");s.send(process.argv[1],${port},"${address}",()=>s.close())`;
  return ["-e", script, data];
}

describe("hosts", needs, () => {
  let lab: Lab;
  beforeEach(async () => {
    lab = await Lab.create();
  });
  afterEach(async () => {
    await lab[Symbol.asyncDispose]();
  });

  it("are connected over IPv4 and IPv6 as soon as the link exists", async () => {
    const [left, right] = await lab.pair("left", "right");
    for (const address of [right.ipv4, right.ipv6]) {
      const { status, stdout } = await left.host.run("ping", ["-n", "-c", "1", "-W", "2", address]);
      expect(stdout).toContain("1 received");
      expect(status).toBe(0);
    }
  });

  it("have a name, a loopback, processes and a /run of their own", async () => {
    const [left, right] = await lab.pair("left", "right");
    expect((await left.host.check("uname", ["-n"])).trim()).toBe("left");
    await left.host.check("ping", ["-n", "-c", "1", "127.0.0.1"]);
    await left.host.check("sh", ["-c", "echo here >/run/file"]);
    expect((await right.host.run("cat", ["/run/file"])).status).toBe(1);
    expect(existsSync("/run/file")).toBe(false);
    expect(Number((await left.host.check("sh", ["-c", "echo $$"])).trim())).toBeLessThan(1000);
  });

  it("take the MTU and the addresses of the link", async () => {
    const [left, right] = await lab.pair("left", "right", {
      mtu: 1280,
      addresses: [["10.1.2.3/24"], ["10.1.2.4/24", "fd00::4/64"]],
    });
    expect([left.ipv4, left.ipv6, right.ipv6]).toEqual(["10.1.2.3", "", "fd00::4"]);
    const shown = await right.host.check("ip", ["addr", "show", right.device]);
    expect(shown).toContain("mtu 1280");
    expect(shown).toContain("inet 10.1.2.4/24");
    expect(shown).toContain("inet6 fd00::4/64");
    expect(shown).not.toContain("tentative");
  });

  it("reach one another through a switch", async () => {
    const hosts = await Promise.all(["a", "b", "c"].map((name) => lab.host(name)));
    const ends = await lab.network(hosts);
    expect(ends.map((end) => end.ipv4)).toEqual(["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    const [first, , third] = ends;
    if (first === undefined || third === undefined) throw new Error("three ends expected");
    await third.host.reach(first.ipv6);
    await first.host.reach(third.ipv4);
  });

  it("resolve the names given to them", async () => {
    const [{ host }] = await lab.pair("left", "right");
    await host.hosts({ "hostb.example.com": "192.0.2.7" });
    await host.hosts({ "hostb.example.com": "192.0.2.9" });
    expect(await host.check("getent", ["ahostsv4", "hostb.example.com"])).toContain("192.0.2.9");
    expect(readFileSync("/etc/hosts", "utf8")).not.toContain("hostb.example.com");
  });

  it("end with the laboratory, with everything that runs in them", async () => {
    const host = await lab.host("left");
    await host.check("sh", ["-c", "setsid sleep 1234 >/dev/null 2>&1 & echo started"]);
    const program = host.spawn("sleep", ["1234"]);
    const pid = await program.started();
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    const inside = host.pid;
    await lab[Symbol.asyncDispose]();
    expect(program.running).toBe(false);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(existsSync(`/proc/${inside}`)).toBe(false);
    expect(() => host.spawn("true")).toThrow(LabError);
  });

  it("leave nothing behind when their owner is killed", async () => {
    await using owner = new Program(process.execPath, [join(here, "fixtures", "lab-owner.mjs")]);
    const [, host, sleeper] = await owner.waitFor(/^host (\d+) sleeper (\d+)$/m);
    expect(existsSync(`/proc/${host}`)).toBe(true);
    await owner.kill("SIGKILL");
    await owner.exited;
    await waitUntil(() => !existsSync(`/proc/${host}`) && !existsSync(`/proc/${sleeper}`));
  });
});

describe("programs", needs, () => {
  let lab: Lab;
  beforeEach(async () => {
    lab = await Lab.create();
  });
  afterEach(async () => {
    await lab[Symbol.asyncDispose]();
  });

  it("give status, streams and input", async () => {
    const host = await lab.host("left");
    const result = await host.run("sh", ["-c", "cat; echo bad >&2; exit 3"], { input: "text" });
    expect(result).toEqual({ stdout: "text", stderr: "bad\n", status: 3 });
    await expect(host.check("sh", ["-c", "echo why >&2; exit 3"])).rejects.toThrow(/status 3\nwhy/);
  });

  it("run in the directory and environment that were asked for", async () => {
    const host = await lab.host("left");
    const { stdout } = await host.run("sh", ["-c", "pwd; echo $WORD"], { cwd: "/usr", env: { WORD: "x y" } });
    expect(stdout).toBe("/usr\nx y\n");
    expect((await host.check("pwd")).trim()).toBe(process.cwd());
  });

  it("are killed when they take too long", async () => {
    const host = await lab.host("left");
    await expect(host.run("sleep", ["100"], { timeout: 100 })).rejects.toMatchObject({ code: "timeout" });
  });

  it("receive signals themselves", async () => {
    const host = await lab.host("left");
    const program = host.spawn("sh", ["-c", "trap 'echo got it' USR1; echo up; while :; do sleep 0.05; done"]);
    await program.waitFor(/up/);
    const from = program.output.length;
    await program.kill("SIGUSR1");
    await program.waitFor(/got it/, { from });
    expect(await program.stop()).toEqual({ status: null, signal: "SIGTERM" });
  });

  it("that end or stay silent fail the wait with what they wrote", async () => {
    const host = await lab.host("left");
    await expect(host.spawn("echo", ["some words"]).waitFor(/never/)).rejects.toThrow(/ended before[\s\S]*some words/);
    const silent = host.spawn("sh", ["-c", "echo words; sleep 100"]);
    await expect(silent.waitFor(/never/, { timeout: 200 })).rejects.toThrow(/within 200 ms[\s\S]*words/);
  });

  it("that do not exist are an error outside and status 127 inside", async () => {
    await expect(run("/nonexistent/program", [])).rejects.toMatchObject({ code: "missing" });
    const host = await lab.host("left");
    expect((await host.run("/nonexistent/program")).status).toBe(127);
  });
});

describe("captures", requires("root", "ip", "tcpdump"), () => {
  it("show UDP datagrams of both families with their addresses", async () => {
    await using lab = await Lab.create();
    const [left, right] = await lab.pair("left", "right");
    await using capture = await right.host.capture(right.device, "udp port 4444");
    await left.host.check(process.execPath, datagram(right.ipv4, 4444, "over IPv4"));
    await left.host.check(process.execPath, datagram(right.ipv6, 4444, "over IPv6"));
    await left.host.check(process.execPath, datagram(right.ipv4, 4445, "not captured"));
    await capture.waitFor(2);
    const seen = await capture.stop();
    expect(seen.map((datagram) => Buffer.from(datagram.payload).toString())).toEqual(["over IPv4", "over IPv6"]);
    expect(seen[0]).toMatchObject({ family: 4, source: "192.0.2.1", destination: "192.0.2.2", destinationPort: 4444 });
    expect(seen[1]).toMatchObject({ family: 6, source: "2001:db8:0:0:0:0:0:1", destination: "2001:db8:0:0:0:0:0:2" });
    expect(capture.dropped).toBe(0);
  });
});
