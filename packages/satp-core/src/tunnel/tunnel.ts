import type { PacketBatch } from "../batch/packet-batch.ts";
import { checkRange, SatpError } from "../errors.ts";
import { Peer, type PeerChange, type PeerConfig } from "../peers/peer.ts";
import { PeerTable } from "../peers/peer-table.ts";
import { SenderMemory } from "../peers/sender.ts";
import { MAX_WINDOW_SIZE } from "../replay/replay-window.ts";
import { RoutingTable } from "../routing/routing-table.ts";
import { MAX_MUX, MAX_TAG_BYTES } from "../wire/layout.ts";
import type { DeviceKind } from "../wire/payload-type.ts";
import { Counters } from "./counters.ts";
import { Inbound } from "./inbound.ts";
import { KeepAlive } from "./keep-alive.ts";
import { Outbound } from "./outbound.ts";
import { Roaming } from "./roaming.ts";
import type { KeepAliveConfig, Routing, Strangers, TunnelConfig } from "./tunnel-config.ts";

/**
 * All decisions of one tunnel, on batches of packets: framing, routes, peers, replay windows, roaming.
 * It does no I/O, no cryptography and reads no clock. The owner moves each batch through:
 *
 * ```
 * device read → outbound → BatchCipher.seal → socket send → copies → socket send
 * socket receive → classify → BatchCipher.open → accept → device write
 * ```
 *
 * Each step keeps the rows that go on at the front of the batch, in order, and returns their number;
 * what it dropped is in `counters`. No step allocates per packet, and none throws for any bytes.
 */
export class Tunnel {
  /** Live counts of the whole tunnel. Each peer has its own for what can be attributed to it. */
  readonly counters: Counters = new Counters();
  /** Destinations by prefix; used when `routing` is `routes`. */
  readonly routes: RoutingTable = new RoutingTable();
  readonly #config: TunnelConfig;
  readonly #peers: PeerTable = new PeerTable();
  readonly #memory: SenderMemory = new SenderMemory();
  readonly #outbound: Outbound;
  readonly #inbound: Inbound;
  readonly #roaming: Roaming;
  #keepAlive: KeepAlive | undefined;

  /** @throws SatpError `out-of-range`, `routes-need-tun` */
  constructor(config: TunnelConfig) {
    checkRange("mux", config.mux, 0, MAX_MUX);
    checkRange("window size", config.windowSize, 0, MAX_WINDOW_SIZE);
    checkStrangers(config.autodetect);
    checkRouting(config.routing, config.kind);
    this.#config = config;
    this.#roaming = new Roaming(config.events);
    this.#outbound = new Outbound(config, this.#peers, this.routes, this.counters);
    this.#inbound = new Inbound(config, this.#peers, this.#memory, this.counters, this.#roaming);
    this.setKeepAlive(config.keepAlive);
  }

  /** Peers by ascending mux, configured and detected. */
  get peers(): Iterable<Peer> {
    return this.#peers;
  }

  /** Peers there are. */
  get peerCount(): number {
    return this.#peers.size;
  }

  /** The peer with the lowest mux that is not below this one. */
  peerFrom(mux: number): Peer | undefined {
    return this.#peers.from(mux);
  }

  /** The peer with this mux. */
  peer(mux: number): Peer | undefined {
    return this.#peers.get(mux);
  }

  /** The peer of the last replay, as `Peer.lastReplaySequence` and the like describe it; perhaps removed meanwhile. */
  get lastReplayed(): Peer | undefined {
    return this.#inbound.lastReplayed;
  }

  /** Which peer a frame goes to. After a change, numbers that were reserved for the mux in the header may be wrong. */
  get routing(): Routing {
    return this.#inbound.routing;
  }
  /** @throws SatpError `routes-need-tun` */
  set routing(routing: Routing) {
    checkRouting(routing, this.#config.kind);
    this.#inbound.routing = routing;
    this.#outbound.routing = routing;
    if (this.#keepAlive !== undefined) this.#keepAlive.routing = routing;
  }

  /** Own mux, see `TunnelConfig.mux`. After a change, numbers that were reserved for the mux in the header may be wrong. */
  get mux(): number {
    return this.#inbound.mux;
  }
  /** @throws SatpError `out-of-range` */
  set mux(mux: number) {
    checkRange("mux", mux, 0, MAX_MUX);
    this.#inbound.mux = mux;
    this.#outbound.mux = mux;
    if (this.#keepAlive !== undefined) this.#keepAlive.ownMux = mux;
  }

  /** Keep-alives of all peers from now on; undefined = there are none. */
  setKeepAlive(times: KeepAliveConfig | undefined): void {
    this.#keepAlive = undefined;
    if (times === undefined) {
      // nobody looks for silent ones any more, so nobody is told that they are back
      for (const peer of this.#peers) peer.isSilent = false;
      return;
    }
    this.#keepAlive = new KeepAlive(this.#config, times, this.#peers, this.counters);
    this.#keepAlive.routing = this.routing;
    this.#keepAlive.ownMux = this.mux;
  }

  /** What a peer gets that nobody configured; undefined = there is none such. */
  get strangers(): Strangers | undefined {
    return this.#inbound.strangers;
  }
  /** @throws SatpError `out-of-range` */
  set strangers(strangers: Strangers | undefined) {
    checkStrangers(strangers);
    this.#inbound.strangers = strangers;
  }

  /** @throws SatpError `peer-exists`, `out-of-range` */
  addPeer(config: PeerConfig): Peer {
    const peer = new Peer(config, config.windowSize ?? this.#config.windowSize, this.#memory);
    this.#peers.add(peer);
    if (this.#keepAlive !== undefined) {
      peer.isSilent = true;
      this.#keepAlive.wake();
    }
    return peer;
  }

  /**
   * Changes a peer in place, between two batches: its other properties, windows and counters stay as they are.
   * @throws SatpError `peer-unknown`, `out-of-range`; nothing is changed then
   */
  changePeer(mux: number, change: PeerChange): void {
    this.#known(mux).change(change);
    if (change.endpoint !== undefined) this.#keepAlive?.wake();
  }

  /** Forgets a peer with its replay windows; false when there is none with this mux. */
  removePeer(mux: number): boolean {
    this.#peers.get(mux)?.senders.forget();
    return this.#peers.remove(mux);
  }

  /**
   * Points a peer at another place (eight endpoint words, copied; family 0 = unknown).
   * @throws SatpError `peer-unknown`
   */
  setEndpoint(mux: number, endpoint: Int32Array): void {
    this.#known(mux).setEndpoint(endpoint);
    this.#keepAlive?.wake();
  }

  /**
   * Rows `[0, count)` hold frames of the device, with `HEADROOM_BYTES` free before and `TAILROOM_BYTES`
   * behind each. Puts header and payload type before the frame, and sets offset, length, context and
   * endpoint (spec: satp-wire.md 8). A frame that is dropped takes no sequence number.
   * @param nowMs monotonic milliseconds
   * @returns rows ready for `BatchCipher.seal`
   */
  outbound(batch: PacketBatch, count: number, nowMs: number): number {
    return this.#outbound.run(batch, count, nowMs);
  }

  /**
   * Rows `[0, count)` hold datagrams of `outbound` that were sent, and are given up now: those whose peer has a
   * candidate endpoint stay, unchanged but for the endpoint, to be sent there too. They count as nothing else.
   * @param nowMs monotonic milliseconds
   * @returns rows to send; nearly always 0, and then at no cost
   */
  copies(batch: PacketBatch, count: number, nowMs: number): number {
    return nowMs < this.#roaming.copiesEndMs ? this.#outbound.copies(batch, count, nowMs) : 0;
  }

  /**
   * Fills rows with empty datagrams for peers to whom nothing was sent for `keepAlive.quietMs`, and finds out who is
   * silent; call it when `keepAliveWaitMs` is over, and again at once while that is 0. Rows need 64 bytes of arena each.
   * @param nowMs monotonic milliseconds
   * @returns rows ready for `BatchCipher.seal`; 0 without `keepAlive`
   */
  keepAlive(batch: PacketBatch, nowMs: number): number {
    return this.#keepAlive?.run(batch, nowMs) ?? 0;
  }

  /** Milliseconds until `keepAlive` has something to do; -1 = never. */
  keepAliveWaitMs(nowMs: number): number {
    return this.#keepAlive?.waitMs(nowMs) ?? -1;
  }

  /**
   * Rows `[0, count)` hold datagrams as received. Finds the peer and sets the context; changes nothing
   * else, for nothing is verified yet (spec: satp-wire.md 9, steps 1 to 4).
   * @returns rows ready for `BatchCipher.open`
   */
  classify(batch: PacketBatch, count: number): number {
    return this.#inbound.classify(batch, count);
  }

  /**
   * Rows `[0, count)` come from `BatchCipher.open`. Takes the verdict on the tag, detects a new peer,
   * asks the replay window, follows a roaming peer, checks the payload (spec: satp-wire.md 9, steps 3
   * and 5 to 10), and points the rows at their payloads.
   * @param nowMs monotonic milliseconds
   * @returns rows ready for the device
   */
  accept(batch: PacketBatch, count: number, nowMs: number): number {
    return this.#inbound.accept(batch, count, nowMs);
  }

  #known(mux: number): Peer {
    const peer = this.#peers.get(mux);
    if (peer === undefined) throw new SatpError("peer-unknown", `no peer with mux ${mux}`);
    return peer;
  }
}

function checkRouting(routing: Routing, kind: DeviceKind): void {
  if (routing === "routes" && kind === "tap") {
    throw new SatpError("routes-need-tun", "routes need a tun device: a tap device carries Ethernet frames");
  }
}

function checkStrangers(strangers: Strangers | undefined): void {
  if (strangers === undefined) return;
  checkRange("tag length", strangers.tagBytes, 0, MAX_TAG_BYTES);
  checkRange("window size", strangers.windowSize ?? 0, 0, MAX_WINDOW_SIZE);
}
