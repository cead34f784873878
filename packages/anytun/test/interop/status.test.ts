/** `anytun status` beside real daemons: what it says is true, who may ask, and what a crash leaves behind. */
import { fileURLToPath } from "node:url";
import { Lab, type LinkEnd, type Program, type RunResult, requires } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startDaemon } from "./daemons.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/anytun.js", import.meta.url));
const SECRET = "not to be shown";

describe("anytun status", requires("root", "tun", "ping"), () => {
  let lab: Lab;
  let near: LinkEnd;
  let far: LinkEnd;
  beforeAll(async () => {
    lab = await Lab.create();
    [near, far] = await lab.pair("near", "far");
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  const status = (...words: string[]): Promise<RunResult> =>
    near.host.run(process.execPath, [PROGRAM, "status", ...words]);
  const start = (end: LinkEnd, role: string, own: string, peer: LinkEnd, ...more: string[]): Program =>
    startDaemon(end.host, "ours", [
      ...["-d", "tun0", "-n", `${own}/30`, "-e", role, "-E", SECRET, "-r", peer.ipv4, "-w", "64"],
      ...more,
    ]);

  it("tells what the tunnel does, to its owner only, and nothing secret", async () => {
    await using daemon = start(near, "left", "10.77.0.1", far, "--keepalive", "20");
    await using peer = start(far, "right", "10.77.0.2", near);
    await near.host.reach("10.77.0.2");
    await near.host.check("ping", ["-q", "-n", "-c", "20", "-i", "0.01", "-s", "1000", "10.77.0.2"]);
    const { status: code, stdout } = await status("tun0", "--json", "--interval", "0.2");
    expect(code).toBe(0);
    const seen = JSON.parse(stdout);
    expect(seen).toMatchObject({
      ...{
        schema_version: 1,
        running: true,
        name: "tun0",
        keepalive_seconds: 20,
        silent_after_seconds: 60,
        peer_count: 1,
      },
      mtu: { bytes: 1400, source: "default", path_bytes: 1500, unfragmented_bytes: 1452, tcp_limit_bytes: 1400 },
      peers: [
        {
          mux: 0,
          endpoint: `${far.ipv4}:4444`,
          state: "alive",
          replay: { window_packets: 64, sender_ids: 1 },
          sequence: { epoch: 0 },
        },
      ],
    });
    expect(seen.packets_in).toBeGreaterThanOrEqual(20);
    // what the kernel had to say while the daemon started was sent, not dropped
    expect(seen.drops).not.toHaveProperty("no-endpoint");
    expect(seen.bytes_out).toBeGreaterThan(20_000);
    expect(seen.peers[0].sequence.next).toBeLessThan(seen.peers[0].sequence.reserved_until);
    expect(seen.rate_interval_seconds).toBeGreaterThan(0.1);
    expect(stdout).not.toContain(SECRET);
    expect((await near.host.check("stat", ["-c", "%a %F", "/run/anytun/tun0.sock"])).trim()).toBe("600 socket");

    const table = await status();
    expect([table.status, table.stderr]).toEqual([0, ""]);
    expect(table.stdout).toMatch(/^NAME +DEVICE +PEER .*\ntun0 +tun0 +192\.0\.2\.2:4444 +alive .*\n$/);
    const other = await near.host.run("setpriv", [
      ...["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"],
      ...[process.execPath, PROGRAM, "status", "/run/anytun/tun0.sock"],
    ]);
    expect([other.status, other.stdout]).toEqual([1, ""]);
    expect(other.stderr).toMatch(/^anytun: status tun0: .*EACCES.*\n$/);
    await Promise.all([daemon.stop(), peer.stop()]);
    const ended = await status("tun0");
    expect([ended.status, ended.stderr]).toEqual([3, "anytun: status tun0: no such daemon is running\n"]);
  });

  it("tells a group that was named, in a directory made for it and in one that was there, and still nobody else", async () => {
    const ask = (group: string, path: string): Promise<RunResult> =>
      near.host.run("setpriv", [
        ...["--reuid", "nobody", "--regid", "nogroup", "--groups", group],
        ...[process.execPath, PROGRAM, "status", path],
      ]);
    for (const [path, ...more] of [["/run/made/own.sock", "-u", "nobody"], ["/run/plain.sock"]]) {
      await using daemon = start(
        near,
        "left",
        "10.77.0.1",
        far,
        "--status-socket",
        `${path}`,
        "--status-group",
        "adm",
        ...more,
      );
      await daemon.waitFor(/added connection remote host/);
      expect(await near.host.check("stat", ["-c", "%a %U %G", `${path}`])).toBe("660 root adm\n");
      expect((await ask("adm", `${path}`)).status).toBe(0);
      expect(await ask("tty", `${path}`)).toMatchObject({ status: 1, stderr: expect.stringContaining("EACCES") });
      await daemon.stop();
    }
    expect(await near.host.check("stat", ["-c", "%a %U %G", "/run/made"])).toBe("750 root adm\n");
    const wrong = start(near, "left", "10.77.0.1", far, "--status-group", "nosuchgroup");
    expect((await wrong.exited).status).toBe(255);
    expect(wrong.stderr).toBe("anytun: --status-group nosuchgroup: unknown group\n");
  });

  it("answers and serves metrics from a jail, without root", async () => {
    await near.host.check("mkdir", ["-p", "/run/jail"]);
    await using daemon = start(near, "left", "10.77.0.1", far, "--metrics", "9464", "-C", "/run/jail", "-u", "nobody");
    await daemon.waitFor(/metrics: http:\/\/127\.0\.0\.1:9464\/metrics/);
    await daemon.waitFor(/dropped privileges to nobody/);
    await using peer = start(far, "right", "10.77.0.2", near);
    await near.host.reach("10.77.0.2");
    const { stdout } = await status("tun0", "--json", "--interval", "0");
    expect(JSON.parse(stdout)).toMatchObject({ version: expect.stringMatching(/^\d/), peers: [{ state: "alive" }] });
    const fetched = await near.host.check(process.execPath, [
      "-e",
      'fetch("http://127.0.0.1:9464/metrics").then(async (r) => process.stdout.write(await r.text()))',
    ]);
    expect(fetched).toContain('\nanytun_peer_alive{mux="0"} 1\n');
    expect(fetched).toMatch(/\nanytun_receive_packets_total [1-9]/);
    expect(fetched).not.toContain(SECRET);
    await Promise.all([daemon.stop(), peer.stop()]);
    expect((await status()).status).toBe(3);
    // nothing is left behind, although the daemon could not remove it by itself
    expect(await near.host.check("ls", ["/run/anytun"])).not.toContain("tun0.sock");
  });

  it("shows thousands of peers, and neither that nor clients that do not read cost a packet", async () => {
    const peers = 2_000;
    const write = (n: number) =>
      `cat >c${n} <<E\nmux ${n}\npassphrase "of ${n}"\nroute 10.78.${n >> 8}.${n & 255}/32\nE\n`;
    await near.host.check("sh", ["-s"], {
      input: `umask 077; mkdir -p /run/etc/vpn/conf.d; cd /run/etc/vpn
printf 'type tun\ndev tun0\nifconfig 10.78.0.1/16\n' >config; cd conf.d\n${Array.from({ length: peers }, (_, i) => write(i + 1)).join("")}`,
    });
    await using server = startDaemon(near.host, "ours", ["--config-dir", "/run/etc", "vpn"]);
    await server.waitFor(/status socket: \/run\/anytun\/vpn\.sock/, { timeout: 30_000 });
    await using client = startDaemon(far.host, "ours", [
      ...["-d", "tun0", "-t", "tun", "-n", "10.78.0.7/16", "-e", "right", "-m", "7", "-E", "of 7", "-r", near.ipv4],
    ]);
    await far.host.reach("10.78.0.1");
    const deaf = `
      const { connect } = require("node:net");
      const ask = () => connect("/run/anytun/vpn.sock").on("error", () => {}).on("close", () => setTimeout(ask, 50))
        .pause().write('{"version":1,"peers":"all"}\\n');
      for (let i = 0; i < 6; i++) ask();
      console.log("asking");`;
    await using clients = near.host.spawn(process.execPath, ["-e", deaf]);
    await clients.waitFor(/asking/);
    const ping = far.host.check("ping", ["-q", "-n", "-i", "0.01", "-c", "300", "-W", "5", "10.78.0.1"]);
    const all = await status("vpn", "--json", "--peers", "all", "--interval", "0.1");
    expect(all.status).toBe(0);
    const { peer_count, peers: shown } = JSON.parse(all.stdout);
    expect([peer_count, shown.length]).toEqual([peers, peers]);
    expect(shown[6]).toMatchObject({ mux: 7, state: "alive", endpoint: `${far.ipv4}:4444` });
    const top = await status("vpn", "--peers", "1", "--interval", "0");
    expect(top.stdout).toMatch(/\n +7 +192\.0\.2\.2:4444 +alive/);
    expect(top.stdout).toContain("1,999 more with less traffic");
    expect(await ping).toContain("300 packets transmitted, 300 received");
    await Promise.all([server.stop(), client.stop()]);
  });

  it("finds a daemon again after kill -9, and never takes the place of one that lives", async () => {
    const path = ["--status-socket", "/run/own.sock"];
    const first = start(near, "left", "10.77.0.1", far, ...path);
    await first.waitFor(/status socket: \/run\/own\.sock/);
    await first.stop("SIGKILL");
    expect((await status("/run/own.sock")).status).toBe(3);
    await using second = start(near, "left", "10.77.0.1", far, ...path);
    await second.waitFor(/status socket: \/run\/own\.sock/);
    expect((await status("/run/own.sock")).status).toBe(0);
    const third = startDaemon(near.host, "ours", ["-d", "tun1", "-p", "4445", "-E", SECRET, ...path]);
    expect((await third.exited).status).toBe(255);
    expect(third.stderr).toBe("anytun: --status-socket /run/own.sock: another daemon answers there\n");
    expect((await status("/run/own.sock")).status).toBe(0);
    // a daemon that is stopped lives
    await second.kill("SIGSTOP");
    const stuck = await status("/run/own.sock");
    expect([stuck.status, stuck.stderr]).toEqual([1, "anytun: status own: the daemon does not answer\n"]);
    await second.kill("SIGCONT");
    await second.stop();
  });
});
