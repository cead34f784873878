import { type CellRow, cellRow } from "../memory/shared-rows.ts";
import { DROP_REASON_NAMES, type DropReason } from "./drop-reason.ts";

const PACKETS_IN = 0;
const BYTES_IN = 1;
const PACKETS_OUT = 2;
const BYTES_OUT = 3;
const TRAFFIC_CELLS = 4;

/** Behind the drops. */
const KEEP_ALIVES: number = TRAFFIC_CELLS + DROP_REASON_NAMES.length;

/** Cells that counters need in a row: packets in, bytes in, packets out, bytes out, drops by reason, keep-alives out. */
export const COUNTER_CELLS: number = KEEP_ALIVES + 1;

/**
 * Packets and bytes of frames in both directions, and one count per drop reason. Counts are exact up
 * to 2⁵³. Every datagram or frame that enters a tunnel ends in exactly one of these cells.
 */
export class Counters {
  readonly #table: Float64Array;
  readonly #at: number;
  #drops: Float64Array | undefined;

  /** Counts from 0, in a row of its own or at the start of a longer one. */
  constructor({ table, at }: CellRow = cellRow(COUNTER_CELLS)) {
    this.#table = table;
    this.#at = at;
  }

  /** Live view: number of drops by {@link DropReason}. */
  get drops(): Float64Array {
    const first = this.#at + TRAFFIC_CELLS;
    this.#drops ??= this.#table.subarray(first, first + DROP_REASON_NAMES.length);
    return this.#drops;
  }

  /** Frames given out for the device. */
  get packetsIn(): number {
    return this.#cell(PACKETS_IN);
  }

  /** Bytes of these frames, without header and tag. */
  get bytesIn(): number {
    return this.#cell(BYTES_IN);
  }

  /** Frames given out for sealing. */
  get packetsOut(): number {
    return this.#cell(PACKETS_OUT);
  }

  /** Bytes of these frames, without header and tag. */
  get bytesOut(): number {
    return this.#cell(BYTES_OUT);
  }

  /** Empty datagrams given out for sealing; those received are drops for `emptyPayload`. */
  get keepAlivesOut(): number {
    return this.#cell(KEEP_ALIVES);
  }

  /** Frames for the device, of `bytes` together. */
  countIn(packets: number, bytes: number): void {
    countIn(this.#table, this.#at, packets, bytes);
  }

  /** Frames for the network, of `bytes` together. */
  countOut(packets: number, bytes: number): void {
    countOut(this.#table, this.#at, packets, bytes);
  }

  /** `packets` frames or datagrams that went no further. */
  countDrop(reason: DropReason, packets = 1): void {
    add(this.#table, this.#at + TRAFFIC_CELLS + reason, packets);
  }

  /** An empty datagram for the network. */
  countKeepAlive(): void {
    countKeepAlive(this.#table, this.#at);
  }

  #cell(cell: number): number {
    return this.#table[this.#at + cell] ?? 0;
  }
}

/** `Counters.countIn` for who has the row and need not have the object. */
export function countIn(table: Float64Array, at: number, packets: number, bytes: number): void {
  add(table, at + PACKETS_IN, packets);
  add(table, at + BYTES_IN, bytes);
}

/** `Counters.countOut` likewise. */
export function countOut(table: Float64Array, at: number, packets: number, bytes: number): void {
  add(table, at + PACKETS_OUT, packets);
  add(table, at + BYTES_OUT, bytes);
}

/** `Counters.countKeepAlive` likewise. */
export function countKeepAlive(table: Float64Array, at: number): void {
  add(table, at + KEEP_ALIVES, 1);
}

function add(table: Float64Array, cell: number, amount: number): void {
  table[cell] = (table[cell] ?? 0) + amount;
}
