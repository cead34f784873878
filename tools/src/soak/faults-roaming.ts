// The peer has another address every second, and its old one is gone.
import { Lab } from "../lab/index.ts";
import {
  type Fault,
  type FaultResult,
  lossFaults,
  lostOf,
  type Outage,
  sleep,
  startOurs,
  Traffic,
} from "./fault-lab.ts";

const addresses = 20;
const addressOf = (index: number): string => `192.0.2.${100 + (index % addresses)}`;
/** Until the next packet of the peer, of which there is one every ten milliseconds. */
const slackMs = 300;

export const roamingFault: Fault = {
  name: "peer roams",
  needs: [],
  isTimed: true,
  async run(long): Promise<FaultResult> {
    await using lab = await Lab.create();
    const [left, right] = await lab.pair("left", "right");
    const moves = long ? 300 : 4;
    const daemon = startOurs(left.host, "left", ["-w", "1024"]);
    startOurs(right.host, "right", ["-r", left.ipv4, "-w", "1024"]);
    const traffic = await Traffic.start(left.host, right.host);
    const outages: Outage[] = [];
    for (let move = 0; move < moves; move++) {
      const fromMs = Date.now();
      await right.host.ip([
        `address add ${addressOf(move)}/32 dev ${right.device}`,
        `route replace ${left.ipv4}/32 dev ${right.device} src ${addressOf(move)}`,
        ...(move === 0 ? [] : [`address del ${addressOf(move - 1)}/32 dev ${right.device}`]),
      ]);
      outages.push({ fromMs, toMs: Date.now() });
      await sleep(1000 - (Date.now() - fromMs));
    }
    const reports = await traffic.stop();
    const faults = lossFaults(reports, outages, slackMs);
    const last = `remote host ip changed ${addressOf(moves - 1)}:4444`;
    const lines = daemon.output.match(/remote host ip changed/g)?.length ?? 0;
    if (!long && !daemon.output.includes(last)) faults.push(`the log does not say "${last}"`);
    // five in ten seconds, and what was left out in one more
    if (lines > moves * 0.7 + 6) faults.push(`${lines} lines for ${moves} moves`);
    return {
      done: `${moves} times, every second, among ${addresses} addresses of which one at a time exists`,
      traffic: reports,
      cost: `${lostOf(reports)} datagrams, at most those of ${slackMs} ms after each move`,
      faults,
    };
  },
};
