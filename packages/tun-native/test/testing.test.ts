import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createPacketBatch,
  ENDPOINT_WORDS,
  endpointAddress,
  parseAddress,
  SendError,
  writeEndpoint,
} from "../src/index.ts";
import {
  MemoryDevice,
  MemoryNetwork,
  type MemoryNetworkOptions,
  MemoryPoller,
  type MemorySocket,
} from "../src/testing/index.ts";
import { flagsOf, packetOf } from "./support/batch.ts";

function send(from: MemorySocket, to: { address: string; port: number }, ...payloads: number[]): number {
  const batch = createPacketBatch({ capacity: payloads.length, bytes: payloads.length * 64 });
  payloads.forEach((payload, i) => {
    batch.bytes[i * 64] = payload;
    batch.descriptors.set([i * 64, 1, 0, 0], i * 4);
    writeEndpoint(batch.endpoints, i, parseAddress(to.address), to.port, 0);
  });
  return from.send(batch, 0, payloads.length);
}

function receive(socket: MemorySocket): number[] {
  const batch = createPacketBatch({ capacity: 512, bytes: 512 * 64 });
  return Array.from({ length: socket.receive(batch) }, (_, i) => packetOf(batch, i)[0] ?? -1);
}

function pair(options: MemoryNetworkOptions = {}): [MemoryNetwork, MemorySocket, MemorySocket] {
  const network = new MemoryNetwork(options);
  const left = network.socket({ family: 4, address: "10.0.0.1", port: 1, id: 3 });
  return [network, left, network.socket({ family: 4, address: "10.0.0.2", port: 2, id: 4 })];
}

describe("a memory network", () => {
  it("carries datagrams with their source", () => {
    const [, left, right] = pair();
    expect(send(left, right, 5, 6)).toBe(2);
    const batch = createPacketBatch({ capacity: 4, bytes: 256 });
    expect(right.isReadable).toBe(true);
    expect(right.receive(batch)).toBe(2);
    expect([...batch.endpoints.subarray(0, ENDPOINT_WORDS)]).toEqual([4, 1, 0, 4, 0x0a000001, 0, 0, 0]);
    expect(endpointAddress(batch.endpoints, 1)).toBe("10.0.0.1");
    expect(right.isReadable).toBe(false);
  });

  it("delivers after the latency, in the order of arrival", () => {
    const [network, left, right] = pair({ latencyMs: 20 });
    send(left, right, 1);
    network.advance(10);
    send(left, right, 2);
    expect(receive(right)).toEqual([]);
    network.advance(10);
    expect(receive(right)).toEqual([1]);
    network.advance(10);
    expect(receive(right)).toEqual([2]);
  });

  it("does the same again with the same seed, and something else with another", () => {
    const play = (seed: number): string => {
      const [network, left, right] = pair({ seed, loss: 0.2, duplicates: 0.2, reorder: 0.3, latencyMs: 5 });
      const heard: number[] = [];
      for (let i = 0; i < 200; i++) {
        send(left, right, i);
        network.advance(1);
        heard.push(...receive(right));
      }
      network.advance(100);
      return [...heard, ...receive(right), "lost", network.lost, "doubled", network.duplicated].join(" ");
    };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
        expect(play(seed)).toBe(play(seed));
        expect(play(seed)).not.toBe(play(seed + 1));
      }),
      { numRuns: 20 },
    );
  });

  it("loses, doubles and reorders as often as told", () => {
    const count = (options: MemoryNetworkOptions): { heard: number[]; network: MemoryNetwork } => {
      const [network, left, right] = pair(options);
      const heard: number[] = [];
      for (let i = 0; i < 2000; i++) {
        send(left, right, i & 0xff);
        network.advance(1);
        heard.push(...receive(right));
      }
      network.advance(1000);
      return { heard: [...heard, ...receive(right)], network };
    };
    expect(count({}).heard).toEqual(Array.from({ length: 2000 }, (_, i) => i & 0xff));
    expect(count({ loss: 1 }).heard).toEqual([]);
    const lossy = count({ loss: 0.25 });
    expect(lossy.heard.length + lossy.network.lost).toBe(2000);
    expect(lossy.network.lost).toBeGreaterThan(400);
    expect(lossy.network.lost).toBeLessThan(600);
    const doubled = count({ duplicates: 0.5 });
    expect(doubled.heard.length).toBe(2000 + doubled.network.duplicated);
    expect(doubled.network.duplicated).toBeGreaterThan(900);
    const mixed = count({ reorder: 0.5, reorderMs: 5 }).heard;
    expect(mixed).toHaveLength(2000);
    expect(mixed).not.toEqual(Array.from({ length: 2000 }, (_, i) => i & 0xff));
  });

  it("shows datagrams to taps, which may drop or repeat them", () => {
    const [network, left, right] = pair();
    const seen: number[] = [];
    const stop = network.tap((datagram) => {
      seen.push(datagram.bytes[0] ?? -1);
      datagram.bytes.fill(99);
      return datagram.to.port === 2 && seen.length === 1 ? "drop" : undefined;
    });
    send(left, right, 1, 2);
    stop();
    send(left, right, 3);
    expect(seen).toEqual([1, 2]);
    network.inject({ from: { address: "203.0.113.9", port: 9 }, to: right, bytes: Uint8Array.of(7) });
    expect(receive(right)).toEqual([2, 3, 7]);
    expect(network.lost).toBe(1);
  });

  it("refuses what a socket refuses", () => {
    const [network, left, right] = pair({ maxDatagramBytes: 0 });
    const wide = network.socket({ family: 6, address: "fd00::1", id: 0 });
    expect(send(left, right, 1)).toBe(0);
    expect(send(left, wide, 1)).toBe(0);
    expect(left.sendErrors[SendError.tooBig]).toBe(1);
    expect(left.sendErrors[SendError.other]).toBe(1);
    expect(left.lastSendErrno).toBe(97);
    expect(() => network.socket({ family: 4, address: "10.0.0.1", port: 1, id: 0 })).toThrow(
      expect.objectContaining({ code: "EADDRINUSE" }),
    );
    expect(() => network.socket({ family: 4, address: "fd00::1", id: 0 })).toThrow(
      expect.objectContaining({ code: "ERR_ARGUMENT" }),
    );
    expect(() => new MemoryNetwork({ loss: 2 })).toThrow(expect.objectContaining({ code: "ERR_ARGUMENT" }));
  });

  it("gives free ports, and a closed one again", () => {
    const network = new MemoryNetwork();
    const first = network.socket({ family: 4, address: "10.0.0.1", id: 0 });
    const second = network.socket({ family: 4, address: "10.0.0.1", id: 0 });
    expect(first.port).not.toBe(second.port);
    first.close();
    first.close();
    expect(() => first.receive(createPacketBatch({ capacity: 1, bytes: 64 }))).toThrow(
      expect.objectContaining({ code: "ERR_CLOSED" }),
    );
    expect(network.socket({ family: 4, address: "10.0.0.1", port: first.port, id: 0 }).port).toBe(first.port);
    expect(send(second, { address: "10.9.9.9", port: 1 }, 1)).toBe(1);
    expect(second.unanswered).toBe(1);
  });

  it("loses what a full queue cannot take", () => {
    const [network, left, right] = pair({ queueLength: 3 });
    send(left, right, 1, 2, 3, 4, 5);
    expect(receive(right)).toEqual([1, 2, 3]);
    expect(network.lost).toBe(2);
  });

  it("cuts and flags what is longer than a slot", () => {
    const [network, , right] = pair();
    network.inject({ from: right, to: right, bytes: new Uint8Array(100) });
    const batch = createPacketBatch({ capacity: 2, bytes: 128 });
    expect(right.receive(batch)).toBe(1);
    expect([packetOf(batch, 0).length, flagsOf(batch, 0)]).toEqual([64, 2]);
  });
});

describe("a memory device", () => {
  it("reads what was injected, with room around each frame", () => {
    const device = new MemoryDevice({ maxFrameBytes: 100 });
    const frame = Uint8Array.of(0x45, 1, 2);
    device.inject(frame);
    frame.fill(0);
    device.inject(new Uint8Array(101).fill(0x45));
    device.inject(new Uint8Array(100).fill(0x46));
    const batch = createPacketBatch({ capacity: 4, bytes: 16 + 100 + 32 + 128 });
    expect(device.read(batch)).toBe(2);
    expect([...packetOf(batch, 0)]).toEqual([0x45, 1, 2]);
    expect(batch.descriptors[0]).toBe(16);
    expect([packetOf(batch, 1).length, flagsOf(batch, 1)]).toEqual([100, 2]);
    expect((batch.descriptors[4] ?? 0) % 64).toBe(16);
    expect(device.isReadable).toBe(true);
    expect(device.read(batch)).toBe(1);
    expect(device.read(batch)).toBe(0);
    expect(() => device.read(createPacketBatch({ capacity: 1, bytes: 147 }))).toThrow(
      expect.objectContaining({ code: "ERR_BATCH" }),
    );
  });

  it("keeps copies of what was written and counts what a kernel would refuse", () => {
    const device = new MemoryDevice();
    const batch = createPacketBatch({ capacity: 3, bytes: 192 });
    [0x45, 0x00, 0x60].forEach((first, i) => {
      batch.bytes[i * 64] = first;
      batch.descriptors.set([i * 64, 20, 0, 0], i * 4);
    });
    expect(device.write(batch, 0, 3)).toBe(2);
    batch.bytes.fill(1);
    expect(device.take().map((frame) => frame[0])).toEqual([0x45, 0x60]);
    expect(device.take()).toEqual([]);
    device.isUp = false;
    expect(device.write(batch, 0, 3)).toBe(0);
    expect(device.writeErrors).toBe(4);
    expect(() => device.write(batch, 3, 1)).not.toThrow(TypeError);
  });

  it("is gone when deleted, closed when closed", () => {
    const device = new MemoryDevice({ kind: "tap" });
    const batch = createPacketBatch({ capacity: 1, bytes: 16384 });
    expect(device.name).toBe("tap0");
    device.delete();
    expect(() => device.read(batch)).toThrow(expect.objectContaining({ code: "EBADFD", object: "tap0" }));
    device.close();
    device.close();
    expect(() => device.read(batch)).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  });
});

describe("a memory poller", () => {
  it("lets the time pass until something is readable", () => {
    const [network, left, right] = pair({ latencyMs: 20 });
    const device = new MemoryDevice();
    const poller = new MemoryPoller([device, right], network);
    expect(poller.wait(5)).toBe(0);
    expect(network.now).toBe(5);
    send(left, right, 1);
    expect(poller.wait(10)).toBe(0);
    expect(network.now).toBe(15);
    expect(poller.wait(1000)).toBe(0b10);
    expect(network.now).toBe(25);
    device.inject(Uint8Array.of(0x45));
    expect(poller.wait(-1)).toBe(0b11);
    receive(right);
    poller.wake();
    expect(poller.wait(-1)).toBe(1);
    poller.close();
    expect(() => poller.wait(0)).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  });
});
