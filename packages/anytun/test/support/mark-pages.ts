/** Pages of one peer whose highest number grows with each page that is asked for. */
import { cipherContext, DEFAULT_SUITE, nodeBatchCipher, SequenceCounter, Tunnel } from "satp-core";
import { type PeerPage, peerPage } from "../../src/data-plane/peer-page.ts";
import { keysOf } from "./cluster-node.ts";

export function markPages(
  mux: number,
  senderId: number,
  numbers: readonly number[],
): (from: number) => Promise<PeerPage> {
  const none = () => undefined;
  const tunnel = new Tunnel({
    ...{ kind: "tun", mux: 0, windowSize: 64, routing: "single", autodetect: undefined, keepAlive: undefined },
    events: {
      peerDetected: none,
      endpointMoved: none,
      candidateAppeared: none,
      sequenceLow: none,
      livenessChanged: none,
    },
  });
  const context = cipherContext(DEFAULT_SUITE, keysOf("one"), "left");
  const peer = tunnel.addPeer({
    ...{ mux, tagBytes: 10, windowSize: 64 },
    ...{ context: nodeBatchCipher().addContext(context), sequence: new SequenceCounter() },
  });
  let at = 0;
  return async (from) => {
    peer.senders.judge(senderId, numbers[Math.min(at++, numbers.length - 1)] ?? 0);
    return peerPage(tunnel, from, 16, 0);
  };
}
