import * as core from "satp-core";
import { DropReason, SILENCE_MS } from "satp-core";
import * as native from "tun-native";
import { MemoryDevice, MemoryNetwork } from "tun-native/testing";
import { describe, expect, it } from "vitest";
import { ipPacket, type MemoryEnd, memoryEnd, numbersOf } from "./memory-tunnel.ts";

const A = "192.0.2.1";
const B = "192.0.2.2";
const ELSEWHERE = "198.51.100.9";

function pair(network: MemoryNetwork, windowSize = 0): [MemoryEnd, MemoryEnd] {
  return [
    memoryEnd(network, { role: "left", address: A, peer: B, windowSize }),
    memoryEnd(network, { role: "right", address: B, peer: A, windowSize }),
  ];
}

/** Turns both planes until neither moves anything for `quietMs` of network time. */
function settle(network: MemoryNetwork, ends: readonly MemoryEnd[], quietMs = 200): void {
  for (let passed = 0; passed < quietMs; passed++) {
    for (const end of ends) while (end.device.isReadable || end.socket.isReadable) end.plane.turn(0);
    network.advance(1);
  }
  for (const end of ends) while (end.socket.isReadable) end.plane.turn(0);
}

describe("a tunnel in memory", () => {
  it("delivers every frame once and in order, both ways", () => {
    const network = new MemoryNetwork({ latencyMs: 5 });
    const [left, right] = pair(network, 64);
    const sent = Array.from({ length: 500 }, (_, i) => i);
    for (const number of sent) {
      left.device.inject(ipPacket(number));
      right.device.inject(ipPacket(number, 1400));
    }
    settle(network, [left, right]);
    expect(numbersOf(right.device.take())).toEqual(sent);
    expect(numbersOf(left.device.take())).toEqual(sent);
  });

  it("with a replay window delivers nothing twice on a network that loses, repeats and reorders", () => {
    const network = new MemoryNetwork({
      seed: 7,
      loss: 0.1,
      duplicates: 0.2,
      reorder: 0.3,
      reorderMs: 20,
      latencyMs: 5,
    });
    const [left, right] = pair(network, 1000);
    for (let i = 0; i < 2000; i++) {
      left.device.inject(ipPacket(i));
      if (i % 20 === 19) settle(network, [left, right], 3);
    }
    settle(network, [left, right]);
    const numbers = numbersOf(right.device.take());
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.length + network.lost).toBe(2000);
    expect(right.tunnel.counters.drops[DropReason.replay]).toBe(network.duplicated);
  });

  it("learns a peer from its first authenticated datagram and answers it", () => {
    const network = new MemoryNetwork();
    const left = memoryEnd(network, { role: "left", address: A });
    const right = memoryEnd(network, { role: "right", address: B, peer: A });
    left.device.inject(ipPacket(1));
    settle(network, [left, right], 1);
    expect(left.tunnel.counters.drops[DropReason.noPeer]).toBe(1);
    const from = { address: ELSEWHERE, port: 1 };
    network.inject({ from, to: { address: A, port: 4444 }, bytes: Buffer.alloc(100) });
    settle(network, [left, right], 1);
    expect(left.reports).toEqual([]);

    right.device.inject(ipPacket(2));
    settle(network, [left, right], 1);
    expect(numbersOf(left.device.take())).toEqual([2]);
    expect(left.reports).toMatchObject([{ type: "peer-detected", mux: 0 }]);
    left.device.inject(ipPacket(3));
    settle(network, [left, right], 1);
    expect(numbersOf(right.device.take())).toEqual([3]);
  });

  it("follows a peer that moves, but not a datagram that somebody repeats from elsewhere", () => {
    const network = new MemoryNetwork();
    const [left, right] = pair(network);
    const wire: Uint8Array[] = [];
    network.tap(({ from, bytes }) => {
      if (from.address === B) wire.push(bytes);
      return undefined;
    });
    right.device.inject(ipPacket(1));
    settle(network, [left, right], 1);
    const [recorded] = wire;
    expect(recorded).toBeDefined();
    if (recorded === undefined) return;
    network.inject({ from: { address: ELSEWHERE, port: 9 }, to: { address: A, port: 4444 }, bytes: recorded });
    settle(network, [left, right], 1);
    // without a replay window it is delivered again, as the originals do, and that is all it does
    expect(numbersOf(left.device.take())).toEqual([1, 1]);
    expect(left.reports).toEqual([]);

    const cut = network.tap(({ from }) => (from.address === B ? "drop" : undefined));
    right.device.inject(ipPacket(2));
    settle(network, [left, right], 1);
    cut();
    const moved = wire[1];
    expect(moved).toBeDefined();
    if (moved === undefined) return;
    network.inject({ from: { address: ELSEWHERE, port: 9 }, to: { address: A, port: 4444 }, bytes: moved });
    settle(network, [left, right], 1);
    expect(left.reports).toMatchObject([{ type: "endpoint-moved", mux: 0 }]);
  });

  it("answers a peer that began again elsewhere at once, and follows it when its numbers are new", () => {
    const network = new MemoryNetwork({ latencyMs: 5 });
    const [left, right] = pair(network);
    for (let i = 0; i < 20; i++) right.device.inject(ipPacket(i));
    settle(network, [left, right]);
    left.device.take();
    const moved = memoryEnd(network, { role: "right", address: ELSEWHERE, peer: A });
    network.advance(SILENCE_MS);

    const sent = new Map<string, Uint8Array[]>([
      [B, []],
      [ELSEWHERE, []],
    ]);
    network.tap(({ from, to, bytes }) => {
      if (from.address === A) sent.get(to.address)?.push(bytes);
      return undefined;
    });
    const exchange = (number: number): void => {
      moved.device.inject(ipPacket(number));
      settle(network, [left, right, moved], 20);
      left.device.inject(ipPacket(number));
      settle(network, [left, right, moved], 20);
    };
    for (let i = 0; i < 20; i++) exchange(i);
    const all = Array.from({ length: 20 }, (_, i) => i);
    expect(numbersOf(left.device.take())).toEqual(all);
    expect(numbersOf(moved.device.take())).toEqual(all);
    expect(numbersOf(right.device.take())).toEqual(all);
    expect(sent.get(ELSEWHERE)).toEqual(sent.get(B));
    expect(left.tunnel.counters.packetsOut).toBe(20);
    expect(left.reports).toMatchObject([{ type: "candidate-appeared", mux: 0 }]);

    exchange(20);
    expect(left.reports.slice(1)).toMatchObject([{ type: "endpoint-moved", mux: 0 }]);
    expect(numbersOf(moved.device.take())).toEqual([20]);
    expect(right.device.take()).toEqual([]);
  });

  it("stops sending when its sequence numbers are used up, says so, and goes on with new ones", () => {
    const network = new MemoryNetwork();
    const left = memoryEnd(network, { role: "left", address: A, peer: B, numbers: 10 });
    const right = memoryEnd(network, { role: "right", address: B, peer: A });
    for (let i = 0; i < 12; i++) left.device.inject(ipPacket(i));
    settle(network, [left, right], 1);
    expect(right.device.take()).toHaveLength(10);
    expect(left.reports).toEqual([{ type: "sequence-low", mux: 0 }]);
    expect(left.tunnel.counters.drops[DropReason.noSequence]).toBe(2);
    left.sequence.extend({ senderId: 0, first: 10, end: 20 });
    left.device.inject(ipPacket(99));
    settle(network, [left, right], 1);
    expect(numbersOf(right.device.take())).toEqual([99]);
  });

  it("counts what the device refuses and ends with an error when the device is gone", () => {
    const network = new MemoryNetwork();
    const [left, right] = pair(network);
    left.device.isUp = false;
    right.device.inject(ipPacket(1));
    settle(network, [left, right], 1);
    const snapshot = left.reporter.snapshot(left.tunnel, {
      deviceErrors: left.device.writeErrors,
      tooBigAnswers: left.plane.tooBigAnswers,
    });
    expect(snapshot.drops[DropReason.deviceWrite]).toBe(1);
    left.device.delete();
    expect(() => left.plane.turn(0)).toThrow(/tun0: EBADFD/);
    left.plane.close();
    left.plane.close();
    expect(left.device.isClosed).toBe(true);
  });
});

describe("frames that a device holds back", () => {
  /** Everything that was injected leaves the kernel with the first read, as a super-frame does. */
  class BulkDevice extends MemoryDevice {
    #left = 0;

    override inject(frame: Uint8Array): void {
      super.inject(frame);
      this.#left++;
    }

    override get pending(): boolean {
      return this.#left > 0 && this.#left < 100;
    }

    override get isReadable(): boolean {
      return super.isReadable && !this.pending;
    }

    override read(batch: native.PacketBatch): number {
      const count = super.read(batch);
      this.#left -= count;
      return count;
    }
  }

  it("are sent by the next turns without waiting, and the sockets have their turns between them", () => {
    const network = new MemoryNetwork({ latencyMs: 1 });
    const device = new BulkDevice();
    const left = memoryEnd(network, { role: "left", address: A, peer: B, device });
    const right = memoryEnd(network, { role: "right", address: B, peer: A });
    for (let i = 0; i < 100; i++) device.inject(ipPacket(i));
    right.device.inject(ipPacket(7));
    right.plane.turn(0);
    network.advance(1);
    left.plane.turn(-1);
    expect([device.pending, numbersOf(device.take())]).toEqual([true, [7]]);
    const started = network.now;
    for (let turns = 0; device.pending; turns++) {
      expect(turns).toBeLessThan(4);
      left.plane.turn(1000);
    }
    expect(network.now).toBe(started);
    settle(network, [left, right]);
    expect(numbersOf(right.device.take())).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});

describe("frames that are too long", () => {
  const tooLong = (number: number): Uint8Array => {
    const packet = Buffer.from(ipPacket(number, 15_000));
    packet.writeUInt16BE(packet.length, 2);
    packet.set([0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 6);
    return packet;
  };

  it("are answered in the same turn, while the others go on", () => {
    const network = new MemoryNetwork();
    const [left, right] = pair(network);
    for (const frame of [ipPacket(1), tooLong(2), ipPacket(3)]) left.device.inject(frame);
    left.plane.turn(0);
    const [answer, ...others] = left.device.take().map((bytes) => Buffer.from(bytes));
    expect(others).toEqual([]);
    expect(answer?.subarray(12, 20)).toEqual(Buffer.from([10, 0, 0, 2, 10, 0, 0, 1]));
    expect([answer?.readUInt16BE(20), answer?.readUInt16BE(26)]).toEqual([0x0304, 9216]);
    expect(left.plane.tooBigAnswers).toBe(1);
    expect(left.tunnel.counters.drops[DropReason.tooLong]).toBe(1);
    settle(network, [left, right]);
    expect(numbersOf(right.device.take())).toEqual([1, 3]);
    expect(left.reporter.flush(left.tunnel, network.now)).toBe(-1);
    expect(left.reports).toMatchObject([{ type: "rejected", rejections: { tooLong: 1, sendTooBig: 0 } }]);
  });

  it("are answered on a TAP device with their addresses exchanged", () => {
    const network = new MemoryNetwork();
    const device = new MemoryDevice({ kind: "tap" });
    const left = memoryEnd(network, { role: "left", address: A, peer: B, device });
    device.inject(Buffer.concat([Buffer.from("0200000000bb0200000000aa0800", "hex"), tooLong(1)]));
    left.plane.turn(0);
    const [answer = Buffer.alloc(0)] = device.take().map((bytes) => Buffer.from(bytes));
    expect(answer.toString("hex", 0, 14)).toBe("0200000000aa0200000000bb0800");
    expect([answer.readUInt16BE(34), answer.readUInt16BE(40)]).toEqual([0x0304, 9202]);
  });

  it("are answered a hundred times a second at most, and not when nobody may be told", () => {
    const network = new MemoryNetwork();
    const left = memoryEnd(network, { role: "left", address: A, peer: B });
    const flood = (frame: Uint8Array): number => {
      for (let i = 0; i < 300; i++) left.device.inject(frame);
      settle(network, [left], 1);
      return left.device.take().length;
    };
    expect(flood(tooLong(1).fill(224, 16, 17))).toBe(0);
    expect([flood(tooLong(2)), flood(tooLong(3))]).toEqual([100, 0]);
    network.advance(1000);
    expect(flood(tooLong(4))).toBe(100);
    expect(left.plane.tooBigAnswers).toBe(200);
    expect(left.tunnel.counters.drops[DropReason.tooLong]).toBe(1200);
  });

  it("count as answered only when the device took the answer", () => {
    const network = new MemoryNetwork();
    const left = memoryEnd(network, { role: "left", address: A, peer: B });
    left.device.isUp = false;
    left.device.inject(tooLong(1));
    left.plane.turn(0);
    expect([left.plane.tooBigAnswers, left.device.writeErrors]).toEqual([0, 1]);
  });

  it("for the network are reported when the kernel refuses them", () => {
    const network = new MemoryNetwork({ maxDatagramBytes: 1000 });
    const [left] = pair(network);
    left.device.inject(ipPacket(1, 1400));
    left.plane.turn(0);
    expect(left.reporter.flush(left.tunnel, network.now)).toBe(-1);
    expect(left.reports).toMatchObject([{ type: "rejected", rejections: { tooLong: 0, sendTooBig: 1 } }]);
    const outside = { deviceErrors: 0, tooBigAnswers: left.plane.tooBigAnswers };
    const { drops, tooBigAnswers } = left.reporter.snapshot(left.tunnel, outside);
    expect([drops[DropReason.sendTooBig], tooBigAnswers]).toEqual([1, 0]);
  });
});

describe("rejections", () => {
  it("are reported at most once a second, with what came together meanwhile", () => {
    const network = new MemoryNetwork();
    const [left, right] = pair(network, 64);
    const forge = (count: number): void => {
      for (let i = 0; i < count; i++) {
        const from = { address: ELSEWHERE, port: 9 };
        network.inject({ from, to: { address: A, port: 4444 }, bytes: Buffer.alloc(60, i).fill(0, 0, 8) });
      }
      settle(network, [left, right], 1);
    };
    expect(left.reporter.flush(left.tunnel, network.now)).toBe(-1);
    forge(3);
    expect(left.reporter.flush(left.tunnel, 5000)).toBe(-1);
    expect(left.reports).toMatchObject([{ type: "rejected", rejections: { badTags: 3, replays: 0 } }]);
    forge(2);
    expect(left.reporter.flush(left.tunnel, 5400)).toBe(600);
    forge(1);
    expect(left.reports).toHaveLength(1);
    expect(left.reporter.flush(left.tunnel, 6000)).toBe(-1);
    expect(left.reports.at(-1)).toMatchObject({ type: "rejected", rejections: { badTags: 3 } });
    expect(left.reporter.flush(left.tunnel, 9000)).toBe(-1);
    expect(left.reports).toHaveLength(2);
  });
});

describe("runs of datagrams", () => {
  it("are the same to the addon's cipher and to the protocol's", () => {
    const suite = core.effectiveSuite(core.DEFAULT_SUITE);
    const keys = core.deriveMasterKeys({ suite, passphrase: Buffer.from("runs") });
    const near = core.cipherContext(suite, keys, "left");
    const far = core.cipherContext(suite, keys, "right");
    const rows = 200;
    const marked = [native.createSatpCipher(), core.nodeBatchCipher()].map((cipher) => {
      const batch = native.createPacketBatch({ capacity: rows, bytes: rows * 128 });
      const sealing = cipher.addContext(near);
      let sequence = 0xffffffff - 90;
      for (let row = 0; row < rows; row++) {
        const offset = row * 128;
        // each thing that ends a run, at different times
        sequence = (sequence + (row % 17 === 0 ? 2 : row % 23 === 0 ? 0 : 1)) >>> 0;
        const header = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset + offset, 12);
        header.writeUInt32BE(sequence, 0);
        header.writeUInt16BE(row > 40 ? 1 : 0, 4);
        header.writeUInt16BE(row > 60 ? 7 : 6, 6);
        batch.descriptors.set([offset, 12, sealing, native.PACKET_OK], row * native.DESCRIPTOR_WORDS);
        batch.endpoints[row * native.ENDPOINT_WORDS + native.ENDPOINT_PORT] = Math.floor(row / 29);
      }
      cipher.seal(batch, 0, rows);
      const opening = cipher.addContext(far);
      for (let row = 0; row < rows; row++) batch.descriptors[row * native.DESCRIPTOR_WORDS + native.CONTEXT] = opening;
      for (const row of [10, 11, 80]) batch.bytes[row * 128 + 15] = (batch.bytes[row * 128 + 15] ?? 0) ^ 1;
      cipher.open(batch, 0, 100);
      cipher.open(batch, 100, rows - 100);
      cipher.close();
      return Array.from({ length: rows }, (_, row) => batch.descriptors[row * native.DESCRIPTOR_WORDS + native.FLAGS]);
    });
    const [ofAddon = [], ofProtocol = []] = marked;
    expect(ofAddon).toEqual(ofProtocol);
    const { PACKET_OK, PACKET_BAD_TAG, PACKET_FOLLOWS } = native;
    const counts = [PACKET_OK, PACKET_BAD_TAG, PACKET_FOLLOWS].map(
      (flag) => ofAddon.filter((one) => one === flag).length,
    );
    expect(counts[1]).toBe(3);
    expect(counts[2]).toBeGreaterThan(100);
    // ahead of a call there is no row
    expect([ofAddon[0], ofAddon[100]]).toEqual([PACKET_OK, PACKET_OK]);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(rows);
  });
});

describe("the batch layout", () => {
  it("is the same in the protocol and in the addon, which do not know each other", () => {
    const names = [
      ...["DESCRIPTOR_WORDS", "OFFSET", "LENGTH", "CONTEXT", "FLAGS"],
      ...["PACKET_OK", "PACKET_BAD_TAG", "PACKET_TRUNCATED", "PACKET_FOLLOWS", "PACKET_SEGMENT"],
      ...[
        "ENDPOINT_WORDS",
        "ENDPOINT_FAMILY",
        "ENDPOINT_PORT",
        "ENDPOINT_SCOPE",
        "ENDPOINT_SOCKET",
        "ENDPOINT_ADDRESS",
      ],
      ...["HEADROOM_BYTES", "TAILROOM_BYTES"],
    ];
    const layout = (from: object): unknown[] => names.map((name) => [name, Reflect.get(from, name)]);
    expect(layout(native)).toEqual(layout(core));
    expect(layout(core).flat()).not.toContain(undefined);
  });
});
