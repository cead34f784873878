// The configuration changes again and again while packets pass: a connection that stays the same loses none.
import { ownDaemon } from "../contenders/index.ts";
import { Lab } from "../lab/index.ts";
import { type Fault, type FaultResult, inside, lossFaults, startOurs, Traffic } from "./fault-lab.ts";

const folder = "/run/fault-etc/vpn";
const writeConfig = `umask 077; mkdir -p ${folder}/conf.d; cat >${folder}/config`;
const writeOther = `umask 077; cat >${folder}/conf.d/other`;

/** Of all reloads together. */
const LEAST_MS = 1_500;

export const reloadFault: Fault = {
  name: "reloads",
  needs: [],
  isTimed: false,
  async run(long): Promise<FaultResult> {
    await using lab = await Lab.create();
    const [left, right] = await lab.pair("left", "right");
    const least = long ? 1_000 : 20;
    const config = `type tun\ndev tun0\nifconfig ${inside.left}/30\nrole left\n`;
    await left.host.check("sh", ["-c", writeConfig], { input: config });
    const peer = `mux 1\npassphrase = known to two\nroute ${inside.right}/32\nwindow-size 1024\n`;
    await left.host.check("sh", ["-c", `umask 077; cat >${folder}/conf.d/peer`], { input: peer });
    const [node, cli] = ownDaemon;
    const place = ["-D", "-L", "stdout:4", "--state-dir", "/run/fault-state", "--config-dir", "/run/fault-etc", "vpn"];
    const daemon = left.host.spawn(node, [cli, ...place]);
    startOurs(right.host, "right", ["-r", left.ipv4, "-m", "1", "-w", "1024"]);
    const traffic = await Traffic.start(left.host, right.host);
    // however fast the machine is, some datagrams pass meanwhile
    const end = performance.now() + LEAST_MS;
    let reloads = 0;
    for (; reloads < least || performance.now() < end; reloads++) {
      const other = `mux 2\npassphrase = number ${reloads}\nroute 10.97.${reloads % 256}.0/24\n`;
      await left.host.check("sh", ["-c", writeOther], { input: other });
      const from = daemon.output.length;
      await daemon.kill("SIGHUP");
      await daemon.waitFor(/the configuration was reloaded: .*conf\.d\n/, { from });
    }
    const reports = await traffic.stop();
    return {
      done: `${reloads} times, another connection's key and route`,
      traffic: reports,
      cost: "nothing",
      faults: lossFaults(reports, [], 0),
    };
  },
};
