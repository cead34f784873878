import { afterEach, describe, expect, it, vi } from "vitest";
import { callWords, RESULT } from "../src/call-words.ts";
import { createPacketBatch, type PacketBatch, parseAddress, UdpSocket, writeEndpoint } from "../src/index.ts";
import { loadBinding } from "../src/load-binding.ts";
import { Pinned, PinnedBatch } from "../src/pinned-memory.ts";

const pins: Pinned<Uint8Array>[] = [];

afterEach(() => {
  for (const pin of pins.splice(0)) pin.release();
});

function pin(bytes: number): Pinned<Uint8Array> {
  const pinned = new Pinned(new Uint8Array(bytes));
  pins.push(pinned);
  return pinned;
}

function sendAndReceive(batch: PacketBatch, text: string): string {
  using socket = UdpSocket.open({ family: 4, address: "127.0.0.1", id: 0 });
  batch.bytes.set(Buffer.from(text));
  batch.descriptors.set([0, text.length, 0, 0]);
  writeEndpoint(batch.endpoints, 0, parseAddress("127.0.0.1"), socket.port, 0);
  expect(socket.send(batch, 0, 1)).toBe(1);
  batch.bytes.fill(0);
  expect(socket.receive(batch)).toBe(1);
  const [offset = 0, length = 0] = batch.descriptors;
  return Buffer.from(batch.bytes.subarray(offset, offset + length)).toString();
}

describe("pinned memory", () => {
  it("has a number of its own until it is released, once", () => {
    const [first, second] = [pin(100), pin(100)];
    expect(first.memory).not.toBe(second.memory);
    const number = first.memory;
    first.release();
    expect(first.memory).toBe(0);
    const third = pin(100);
    expect(third.memory).toBe(number);
    first.release();
    const fourth = pin(100);
    expect(fourth.memory).not.toBe(number);
  });

  it("has as many numbers as are asked for", () => {
    const numbers = new Set(Array.from({ length: 3000 }, () => pin(8).memory));
    expect(numbers.size).toBe(3000);
    expect(sendAndReceive(createPacketBatch({ capacity: 1, bytes: 64 }), "one of thousands")).toBe("one of thousands");
  });

  it("is not found under a number that nobody has, or of another type", () => {
    const table = new Pinned(new Int32Array(6));
    const clock = new Pinned(new Float64Array(4));
    const orders = new Pinned(new Int32Array(1));
    const call = (memory: number): number | undefined => {
      const words = callWords();
      words.set([memory, 0, 0, clock.memory, orders.memory], 1);
      loadBinding().pollDescriptors();
      return words[RESULT];
    };
    expect([0, -1, 100_000, 2 ** 31 - 1].map((number) => call(number))).toEqual(new Array(4).fill(-22));
    expect(call(pin(64).memory)).toBe(-22);
    expect(call(table.memory)).not.toBe(-22);
    for (const pinned of [table, clock, orders]) pinned.release();
  });
});

describe("a batch", () => {
  it("moves packets, whoever made it", () => {
    const batch = createPacketBatch({ capacity: 1, bytes: 64 });
    expect(sendAndReceive(batch, "pinned")).toBe("pinned");
    const { capacity, bytes, descriptors, endpoints } = batch;
    const plain = { capacity, bytes, descriptors, endpoints };
    expect(sendAndReceive(plain, "plain")).toBe("plain");
    expect(PinnedBatch.memoryOf(plain)).toBe(PinnedBatch.memoryOf(plain));
  });

  it("has numbers of its own when it is a clone, and none when its buffer was transferred", () => {
    const batch = createPacketBatch({ capacity: 1, bytes: 64 });
    const clone: PacketBatch = structuredClone(batch);
    expect(PinnedBatch.memoryOf(clone)).not.toEqual(PinnedBatch.memoryOf(batch));
    for (const transferred of [batch, clone]) {
      const { buffer } = transferred.descriptors;
      if (buffer instanceof ArrayBuffer) structuredClone(buffer, { transfer: [buffer] });
      expect(transferred.bytes.length).toBe(0);
      expect(PinnedBatch.memoryOf(transferred)).toEqual({ bytes: 0, descriptors: 0, endpoints: 0 });
    }
  });
});

describe("the words of calls", () => {
  it("are the same for all copies of this code in a thread", async () => {
    vi.resetModules();
    const copy = await import("../src/call-words.ts");
    expect(copy.callWords).not.toBe(callWords);
    expect(copy.callWords()).toBe(callWords());
  });
});
