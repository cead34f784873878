import type { LinkEnd } from "../lab/index.ts";
import { type Contender, innerMtu, type Tunnel } from "./contender.ts";

/** The cable itself with the tunnels' MTU: what the machine could do without any tunnel. */
export const bareLink: Contender = {
  name: "bare link, no tunnel",
  needs: ["root", "ip", "ping"],
  async start(left: LinkEnd, right: LinkEnd): Promise<Tunnel> {
    for (const end of [left, right]) await end.host.ip([`link set ${end.device} mtu ${innerMtu}`]);
    await left.host.reach(right.ipv4);
    return { left: left.ipv4, right: right.ipv4, device: left.device, programs: [] };
  },
};
