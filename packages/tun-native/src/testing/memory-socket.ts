import { type DatagramSocket, type PacketBatch, SendError } from "../contracts.ts";
import { endpointAddress, writeEndpoint } from "../endpoint.ts";
import { closedError } from "../errors.ts";
import { parseAddress } from "../ip-address.ts";
import {
  DESCRIPTOR_WORDS,
  ENDPOINT_FAMILY,
  ENDPOINT_PORT,
  ENDPOINT_SOCKET,
  ENDPOINT_WORDS,
  FLAGS,
  LENGTH,
  OFFSET,
  PACKET_OK,
  PACKET_TRUNCATED,
} from "../packet-batch.ts";
import { rowBytes } from "./memory-device.ts";
import type { MemoryDatagram, MemoryNetwork } from "./memory-network.ts";
import type { Readable } from "./memory-poller.ts";

const EMSGSIZE = 90;
const EAFNOSUPPORT = 97;

/** A socket of a {@link MemoryNetwork}; made by its `socket()`. */
export class MemorySocket implements DatagramSocket, Readable {
  readonly family: 4 | 6;
  readonly port: number;
  readonly address: string;
  readonly id: number;
  readonly sendErrors: Float64Array = new Float64Array(4);
  lastSendErrno = 0;
  /** Datagrams sent to an address where nobody was; a real network would not tell either. */
  unanswered = 0;
  #closed = false;
  readonly #network: MemoryNetwork;
  readonly #queue: MemoryDatagram[] = [];

  constructor(network: MemoryNetwork, at: { family: 4 | 6; address: string; port: number; id: number }) {
    this.#network = network;
    this.family = at.family;
    this.address = at.address;
    this.port = at.port;
    this.id = at.id;
  }

  get isReadable(): boolean {
    return this.#queue.length > 0;
  }

  receive(batch: PacketBatch): number {
    if (this.#closed) throw closedError(this.address);
    const slot = Math.floor(batch.bytes.length / batch.capacity);
    let count = 0;
    while (count < batch.capacity) {
      const datagram = this.#queue.shift();
      if (datagram === undefined) break;
      const length = Math.min(slot, datagram.bytes.length);
      const row = count * DESCRIPTOR_WORDS;
      batch.bytes.set(datagram.bytes.subarray(0, length), count * slot);
      batch.descriptors[row + OFFSET] = count * slot;
      batch.descriptors[row + LENGTH] = length;
      batch.descriptors[row + FLAGS] = datagram.bytes.length > length ? PACKET_TRUNCATED : PACKET_OK;
      writeEndpoint(batch.endpoints, count, parseAddress(datagram.from.address), datagram.from.port, 0);
      batch.endpoints[count * ENDPOINT_WORDS + ENDPOINT_SOCKET] = this.id;
      count++;
    }
    return count;
  }

  send(batch: PacketBatch, first: number, count: number): number {
    if (this.#closed) throw closedError(this.address);
    let sent = 0;
    for (let i = first; i < first + count; i++) {
      const bytes = rowBytes(batch, i);
      if (batch.endpoints[i * ENDPOINT_WORDS + ENDPOINT_FAMILY] !== this.family) {
        this.#fail(SendError.other, EAFNOSUPPORT);
      } else if (bytes.length > this.#network.maxDatagramBytes) {
        this.#fail(SendError.tooBig, EMSGSIZE);
      } else {
        const to = {
          address: endpointAddress(batch.endpoints, i),
          port: batch.endpoints[i * ENDPOINT_WORDS + ENDPOINT_PORT] ?? 0,
        };
        const from = { address: this.address, port: this.port };
        if (!this.#network.transmit({ from, to, bytes })) this.unanswered++;
        sent++;
      }
    }
    return sent;
  }

  /** Called by the network. false when the queue is full. */
  deliver(datagram: MemoryDatagram): boolean {
    if (this.#closed || this.#queue.length >= this.#network.queueLength) return false;
    this.#queue.push(datagram);
    return true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.length = 0;
    this.#network.unbind(this);
  }

  #fail(kind: number, errno: number): void {
    this.sendErrors[kind] = (this.sendErrors[kind] ?? 0) + 1;
    this.lastSendErrno = errno;
  }
}
