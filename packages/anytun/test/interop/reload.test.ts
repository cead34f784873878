/** SIGHUP while packets pass: what is the same loses nothing, what is different takes effect, what is wrong does not. */
import { fileURLToPath } from "node:url";
import { Lab, type LinkEnd, type Program, requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../dist/anytun.js", import.meta.url));
const RELOADS = 30;

const write = async ({ host }: LinkEnd, path: string, text: string): Promise<void> => {
  const script =
    'umask 077; mkdir -p "$(dirname "/run/etc/$0")" && cat >"/run/etc/$0.new" && mv "/run/etc/$0.new" "/run/etc/$0"';
  await host.check("sh", ["-c", script, path], { input: text });
};

const start = ({ host }: LinkEnd, ...words: string[]): Program =>
  host.spawn(process.execPath, [PROGRAM, "-D", "-L", "stdout:4", "--state-dir", "/run/state", ...words]);

/** Hangs up and waits until that is done. */
async function reload(daemon: Program): Promise<string> {
  const from = daemon.output.length;
  await daemon.kill("SIGHUP");
  const [line] = await daemon.waitFor(/(?:the configuration was|only a restart).*\n/, { from });
  return line;
}

/** What was not answered of the pings up to now; one that is under way when `ping` ends is neither lost nor answered. */
async function pingsUntilNow(ping: Program): Promise<{ sent: number; lost: number[] }> {
  await ping.kill("SIGQUIT");
  const [, count] = await ping.waitFor(/\d+\/(\d+) packets/);
  const sent = Number(count);
  await ping.waitFor(new RegExp(`icmp_seq=${sent + 1} .*time=`));
  const answered = new Set([...ping.stdout.matchAll(/icmp_seq=(\d+) .*time=/g)].map(([, number]) => Number(number)));
  return { sent, lost: Array.from({ length: sent }, (_, i) => i + 1).filter((number) => !answered.has(number)) };
}

describe("a reload", requires("root", "tun", "ping"), () => {
  it.each<[string, string[]]>([
    ["as root", []],
    ["without root in a jail", ["-u", "nobody", "-C", "/run/jail"]],
  ])("%s costs a connection that stays the same no packet", async (_, confinement) => {
    await using lab = await Lab.create();
    const [server, one, two] = await lab.network([
      await lab.host("server"),
      await lab.host("one"),
      await lab.host("two"),
    ]);
    if (server === undefined || one === undefined || two === undefined) throw new Error("no hosts");
    await server.host.check("mkdir", ["/run/jail"]);
    await write(server, "vpn/config", "type tun\ndev tun0\nifconfig 10.9.0.1/24\nrole server\n");
    await write(server, "vpn/conf.d/one", "mux 1\npassphrase first\nroute 10.9.0.2/32\nwindow-size 64\n");
    const client = (end: LinkEnd, address: string, ...words: string[]): Program =>
      start(end, "-r", server.ipv4, "-d", "tun0", "-n", `${address}/24`, "-e", "client", ...words);
    const daemon = start(server, ...confinement, "--config-dir", "/run/etc", "vpn");
    const first = client(one, "10.9.0.2", "-m", "1", "-E", "first", "-w", "64");
    await one.host.reach("10.9.0.1", { timeout: 30_000 });
    const second = client(two, "10.9.0.3", "-m", "2", "-E", "second0");
    const flood = one.host.spawn("ping", ["-n", "-i", "0.004", "10.9.0.1"]);
    for (let i = 0; i < RELOADS; i++) {
      // there, with another key, away
      if (i % 3 === 2) await server.host.check("rm", ["/run/etc/vpn/conf.d/two"]);
      else await write(server, "vpn/conf.d/two", `mux 2\npassphrase second${i % 3}\nroute 10.9.0.3/32\n`);
      expect(await reload(daemon)).toBe("the configuration was reloaded: conf.d\n");
      if (i === 0) await two.host.reach("10.9.0.1");
    }
    const { sent, lost } = await pingsUntilNow(flood);
    await flood.stop();
    expect(sent).toBeGreaterThan(RELOADS);
    expect(lost).toEqual([]);
    // it is gone, and the other still there
    const { status } = await two.host.run("ping", ["-n", "-c", "1", "-W", "0.3", "10.9.0.1"]);
    expect(status).toBe(1);
    await one.host.reach("10.9.0.1");
    await Promise.all([daemon, first, second].map((program) => program.stop()));
  });

  it("takes another cipher, tag, mux and sender id at both ends, and kernel routes", async () => {
    await using lab = await Lab.create();
    const [near, far] = await lab.pair("near", "far");
    const config = (role: string, address: string, remote: string, more: string): string =>
      `type tun\ndev tun0\nrole ${role}\nifconfig ${address}/24\nremote-host ${remote}\npassphrase p\nwindow-size 64\n${more}`;
    const before = "mux 1\n";
    const after = "mux 7\nsender-id 9\ncipher aes-ctr-256\nauth-tag-length 20\n";
    const ends = [
      {
        end: near,
        role: "left",
        address: "10.9.0.1",
        remote: far.ipv4,
        routes: "install-routes\nroute 10.77.0.0/16\n",
      },
      { end: far, role: "right", address: "10.9.0.2", remote: near.ipv4, routes: "" },
    ];
    const daemons: Program[] = [];
    for (const { end, role, address, remote } of ends) {
      await write(end, "vpn/config", config(role, address, remote, before));
      daemons.push(start(end, "--config-dir", "/run/etc", "vpn"));
    }
    const [daemon, peer] = daemons;
    if (daemon === undefined || peer === undefined) throw new Error("no daemons");
    await near.host.reach("10.9.0.2", { timeout: 30_000 });
    for (const { end, role, address, remote, routes } of ends) {
      await write(end, "vpn/config", config(role, address, remote, after + routes));
    }
    expect(await reload(peer)).toBe("the configuration was reloaded: -m -s -c -a -b\n");
    expect((await near.host.run("ping", ["-n", "-c", "1", "-W", "0.3", "10.9.0.2"])).status).toBe(1);
    expect(await reload(daemon)).toBe("the configuration was reloaded: -m -R --install-routes -s -c -a -b\n");
    await near.host.reach("10.9.0.2");
    await far.host.reach("10.9.0.1");
    expect(daemons.map(({ output }) => output).join("")).not.toContain("only a restart");
    expect(await near.host.check("ip", ["route", "show", "10.77.0.0/16"])).toContain("dev tun0");
    expect(await near.host.check("ls", ["/run/state"])).toMatch(/sender-0\nsender-9\n/);
    const status = JSON.parse(await near.host.check(process.execPath, [PROGRAM, "status", "vpn", "--json"]));
    expect(status).toMatchObject({ mux: 7, crypto: { cipher: "aes-ctr-256", tag_bytes: 20 } });

    await write(near, "vpn/config", config("left", "10.9.0.1", far.ipv4, after));
    expect(await reload(daemon)).toBe("the configuration was reloaded: -R --install-routes\n");
    expect(await near.host.check("ip", ["route", "show", "10.77.0.0/16"])).toBe("");
    await near.host.reach("10.9.0.2");
    await Promise.all(daemons.map((program) => program.stop()));
  });

  it("takes the new peer, key, address and log level, names what it cannot take, and refuses what is wrong whole", async () => {
    await using lab = await Lab.create();
    const [near, far] = await lab.pair("near", "far");
    const settings = "type tun\ndev tun0\nrole left\npost-up-script /bin/true\n";
    await write(near, "vpn/config", `${settings}ifconfig 10.9.0.1/24\nremote-host 192.0.2.99\npassphrase wrong\n`);
    const daemon = start(near, "--config-dir", "/run/etc", "vpn");
    const peer = start(far, "-d", "tun0", "-n", "10.9.0.2/24", "-e", "right", "-E", "right", "-w", "64");
    await daemon.waitFor(/added connection remote host 192\.0\.2\.99/);
    expect(await reload(daemon)).toBe("the configuration was read again: nothing changed\n");

    const next = `${settings}ifconfig 10.9.0.3/24\nremote-host ${far.ipv4}\npassphrase right\n`;
    await write(near, "vpn/config", `${next}nonsense\n`);
    expect(await reload(daemon)).toBe(
      "the configuration was not reloaded, the old one stays: /run/etc/vpn/config:8: nonsense: unknown option\n",
    );
    await write(near, "vpn/config", `${next}port 5000\nmtu 1300\n`);
    expect(await reload(daemon)).toBe("the configuration was reloaded: -E -K -A -r -o -n --mtu\n");
    await daemon.waitFor(/WARNING: only a restart changes these, they stay as they were: -i -p\n/);
    await near.host.reach("10.9.0.2");
    const shown = await near.host.check("ip", ["address", "show", "dev", "tun0"]);
    expect(shown).toMatch(/mtu 1300 /);
    expect(shown).toContain("inet 10.9.0.3/24");
    expect(shown).not.toContain("10.9.0.1");
    expect(daemon.output).not.toMatch(/passphrase (?:right|wrong)/);
    await Promise.all([daemon.stop(), peer.stop()]);
  });
});
