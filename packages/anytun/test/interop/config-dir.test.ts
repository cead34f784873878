/** A server with conf.d and no control daemon, its clients ours and the original. */
import { fileURLToPath } from "node:url";
import { Lab, type LinkEnd, type Program, requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { pings } from "./traffic.ts";

const OWN_DAEMON = fileURLToPath(new URL("../../dist/anytun.js", import.meta.url));

/** Files of the host's own /run/etc, by path. */
async function write({ host }: LinkEnd, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const script = 'umask 077; mkdir -p "$(dirname "/run/etc/$0")" && cat >"/run/etc/$0"';
    await host.check("sh", ["-c", script, path], { input: text });
  }
}

function ours({ host }: LinkEnd, name: string): Program {
  const args = ["-D", "-L", "stdout:4", "--state-dir", "/run/state", "--config-dir", "/run/etc", name];
  return host.spawn(process.execPath, [OWN_DAEMON, ...args]);
}

describe("a server that serves conf.d by itself", requires("root", "tun", "anytun", "ifconfig", "ping"), () => {
  it("reaches each client at its networks, and reports the one it cannot use", async () => {
    await using lab = await Lab.create();
    const hosts = [await lab.host("server"), await lab.host("client1"), await lab.host("client2")];
    const [server, one, two] = await lab.network(hosts);
    if (server === undefined || one === undefined || two === undefined) throw new Error("no hosts");
    await write(server, {
      "vpn/config": "type tun\ndev tun0\nifconfig 10.9.0.1/24\nrole server\n",
      "vpn/conf.d/one": "mux 1\npassphrase first#secret\nroute 10.9.0.2/32\n",
      "vpn/conf.d/one~": "mux 1\npassphrase old\n",
      "vpn/conf.d/two": 'mux 2\npassphrase "second"\nroute 10.9.0.3/32\nwindow-size 64\n',
      "vpn/conf.d/bad": "mux 3\npassphrase don't\n",
    });
    await write(one, {
      "vpn/config": `remote-host ${server.ipv4}\r\n  dev tun0\r\nmux 1\r\nifconfig 10.9.0.2/24\r\nrole client\r\npassphrase = first\r\n`,
    });
    const daemons = [ours(server, "vpn"), ours(one, "vpn")];
    const line = `-D -L stdout:4 -r ${server.ipv4} -d tun0 -m 2 -n 10.9.0.3/24 -e client -E second`;
    daemons.push(two.host.spawn("anytun", line.split(" ")));
    await one.host.reach("10.9.0.1");
    await two.host.reach("10.9.0.1");
    await pings(server.host, "10.9.0.2");
    await pings(server.host, "10.9.0.3");
    const log = daemons[0]?.output ?? "";
    expect(log).toContain(
      "ERROR: client left out: /run/etc/vpn/conf.d/bad:2: a quote is not closed; write name = VALUE instead",
    );
    expect(log).toContain("WARNING: /run/etc/vpn/conf.d/one:2: passphrase: the value ends before the #");
    expect(log).toContain("WARNING: /run/etc/vpn/conf.d/one~: passed over, a backup by its name");
    expect(log).not.toMatch(/first|second/);
    for (const daemon of daemons) await daemon.stop();
  });
});
