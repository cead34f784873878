/** Our units under a real systemd: boot, readiness, sandbox, reload, restart, stop. */
import { fileURLToPath } from "node:url";
import { type Host, Lab, type LinkEnd, requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { ServiceHost } from "../support/services.ts";
import { startDaemon } from "./daemons.ts";

const ANYTUN = fileURLToPath(new URL("../../dist/anytun.js", import.meta.url));
const SHOWTABLES = fileURLToPath(new URL("../../dist/anytun-showtables.js", import.meta.url));
const UNIT = "anytun@office";

/** A host whose systemd has our units and the tunnel `office`, to be started at boot. */
function boot(near: LinkEnd, far: LinkEnd, { options = "", prepare = "" } = {}): Promise<ServiceHost> {
  const config = `remote-host ${far.ipv4}\\ndev tun0\\nifconfig 10.9.0.1/30\\npassphrase secret\\nlog file:4,/var/log/anytun/office.log\\n`;
  const script = "#!/bin/sh\\nid -u >/run/anytun/uid\\nip route add 10.99.0.0/16 dev $1\\n";
  return ServiceHost.boot(
    near.host,
    `"${process.execPath}" "${ANYTUN}" install-units ${options}
     systemd-sysusers && systemd-tmpfiles --create
     mkdir -p /etc/anytun/office /var/log/anytun; echo 'office # at boot' >/etc/anytun/autostart
     (umask 077; printf '${config}' >/etc/anytun/office/config)
     printf '${script}' >/etc/anytun/office/post-up.sh; chmod 755 /etc/anytun/office/post-up.sh
     mkdir -p /etc/systemd/system/anytun@.service.d
     printf '[Service]\\nRestartSec=100ms\\n' >/etc/systemd/system/anytun@.service.d/quick.conf
     ${prepare}`,
  );
}

async function follows(host: Host, far: Host): Promise<void> {
  await Promise.all([host.reach("10.9.0.2"), far.reach("10.9.0.1")]);
}

/** Fields of /proc/PID/status of the tunnel's main process. */
async function mainProcess(services: ServiceHost): Promise<Record<string, string>> {
  const pid = await services.property(UNIT, "MainPID");
  const lines = (await services.check("cat", `/proc/${pid}/status`)).trim().split("\n");
  return Object.fromEntries(lines.map((line) => line.split(/:\s*/, 2)));
}

describe("the units under systemd", requires("root", "tun", "ping", "systemd", "unshare"), () => {
  it("run a tunnel that is ready when it says so, in its sandbox and soon without root", async () => {
    await using lab = await Lab.create();
    const [near, far] = await lab.pair("near", "far");
    startDaemon(far.host, "ours", ["-n", "10.9.0.2/30", "-e", "right", "-E", "secret"]);
    const services = await boot(near, far);

    await services.check("systemctl", "start", "anytun");
    expect(await services.property(UNIT, "ActiveState")).toBe("active");
    expect(await services.property(UNIT, "StatusText")).toContain("tun0 is up");
    await follows(near.host, far.host);
    expect((await services.check("cat", "/run/anytun/uid")).trim()).toBe("0");
    expect(await near.host.check("ip", ["route"])).toContain("10.99.0.0/16 dev tun0");
    const uid = (await services.check("id", "-u", "anytun")).trim();
    expect(await mainProcess(services)).toMatchObject({
      Uid: Array(4).fill(uid).join("\t"),
      NoNewPrivs: "1",
      Seccomp: "2",
    });
    expect(await services.check("cat", "/var/log/anytun/office.log")).toContain("dropped privileges to anytun");

    await services.check("systemctl", "reload", "anytun");
    await services.until(async () => /SIG-Hup caught/.test(await services.check("cat", "/var/log/anytun/office.log")));
    await follows(near.host, far.host);

    const before = await services.property(UNIT, "MainPID");
    await services.check("systemctl", "kill", "--kill-who=main", "-s", "KILL", UNIT);
    await services.until(async () => {
      const [state, pid] = [await services.property(UNIT, "ActiveState"), await services.property(UNIT, "MainPID")];
      return state === "active" && pid !== before;
    });
    await follows(near.host, far.host);

    await services.check("systemctl", "stop", "anytun");
    await services.until(async () => (await services.property(UNIT, "ActiveState")) === "inactive");
    expect(await services.property(UNIT, "Result")).toBe("success");
    expect(await near.host.check("ip", ["-o", "link"])).not.toContain("tun0");
  });

  it("run a tunnel that never was root", async () => {
    await using lab = await Lab.create();
    const [near, far] = await lab.pair("near", "far");
    startDaemon(far.host, "ours", ["-n", "10.9.0.2/30", "-e", "right", "-E", "secret"]);
    const services = await boot(near, far, {
      options: "--without-root",
      prepare:
        "chgrp anytun /etc/anytun/office/config; chmod 640 /etc/anytun/office/config; sed -i '/^log/d' /etc/anytun/office/config",
    });
    await services.check("systemctl", "start", UNIT);
    await follows(near.host, far.host);
    const uid = (await services.check("id", "-u", "anytun")).trim();
    expect((await services.check("cat", "/run/anytun/uid")).trim()).toBe(uid);
    expect(await near.host.check("ip", ["route"])).toContain("10.99.0.0/16 dev tun0");
    await services.check("systemctl", "restart", UNIT);
    await follows(near.host, far.host);
    await services.check("systemctl", "stop", UNIT);
    expect(await services.property(UNIT, "Result")).toBe("success");
  });

  it("start the control daemon of a server first, and only where somebody asks it", async () => {
    await using lab = await Lab.create();
    const host = await lab.host("server");
    const services = await ServiceHost.boot(
      host,
      `"${process.execPath}" "${ANYTUN}" install-units
       systemd-sysusers && systemd-tmpfiles --create
       umask 077; mkdir -p /etc/anytun/asked/conf.d /etc/anytun/alone/conf.d
       printf 'mux 7\\npassphrase x\\nroute 10.7.0.0/16\\n' | tee /etc/anytun/asked/conf.d/office >/etc/anytun/alone/conf.d/office
       printf 'control-host 127.0.0.1:2399 # ours\\ntype tun\\nlog syslog:4\\n' >/etc/anytun/asked/config
       printf '# control-host 127.0.0.1:2399\\n' >/etc/anytun/alone/config`,
    );
    expect(await services.property("anytun@asked", "After")).toContain("anytun-controld@asked.service");
    expect(await services.property("anytun@asked", "Wants")).toContain("anytun-controld@asked.service");
    await services.check("systemctl", "start", "anytun@asked", "anytun-controld@alone");
    // the first try finds it
    await services.until(async () =>
      /sync: connected to 127\.0\.0\.1:2399/.test(await services.journal("anytun@asked")),
    );
    expect(await services.journal("anytun@asked")).not.toMatch(/retry|refused/);
    expect(await services.property("anytun-controld@alone", "ActiveState")).toBe("inactive");
    expect(await services.property("anytun-controld@asked", "ActiveState")).toBe("active");
    const shown = host.spawn(process.execPath, [SHOWTABLES, "--connect", "127.0.0.1:2399"]);
    await shown.waitFor(/Route: 10\.7\.0\.0\/16 -> 7/);
    await services.check(
      "sh",
      "-c",
      "umask 077; printf 'mux 9\\npassphrase x\\nroute 10.9.0.0/16\\n' >/etc/anytun/asked/conf.d/new",
    );
    await services.check("systemctl", "reload", "anytun-controld@asked");
    await shown.waitFor(/Route: 10\.9\.0\.0\/16 -> 9/);
    await services.check("systemctl", "stop", "anytun@asked", "anytun-controld@asked");
    expect(await services.property("anytun-controld@asked", "Result")).toBe("success");
  });

  it("tell at once that a tunnel cannot start, and why", async () => {
    await using lab = await Lab.create();
    const [near, far] = await lab.pair("near", "far");
    const services = await boot(near, far, { prepare: "echo cipher nonsense >>/etc/anytun/office/config" });
    expect(await services.run("systemctl", "start", UNIT)).toMatchObject({ status: 1 });
    expect(await services.property(UNIT, "ExecMainStatus")).toBe("255");
    expect(await services.journal(UNIT)).toContain(
      "anytun: /etc/anytun/office/config:6: cipher nonsense: expected null, aes-ctr",
    );
  });
});
