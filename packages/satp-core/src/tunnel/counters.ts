import { DROP_REASON_NAMES, type DropReason } from "./drop-reason.ts";

const PACKETS_IN = 0;
const BYTES_IN = 1;
const PACKETS_OUT = 2;
const BYTES_OUT = 3;
const TRAFFIC_CELLS = 4;

/**
 * Packets and bytes of frames in both directions, and one count per drop reason. Counts are exact up
 * to 2⁵³. Every datagram or frame that enters a tunnel ends in exactly one of these cells.
 */
export class Counters {
  readonly #cells = new Float64Array(TRAFFIC_CELLS + DROP_REASON_NAMES.length);
  /** Live view: number of drops by {@link DropReason}. */
  readonly drops: Float64Array = this.#cells.subarray(TRAFFIC_CELLS);

  /** Frames given out for the device. */
  get packetsIn(): number {
    return this.#cells[PACKETS_IN] ?? 0;
  }

  /** Bytes of these frames, without header and tag. */
  get bytesIn(): number {
    return this.#cells[BYTES_IN] ?? 0;
  }

  /** Frames given out for sealing. */
  get packetsOut(): number {
    return this.#cells[PACKETS_OUT] ?? 0;
  }

  /** Bytes of these frames, without header and tag. */
  get bytesOut(): number {
    return this.#cells[BYTES_OUT] ?? 0;
  }

  /** Frames for the device, of `bytes` together. */
  countIn(packets: number, bytes: number): void {
    this.#add(PACKETS_IN, packets);
    this.#add(BYTES_IN, bytes);
  }

  /** Frames for the network, of `bytes` together. */
  countOut(packets: number, bytes: number): void {
    this.#add(PACKETS_OUT, packets);
    this.#add(BYTES_OUT, bytes);
  }

  /** `packets` frames or datagrams that went no further. */
  countDrop(reason: DropReason, packets = 1): void {
    this.#add(TRAFFIC_CELLS + reason, packets);
  }

  #add(cell: number, amount: number): void {
    this.#cells[cell] = (this.#cells[cell] ?? 0) + amount;
  }
}
