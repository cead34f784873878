/** Events in words, for people: one line each. */
import type { Endpoint } from "../hole-types.ts";
import type { RelayEnd } from "../relay/relay.ts";
import type { ProgramEvent, RelayCounters, Subject } from "./progress.ts";

/** @returns undefined for what nobody needs to read */
export function eventText(event: ProgramEvent, subject: Subject): string | undefined {
  switch (event.event) {
    case "creating":
      return `port ${subject.localPort} to ${subject.peer}:${subject.remotePort}`;
    case "socket":
      return `sending from ${endpointText(event.local)} to ${endpointText(event.peer)}`;
    case "ack":
      return `acknowledgement sent (${ACK_REASONS[event.because]})`;
    case "heard": {
      const where = event.expected ? "" : ", not where it was expected";
      return `heard ${event.peer === "new" ? "a new peer" : "a peer like the original"} at ${endpointText(event.from)}${where}`;
    }
    case "refused":
      return `refused by ${event.from}: nobody listens there yet`;
    case "mapped":
      return `a gateway changed our port ${event.localPort} into ${event.seenPort}`;
    case "spraying":
      return `looking for the peer's port with ${event.sockets} sockets, ${event.packetsPerSecond} packets a second`;
    case "connected":
      return `connected to ${endpointText(event.peer)} after ${secondsText(event.ms)}`;
    case "executing":
      return `running ${event.command}`;
    case "relayed":
      return `${END_TEXTS[event.end]}; ${countersText(event.counters)}`;
    case "failed":
      return event.text.trim();
    default:
      return undefined;
  }
}

const ACK_REASONS = {
  window: "the window is over",
  heard: "the peer was heard",
  refused: "the last one was refused",
  late: "the peer came late",
} as const;

const END_TEXTS: Readonly<Record<RelayEnd, string>> = {
  "input-ended": "the input has ended",
  done: "both sides are done",
  "peer-stopped": "the peer was stopped",
  "peer-silent": "the peer went silent",
  refused: "nobody listens at the peer any more",
  unreachable: "the network is away",
};

export function endpointText({ address, port }: Endpoint): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

export function secondsText(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 9_950 ? 2 : 1)} s`;
}

function countersText({
  sentBytes,
  sentDatagrams,
  lostDatagrams,
  receivedBytes,
  receivedDatagrams,
}: RelayCounters): string {
  const lost = lostDatagrams === 0 ? "" : `, ${lostDatagrams} of them lost`;
  return `sent ${sentBytes} bytes in ${sentDatagrams} datagrams${lost}, received ${receivedBytes} in ${receivedDatagrams}`;
}
