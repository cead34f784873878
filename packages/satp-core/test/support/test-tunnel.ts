/** A tunnel with its batch and cipher, fed and read one packet at a time: all that a test of the decisions needs. */
import { createBatch } from "../../src/batch/create-batch.ts";
import {
  DESCRIPTOR_WORDS,
  ENDPOINT_PORT,
  ENDPOINT_WORDS,
  FLAGS,
  HEADROOM_BYTES,
  LENGTH,
  OFFSET,
  PACKET_OK,
  type PacketBatch,
} from "../../src/batch/packet-batch.ts";
import type { BatchCipher, CipherContext } from "../../src/crypto/batch-cipher.ts";
import { cipherContext } from "../../src/crypto/cipher-context.ts";
import { deriveMasterKeys } from "../../src/crypto/master-keys.ts";
import { nodeBatchCipher } from "../../src/crypto/node-batch-cipher.ts";
import type { Role } from "../../src/crypto/role.ts";
import { DEFAULT_SUITE, type Suite } from "../../src/crypto/suite.ts";
import { endpointOf } from "../../src/peers/endpoint.ts";
import type { Peer, PeerKeys } from "../../src/peers/peer.ts";
import { SequenceCounter } from "../../src/peers/sequence-counter.ts";
import { parseAddress } from "../../src/routing/address.ts";
import { DROP_REASON_NAMES } from "../../src/tunnel/drop-reason.ts";
import { Tunnel } from "../../src/tunnel/tunnel.ts";
import type { KeepAliveConfig, TunnelEvents } from "../../src/tunnel/tunnel-config.ts";
import type { DeviceKind } from "../../src/wire/payload-type.ts";

export const SLOT_BYTES = 2048;
const SLOTS = 16;

/** Endpoint words of `host:port`, by default on loopback. */
export function endpoint(port: number, host = "127.0.0.1", socket = 0): Int32Array {
  return endpointOf(parseAddress(host), port, { socket });
}

/** Puts packets into the rows of a batch, behind the headroom. */
export function fill(batch: PacketBatch, packets: readonly Uint8Array[], sources: readonly Int32Array[] = []): number {
  const slot = batch.bytes.length / batch.capacity;
  for (const [row, packet] of packets.entries()) {
    const at = row * DESCRIPTOR_WORDS;
    const offset = row * slot + HEADROOM_BYTES;
    batch.bytes.set(packet, offset);
    batch.descriptors[at + OFFSET] = offset;
    batch.descriptors[at + LENGTH] = packet.length;
    batch.descriptors[at + FLAGS] = PACKET_OK;
    batch.endpoints.set(sources[row] ?? new Int32Array(ENDPOINT_WORDS), row * ENDPOINT_WORDS);
  }
  return packets.length;
}

/** A copy of the packet of a row. */
export function packetAt(batch: PacketBatch, row: number): Uint8Array {
  const offset = batch.descriptors[row * DESCRIPTOR_WORDS + OFFSET] ?? -1;
  const length = batch.descriptors[row * DESCRIPTOR_WORDS + LENGTH] ?? -1;
  return batch.bytes.slice(offset, offset + length);
}

export function endpointAt(batch: PacketBatch, row: number): Int32Array {
  return batch.endpoints.slice(row * ENDPOINT_WORDS, (row + 1) * ENDPOINT_WORDS);
}

/** A context whose keys come from a passphrase. */
export function contextFor(role: Role, suite: Suite = DEFAULT_SUITE, passphrase = "test"): CipherContext {
  return cipherContext(suite, deriveMasterKeys({ suite, passphrase }), role);
}

export interface Sent {
  readonly datagram: Uint8Array;
  readonly endpoint: Int32Array;
}

export interface TestTunnelOptions {
  readonly context?: CipherContext;
  readonly kind?: DeviceKind;
  readonly mux?: number;
  readonly windowSize?: number;
  readonly routing?: "single" | "routes";
  /** Learn the peer instead of configuring one. */
  readonly autodetect?: boolean;
  /** Own numbers; by default 0 to 999,999 with sender id 0. */
  readonly sequence?: SequenceCounter;
  readonly keepAlive?: KeepAliveConfig;
  /** Called after each event. */
  readonly onEvent?: () => void;
}

export class TestTunnel {
  readonly tunnel: Tunnel;
  readonly cipher: BatchCipher = nodeBatchCipher();
  readonly batch: PacketBatch = createBatch(SLOTS, SLOT_BYTES);
  readonly keys: PeerKeys;
  /** Events as text, in order. */
  readonly events: string[] = [];
  now = 1000;

  constructor(options: TestTunnelOptions = {}) {
    const context = options.context ?? contextFor("left");
    const sequence = options.sequence ?? new SequenceCounter({ senderId: 0, first: 0, end: 1_000_000 });
    this.keys = { context: this.cipher.addContext(context), tagBytes: context.tagBytes, sequence };
    this.tunnel = new Tunnel({
      kind: options.kind ?? "tun",
      mux: options.mux ?? 0,
      windowSize: options.windowSize ?? 0,
      routing: options.routing ?? "single",
      autodetect: options.autodetect === true ? this.keys : undefined,
      keepAlive: options.keepAlive,
      events: this.#recorder(options.onEvent ?? (() => undefined)),
    });
  }

  addPeer(at?: Int32Array, mux = 0, keys: PeerKeys = this.keys): Peer {
    return this.tunnel.addPeer({ ...keys, mux, endpoint: at });
  }

  /** Frames → datagrams, through header and seal. */
  send(frames: readonly Uint8Array[]): Sent[] {
    const ready = this.tunnel.outbound(this.batch, fill(this.batch, frames), this.now);
    this.cipher.seal(this.batch, 0, ready);
    return this.#sent(ready);
  }

  /** The copies of the `sent` datagrams of the last `send`. */
  copies(sent: number): Sent[] {
    return this.#sent(this.tunnel.copies(this.batch, sent, this.now));
  }

  /** Empty datagrams that are due. */
  keepAlives(): Sent[] {
    const count = this.tunnel.keepAlive(this.batch, this.now);
    this.cipher.seal(this.batch, 0, count);
    return this.#sent(count);
  }

  #sent(count: number): Sent[] {
    return Array.from({ length: count }, (_, row) => ({
      datagram: packetAt(this.batch, row),
      endpoint: endpointAt(this.batch, row),
    }));
  }

  /** Datagrams → frames, through classify, open and accept. */
  receive(datagrams: readonly Uint8Array[], sources: readonly Int32Array[]): Uint8Array[] {
    const known = this.tunnel.classify(this.batch, fill(this.batch, datagrams, sources));
    this.cipher.open(this.batch, 0, known);
    const accepted = this.tunnel.accept(this.batch, known, this.now);
    return Array.from({ length: accepted }, (_, row) => packetAt(this.batch, row));
  }

  receiveOne(datagram: Uint8Array, source: Int32Array): Uint8Array | undefined {
    return this.receive([datagram], [source])[0];
  }

  /** Non-zero drop counters by name. */
  drops(counters: { readonly drops: Float64Array } = this.tunnel.counters): Record<string, number> {
    return Object.fromEntries(
      DROP_REASON_NAMES.map((name, i): [string, number] => [name, counters.drops[i] ?? 0]).filter(([, n]) => n > 0),
    );
  }

  #recorder(onEvent: () => void): TunnelEvents {
    const port = (words: Int32Array) => words[ENDPOINT_PORT] ?? -1;
    const record = (text: string) => {
      this.events.push(text);
      onEvent();
    };
    return {
      peerDetected: (peer) => record(`detected ${peer.mux} at ${port(peer.endpoint)}`),
      endpointMoved: (peer, previous) => record(`moved ${peer.mux} from ${port(previous)} to ${port(peer.endpoint)}`),
      candidateAppeared: (peer) => record(`candidate of ${peer.mux} at ${port(peer.candidate.endpoint)}`),
      sequenceLow: (peer) => record(`low ${peer.mux} ${peer.sequence.remaining}`),
      livenessChanged: (peer) => record(`${peer.mux} is ${peer.isSilent ? "silent" : "alive"}`),
    };
  }
}

/** A minimal IPv4 packet. */
export function ipv4Frame(destination = "198.51.100.2", bytes = 40): Uint8Array {
  const frame = Uint8Array.from({ length: bytes }, (_, i) => (i * 7) & 255);
  frame[0] = 0x45;
  new DataView(frame.buffer).setUint32(16, parseAddress(destination).words[0]);
  return frame;
}

/** A minimal IPv6 packet. */
export function ipv6Frame(destination = "2001:db8::2", bytes = 60): Uint8Array {
  const frame = Uint8Array.from({ length: bytes }, (_, i) => (i * 11) & 255);
  frame[0] = 0x60;
  const view = new DataView(frame.buffer);
  for (const [i, word] of parseAddress(destination).words.entries()) view.setUint32(24 + i * 4, word);
  return frame;
}
