// No name server: at the start the tunnel waits for it, later it does not miss it.
import { Lab } from "../lab/index.ts";
import { type Fault, type FaultResult, lossFaults, sleep, startOurs, Traffic } from "./fault-lab.ts";

const name = "peer.fault.test";
/** The daemon asks again after ten seconds, and the question itself may take two. */
const mostMs = 13_000;

export const dnsFault: Fault = {
  name: "name server down",
  needs: [],
  isTimed: false,
  async run(long): Promise<FaultResult> {
    await using lab = await Lab.create();
    const [left, right] = await lab.pair("left", "right");
    // an address in the network at which nobody is: questions get no answer, which takes longer than a refusal
    const resolver = "nameserver 192.0.2.99\noptions timeout:1 attempts:1\n";
    await left.host.check("sh", ["-c", "cat >/run/resolv.conf && mount --bind /run/resolv.conf /etc/resolv.conf"], {
      input: resolver,
    });
    await left.host.hosts({});
    startOurs(right.host, "right", []);
    const daemon = startOurs(left.host, "left", ["-r", name]);
    await daemon.waitFor(/ERROR: Error while resolving 'peer\.fault\.test'/, { timeout: 20_000 });
    await left.host.hosts({ [name]: right.ipv4 });
    const backAt = performance.now();
    await daemon.waitFor(/added connection remote host/, { timeout: 30_000 });
    const upMs = performance.now() - backAt;
    const traffic = await Traffic.start(left.host, right.host);
    await left.host.hosts({});
    // long enough for a daemon that asks every minute to ask
    const seconds = long ? 180 : 3;
    await sleep(seconds * 1000);
    const reports = await traffic.stop();
    const faults = lossFaults(reports, [], 0);
    if (upMs > mostMs) faults.push(`the tunnel came up ${(upMs / 1000).toFixed(1)} s after the name server`);
    const lines = daemon.output.match(/ERROR: Error while resolving/g)?.length ?? 0;
    if (lines !== 1) faults.push(`${lines} lines about the name that is not resolved`);
    return {
      done: `no answer at the start, and none for ${seconds} s of traffic`,
      traffic: reports,
      cost: `the tunnel was up ${(upMs / 1000).toFixed(1)} s after the name server`,
      faults,
    };
  },
};
