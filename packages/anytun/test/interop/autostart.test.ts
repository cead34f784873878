/** `anytun --config-dir DIR`: every tunnel of a machine with one command. */
import { fileURLToPath } from "node:url";
import { type Host, Lab, requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";

const OWN_DAEMON = fileURLToPath(new URL("../../dist/anytun.js", import.meta.url));

async function prepare(host: Host, autostart: string): Promise<void> {
  const tunnel = (name: string, port: number): string =>
    `mkdir -p /run/etc/${name}; printf 'dev tun-${name}\\ntype tun\\nport ${port}\\npassphrase x\\nstate-dir none\\nwrite-pid /run/${name}.pid\\n' >/run/etc/${name}/config`;
  await host.check("sh", [
    "-c",
    `umask 077; ${tunnel("a", 4001)}; ${tunnel("b", 4002)}; printf '${autostart}' >/run/etc/autostart`,
  ]);
}

describe("all tunnels of a directory", requires("root", "tun"), () => {
  it("go into the background one beside the other", async () => {
    await using lab = await Lab.create();
    const host = await lab.host("host");
    await prepare(host, "a b # both\\na\\n");
    const { status, stderr } = await host.run(process.execPath, [
      OWN_DAEMON,
      "--config-dir",
      "/run/etc",
      "-L",
      "syslog:0",
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const links = await host.check("ip", ["-o", "link"]);
    for (const name of ["tun-a", "tun-b"]) expect(links).toContain(name);
    await host.check("sh", ["-c", "kill $(cat /run/a.pid) $(cat /run/b.pid)"]);
  });

  it("stay in the foreground, and one that fails does not end the other", async () => {
    await using lab = await Lab.create();
    const host = await lab.host("host");
    await prepare(host, "a nothing b a/b\\n");
    const all = host.spawn(process.execPath, [OWN_DAEMON, "-D", "-L", "stdout:3", "--config-dir=/run/etc"]);
    await all.waitFor(/name 'tun-a'/);
    await all.waitFor(/name 'tun-b'/);
    await all.waitFor(/tunnel nothing: ended with 255/);
    expect(await all.stop()).toEqual({ status: 255, signal: null });
    expect(all.stderr).toContain("anytun: /run/etc/autostart: a/b is not the name of a tunnel\n");
    expect(all.stderr).toContain("anytun: /run/etc/nothing/config: No such file or directory (ENOENT)\n");
    expect(all.stderr).toContain("anytun: tunnel nothing: ended with 255\n");
    expect(await host.check("ip", ["-o", "link"])).not.toContain("tun-");
  });

  it("are none without the file", async () => {
    await using lab = await Lab.create();
    const host = await lab.host("host");
    expect(await host.run(process.execPath, [OWN_DAEMON, "--config-dir", "/run"])).toEqual({
      status: 0,
      stdout: "",
      stderr: "anytun: /run/autostart names no tunnel: nothing is started\n",
    });
  });
});
