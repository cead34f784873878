import { afterEach, describe, expect, it } from "vitest";
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
    expect(first.memory).toBe(first.array);
    const third = pin(100);
    expect(third.memory).toBe(number);
    first.release();
    const fourth = pin(100);
    expect(fourth.memory).not.toBe(number);
  });

  it("is the array itself when there are no numbers left", () => {
    while (typeof pin(8).memory === "number");
    expect(pins.length).toBeLessThanOrEqual(1025);
    expect(sendAndReceive(createPacketBatch({ capacity: 1, bytes: 64 }), "without a number")).toBe("without a number");
  });

  it("is not found under a number that nobody has, or of another type", () => {
    const table = new Pinned(new Int32Array(6));
    const call = (memory: number): number =>
      loadBinding().pollDescriptors(memory, 0, 0, new Float64Array(4), new Int32Array(1));
    expect([0, -1, 5000, 2 ** 31 - 1].map((number) => call(number))).toEqual(new Array(4).fill(-22));
    expect(call(Number(pin(64).memory))).toBe(-22);
    expect(call(Number(table.memory))).not.toBe(-22);
    table.release();
  });
});

describe("a batch", () => {
  it("moves packets by number and by array alike", () => {
    const batch = createPacketBatch({ capacity: 1, bytes: 64 });
    expect(typeof PinnedBatch.memoryOf(batch).bytes).toBe("number");
    expect(sendAndReceive(batch, "pinned")).toBe("pinned");
    const { capacity, bytes, descriptors, endpoints } = batch;
    expect(sendAndReceive({ capacity, bytes, descriptors, endpoints }, "plain")).toBe("plain");
  });

  it("is used by its arrays after its buffer was transferred, or it was cloned", () => {
    const batch = createPacketBatch({ capacity: 1, bytes: 64 });
    const clone: PacketBatch = structuredClone(batch);
    expect(PinnedBatch.memoryOf(clone)).toBe(clone);
    const { buffer } = batch.descriptors;
    if (buffer instanceof ArrayBuffer) structuredClone(buffer, { transfer: [buffer] });
    expect(batch.bytes.length).toBe(0);
    expect(PinnedBatch.memoryOf(batch)).toBe(batch);
  });
});
