/** The launcher as init scripts call it: ours in the place of the original's, with the daemons of either. */
import { fileURLToPath } from "node:url";
import { type Host, Lab, requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";

const LAUNCHER = fileURLToPath(new URL("../../dist/anytun-launcher.js", import.meta.url));
const SHOWTABLES = fileURLToPath(new URL("../../dist/anytun-showtables.js", import.meta.url));

/** /etc/anytun and the state are the host's own. */
async function prepare(host: Host, files: Readonly<Record<string, string>>): Promise<void> {
  const own =
    "mkdir -p /run/etc /run/etc.work /run/lib && mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/etc.work /etc";
  await host.check("sh", ["-c", `${own} && mount --bind /run/lib /var/lib && rm -rf /etc/anytun`]);
  for (const [path, input] of Object.entries(files)) {
    const script = 'umask 077; mkdir -p "$(dirname "/etc/anytun/$0")" && cat >"/etc/anytun/$0"';
    await host.check("sh", ["-c", script, path], { input });
  }
}

describe("anytun-launcher", requires("root", "tun", "anytun", "ping"), () => {
  it("vpn becomes the tunnel's daemon", async () => {
    await using lab = await Lab.create();
    const [near, far] = await lab.pair("near", "far");
    await prepare(near.host, {
      "office/config": `remote-host ${far.ipv4}\ndev tun0\nifconfig 10.9.0.1/30\npassphrase x\nmux 5 # wins\nchroot /run/my-jail # of the tunnel\n`,
      "office/post-up.sh": "#!/bin/sh\necho up on $1\n",
    });
    await near.host.check("chmod", ["755", "/etc/anytun/office/post-up.sh"]);
    const env = { NAME: "office", DAEMONOPTS: "-D -L stdout:4 --mux 7" };
    const daemon = near.host.spawn(process.execPath, [LAUNCHER, "vpn"], { env, cwd: "/run" });
    await daemon.waitFor(/script '\/etc\/anytun\/office\/post-up.sh' returned 0/);
    await near.host.check("sh", ["-c", 'kill -0 "$(cat /run/anytun/office.pid)"']);
    const words = await near.host.check("sh", ["-c", 'tr "\\0" " " </proc/$(cat /run/anytun/office.pid)/cmdline']);
    expect(words).toMatch(
      /dist\/anytun\.js --write-pid \/run\/anytun\/office\.pid -D -L stdout:4 --mux 7 --config-dir \/etc\/anytun office $/,
    );
    expect(daemon.output).toContain("up on tun0");
    expect(daemon.output).toContain("we are in chroot jail (/run/my-jail) now");
    expect((await near.host.check("ls", ["/run"])).split("\n")).not.toContain("#");
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
  });

  it.each<[string[], number, string]>([
    [
      ["vpn", "nothing"],
      1,
      "anytun-launcher: no config found: /etc/anytun/nothing/config: No such file or directory (ENOENT)\n",
    ],
    [["configd", "alone"], 0, ""],
    [["start", "alone"], 2, "anytun-launcher: usage: anytun-launcher vpn|configd|table NAME\n"],
  ])("%j ends with status %d", async (words, status, stderr) => {
    await using lab = await Lab.create();
    const host = await lab.host("host");
    await prepare(host, { "alone/config": "mux 1\n" });
    expect(await host.run(process.execPath, [LAUNCHER, ...words])).toEqual({ status, stdout: "", stderr });
  });

  it("configd hands out every client that can be used, whatever stands in the other files", async () => {
    await using lab = await Lab.create();
    const host = await lab.host("server");
    await prepare(host, {
      "vpn/config": "kd-prf aes-ctr-256\npost-up-script /opt/control-host/kd-prf.sh\ncontrol-host 127.0.0.1:2399\n",
      "vpn/conf.d/1good": "mux 1\npassphrase 'one'\nroute 10.1.0.0/16\n",
      "vpn/conf.d/2bad": "mux 2\npassphrase don't\n",
      "vpn/conf.d/3lost": "mux 3\npassphrase x\nremote-host nobody.invalid\n",
      "vpn/conf.d/4keyless": "mux 4\n",
      "vpn/conf.d/5good": "mux 5\npassphrase = two words\nremote-host 192.0.2.5\nroute 10.5.0.0/16\n",
      "vpn/conf.d/5good~": "mux 6\npassphrase x\n",
    });
    const controld = host.spawn(process.execPath, [LAUNCHER, "configd", "vpn"], {
      env: { DAEMONOPTS: "-D -L stdout:3" },
    });
    await controld.waitFor(/sync server listening on 127\.0\.0\.1:2399/, { timeout: 25_000 });
    expect(controld.stdout).toContain(" (1good) (5good)");
    const told = controld.stderr
      .split("\n")
      .map((line) => line.replace("anytun-launcher: ", "").replace(/: [A-Z].*|resolved: .*/, ""));
    expect(told).toEqual(
      expect.arrayContaining([
        expect.stringContaining("conf.d/2bad:2"),
        expect.stringContaining("conf.d/3lost"),
        expect.stringContaining("conf.d/4keyless"),
        expect.stringContaining("5good~"),
      ]),
    );
    expect(await host.check("stat", ["-c", "%a", "/run/anytun-controld", "/run/anytun-controld/vpn"])).toBe(
      "700\n600\n",
    );
    const shown = host.spawn(process.execPath, [SHOWTABLES, "--connect", "127.0.0.1:2399"]);
    await shown.waitFor(/Route: 10\.5\.0\.0\/16 -> 5/);
    expect(shown.stdout).toBe(
      "Client 1: not registered\nRoute: 10.1.0.0/16 -> 1\nClient 5: 192.0.2.5:4444\nRoute: 10.5.0.0/16 -> 5\n",
    );
    await host.check("sh", [
      "-c",
      "umask 077; printf 'mux 9\\npassphrase x\\nroute 10.9.0.0/16\\n' >/etc/anytun/vpn/conf.d/9new",
    ]);
    await host.check(process.execPath, [LAUNCHER, "table", "vpn"]);
    await controld.kill("SIGHUP");
    await shown.waitFor(/Route: 10\.9\.0\.0\/16 -> 9/);
    await Promise.all([shown.stop("SIGKILL"), controld.stop()]);
  });
});
