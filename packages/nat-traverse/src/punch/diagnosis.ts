/** What was seen in vain, what it means, and what to try. */
import type { Diagnosis, Endpoint } from "../hole-types.ts";

/** Counted while the hole is opened. */
export interface Sightings {
  readonly seconds: number;
  readonly peer: Endpoint;
  readonly localPort: number;
  readonly refused: number;
  /** Addresses that refused. */
  readonly refusedBy: readonly string[];
  readonly unreachable: number;
  /** Somebody of our kind was heard, at this endpoint. */
  readonly heardNew: Endpoint | undefined;
  /** An original was heard, at this endpoint. */
  readonly heardOriginal: Endpoint | undefined;
  /** The peer said that it hears us. */
  readonly peerHearsUs: boolean;
  /** Milliseconds since the last packet of the peer. */
  readonly silence: number;
  /** Port under which the peer sees us, 0 if it did not say. */
  readonly mappedPort: number;
  readonly hasSprayed: boolean;
  readonly canSpray: boolean;
  readonly usesLowPorts: boolean;
  /** Milliseconds from our start to the first packet of the peer. */
  readonly firstHeardAfter: number;
  readonly windowMs: number;
}

const START_TOGETHER =
  "start both ends at the same time, with a larger --window and --timeout if that is difficult, and with ports that mirror each other";

const FORWARD = "forward the UDP port at one of the gateways";

export function diagnose(seen: Sightings): Diagnosis {
  if (seen.heardOriginal !== undefined) return originalUnfinished(seen, seen.heardOriginal);
  if (seen.heardNew !== undefined) return newUnfinished(seen, seen.heardNew);
  const nothing = `nothing arrived from ${text(seen.peer)} in ${inSeconds(seen.seconds * 1000)}`;
  if (seen.refused > 0) {
    const others = seen.refusedBy.filter((address) => address !== seen.peer.address);
    const who = others.length > 0 ? others.join(", ") : seen.peer.address;
    return {
      code: "refused",
      seen: [nothing, `${who} refused ${seen.refused} of our packets`],
      meaning: [
        "the peer was not started, or uses another port",
        "or its gateway answers for it: one that lets unasked packets in gives the peer's own packets another port as long as ours keep coming",
      ],
      advice: [START_TOGETHER],
    };
  }
  if (seen.unreachable > 0) {
    return {
      code: "unreachable",
      seen: [nothing, "the network says that there is no way to it"],
      meaning: [`${seen.peer.address} cannot be reached from here, or a firewall forbids it`],
      advice: ["check the address of the peer's gateway and the route to it"],
    };
  }
  return {
    code: "nothing-arrived",
    seen: [nothing],
    meaning: [
      "the peer was not started, or something is wrong with address or ports",
      seen.hasSprayed
        ? "or both gateways choose ports that cannot be predicted, which cannot work without help from a third party"
        : "or a gateway changes ports: then ports must be tried out, for which there was no time or no permission",
    ],
    advice: [
      START_TOGETHER,
      seen.canSpray ? FORWARD : "leave --no-spray out on both ends",
      ...(seen.canSpray && !seen.usesLowPorts ? ["run both ends as root, so that low source ports can be used"] : []),
    ],
  };
}

function originalUnfinished(seen: Sightings, at: Endpoint): Diagnosis {
  const isMoved = at.port !== seen.peer.port;
  const isLate = seen.firstHeardAfter > seen.windowMs;
  const meaning = isMoved
    ? "the peer's gateway changes ports, and the peer runs the original program, which cannot follow"
    : "the peer's program ended before it acknowledged, or its one acknowledgement was lost";
  return {
    code: isMoved ? "port-changed" : "no-ack",
    seen: [...arrivals(seen, at), "no acknowledgement of it came"],
    meaning: isLate ? [meaning, "the peer was started after our window"] : [meaning],
    advice: [isMoved ? "run this program on both ends" : "start both ends again", ...(isLate ? [START_TOGETHER] : [])],
  };
}

function newUnfinished(seen: Sightings, at: Endpoint): Diagnosis {
  if (seen.peerHearsUs) {
    return {
      code: "one-way",
      seen: [...arrivals(seen, at), `both directions worked, then nothing came for ${inSeconds(seen.silence)}`],
      meaning: ["the peer's program ended, or the network between failed"],
      advice: ["start both ends again"],
    };
  }
  return {
    code: at.port === seen.peer.port ? "one-way" : "port-changed",
    seen: [...arrivals(seen, at), "the peer did not hear ours"],
    meaning: [
      "our packets do not reach the peer: our gateway gives each destination another port, or drops what we send",
    ],
    advice: ["forward the peer's port at its gateway", "try other ports on both ends"],
  };
}

function arrivals(seen: Sightings, at: Endpoint): string[] {
  const sentences = [
    at.port === seen.peer.port
      ? `packets of the peer arrived from ${text(at)}`
      : `packets of the peer arrived from port ${at.port} instead of ${seen.peer.port}`,
  ];
  if (seen.firstHeardAfter > 1_000) sentences.push(`the first one ${inSeconds(seen.firstHeardAfter)} after our start`);
  if (seen.mappedPort !== 0 && seen.mappedPort !== seen.localPort)
    sentences.push(`our packets arrive there from port ${seen.mappedPort} instead of ${seen.localPort}`);
  return sentences;
}

function inSeconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} s`;
}

function text({ address, port }: Endpoint): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
