import { requires } from "satp-tools/lab";
import { afterEach, describe, expect, it } from "vitest";
import {
  createPacketBatch,
  endpointAddress,
  joinedBatchSize,
  type PacketBatch,
  parseAddress,
  SendError,
  UdpSocket,
  type UdpSocketOptions,
  writeEndpoint,
} from "../src/index.ts";
import { flagsOf, packetOf, setRow } from "./support/batch.ts";
import { inNamespace } from "./support/namespace.ts";

const open: UdpSocket[] = [];

function udp(options: Partial<UdpSocketOptions> = {}): UdpSocket {
  const family = options.family ?? 4;
  const address = family === 4 ? "127.0.0.1" : "::1";
  const socket = UdpSocket.open({ family, address, id: 0, offload: { udpCoalescing: true }, ...options });
  open.push(socket);
  return socket;
}

afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

interface Planned {
  readonly to: UdpSocket;
  readonly bytes: number;
}

function rows(planned: readonly Planned[]): PacketBatch {
  const batch = createPacketBatch({ capacity: planned.length, bytes: planned.length * 9024 });
  planned.forEach(({ to, bytes }, i) => {
    setRow(
      batch,
      i,
      i * 9024,
      Uint8Array.from({ length: bytes }, (_, at) => (at * 7 + i) & 0xff),
    );
    writeEndpoint(batch.endpoints, i, parseAddress(to.address), to.port, 0);
  });
  return batch;
}

function receiveAll(socket: UdpSocket, batch = createPacketBatch(joinedBatchSize())): Buffer[] {
  const packets: Buffer[] = [];
  for (let count = socket.receive(batch); count > 0; count = socket.receive(batch)) {
    for (let i = 0; i < count; i++) {
      expect(flagsOf(batch, i)).toBe(0);
      packets.push(packetOf(batch, i));
    }
  }
  return packets;
}

function packetsOf(batch: PacketBatch): Buffer[] {
  return Array.from({ length: batch.capacity }, (_, i) => packetOf(batch, i));
}

describe.each([4, 6] as const)("runs of datagrams over IPv%i", (family) => {
  it("leave as one message, arrive as one, and are the same datagrams then", () => {
    const [sender, receiver] = [udp({ family }), udp({ family, id: 7 })];
    expect(sender.offloads).toEqual(["segmentation", "coalescing"]);
    const out = rows([
      ...Array.from({ length: 30 }, () => ({ to: receiver, bytes: 1420 })),
      { to: receiver, bytes: 77 },
    ]);
    expect(sender.send(out, 0, 31)).toBe(31);
    expect(sender.offloadCounters).toMatchObject({ segmentedSends: 1, segmentedDatagrams: 31, refusedSends: 0 });
    const batch = createPacketBatch(joinedBatchSize());
    expect(receiver.receive(batch)).toBe(31);
    expect(receiver.offloadCounters).toMatchObject({ coalescedReceives: 1, coalescedDatagrams: 31, lostDatagrams: 0 });
    for (let i = 0; i < 31; i++) {
      expect(packetOf(batch, i).equals(packetOf(out, i))).toBe(true);
      const [ownFamily, port, scope, id] = batch.endpoints.subarray(i * 8);
      expect([ownFamily, port, scope, id]).toEqual([family, sender.port, 0, 7]);
      expect(endpointAddress(batch.endpoints, i)).toBe(sender.address);
    }
  });

  it("are the same when they lie end to end, all of them or some", () => {
    const [sender, receiver] = [udp({ family }), udp({ family, id: 7 })];
    const sizes = [...Array.from({ length: 60 }, () => 1000), 300, 1000, 1000];
    const out = createPacketBatch({ capacity: sizes.length, bytes: 80_000 });
    let at = 0;
    sizes.forEach((bytes, i) => {
      if (i % 7 === 3) at += 5;
      setRow(
        out,
        i,
        at,
        Uint8Array.from({ length: bytes }, (_, byte) => (byte * 7 + i) & 0xff),
      );
      writeEndpoint(out.endpoints, i, parseAddress(receiver.address), receiver.port, 0);
      at += bytes;
    });
    expect(sender.send(out, 0, sizes.length)).toBe(sizes.length);
    expect(sender.offloadCounters).toMatchObject({ segmentedSends: 2, segmentedDatagrams: 63 });
    expect(receiveAll(receiver)).toEqual(packetsOf(out));
  });

  it("are at most 64 and 65,000 bytes long", () => {
    const [sender, receiver] = [udp({ family }), udp({ family })];
    const small = rows(Array.from({ length: 130 }, () => ({ to: receiver, bytes: 20 })));
    expect(sender.send(small, 0, 130)).toBe(130);
    expect(sender.offloadCounters).toMatchObject({ segmentedSends: 3, segmentedDatagrams: 130 });
    expect(receiveAll(receiver)).toEqual(packetsOf(small));
    const long = rows(Array.from({ length: 46 }, () => ({ to: receiver, bytes: 1420 })));
    expect(sender.send(long, 0, 46)).toBe(46);
    expect(sender.offloadCounters).toMatchObject({ segmentedSends: 4, segmentedDatagrams: 175 });
    expect(receiveAll(receiver)).toEqual(packetsOf(long));
  });

  it("end where size or destination change, and order stays", () => {
    const [sender, one, two] = [udp({ family }), udp({ family }), udp({ family })];
    const plan: [UdpSocket, number][] = [
      ...[one, one, one].map((to): [UdpSocket, number] => [to, 500]),
      ...[two, two].map((to): [UdpSocket, number] => [to, 500]),
      ...[one, one].map((to): [UdpSocket, number] => [to, 400]),
      ...[one, one].map((to): [UdpSocket, number] => [to, 600]),
      ...[0, 0, 5, 0].map((bytes): [UdpSocket, number] => [one, bytes]),
    ];
    const out = rows(plan.map(([to, bytes]) => ({ to, bytes })));
    expect(sender.send(out, 0, plan.length)).toBe(plan.length);
    expect(sender.offloadCounters).toMatchObject({ segmentedSends: 4, segmentedDatagrams: 9 });
    const sent = (to: UdpSocket): Buffer[] => packetsOf(out).filter((_, i) => plan[i]?.[0] === to);
    expect(receiveAll(one)).toEqual(sent(one));
    expect(receiveAll(two)).toEqual(sent(two));
  });
});

describe("offloads of a socket", () => {
  it("can be switched off one by one", () => {
    const receiver = udp();
    for (const udpSegmentation of [true, false]) {
      const sender = udp({ offload: { udpSegmentation } });
      expect(sender.offloads).toEqual(udpSegmentation ? ["segmentation"] : []);
      const out = rows(Array.from({ length: 20 }, () => ({ to: receiver, bytes: 1000 })));
      expect(sender.send(out, 0, 20)).toBe(20);
      expect(sender.offloadCounters.segmentedDatagrams).toBe(udpSegmentation ? 20 : 0);
      expect(receiveAll(receiver)).toEqual(packetsOf(out));
    }
    expect(receiver.offloadCounters).toMatchObject({ coalescedReceives: 1, coalescedDatagrams: 20 });
  });

  it("go with it to another thread", () => {
    const socket = udp({ offload: { udpSegmentation: false, udpCoalescing: true } });
    const attached = UdpSocket.attach(socket.detach());
    open.push(attached);
    expect(attached.offloads).toEqual(["coalescing"]);
  });

  it("need a batch with room for joined datagrams", () => {
    const receiver = udp();
    expect(() => receiver.receive(createPacketBatch({ capacity: 100, bytes: 1 << 20 }))).toThrow(/joinedBatchSize/);
    expect(() => receiver.receive(createPacketBatch({ capacity: 200, bytes: 60_000 }))).toThrow(/joinedBatchSize/);
  });

  it("end a burst before the batch could overflow, and lose nothing", () => {
    const [sender, receiver] = [udp(), udp({ receiveBuffer: 64 << 20 })];
    const out = rows(Array.from({ length: 640 }, (_, i) => ({ to: receiver, bytes: i % 3 === 0 ? 99 : 100 })));
    const runs = rows(Array.from({ length: 640 }, () => ({ to: receiver, bytes: 50 })));
    expect(sender.send(out, 0, 640) + sender.send(runs, 0, 640)).toBe(1280);
    // room for two messages at once
    const batch = createPacketBatch({ capacity: 256, bytes: 8 * 65_664 });
    expect(receiveAll(receiver, batch)).toEqual([...packetsOf(out), ...packetsOf(runs)]);
    expect(receiver.offloadCounters.lostDatagrams).toBe(0);
  });
});

describe("a network that does not take segments", requires("root", "unshare", "ip", "tun"), () => {
  it("narrower than a datagram: they are fragmented one by one, without asking again, and shorter ones still go in runs", async () => {
    const result = await inNamespace(({ tun, run }) => {
      run("ip", "link", "set", "lo", "mtu", "1500");
      const sender = tun.UdpSocket.open({ family: 4, id: 0 });
      const receiver = tun.UdpSocket.open({ family: 4, address: "127.0.0.1", id: 0 });
      const batch = tun.createPacketBatch({ capacity: 10, bytes: 10 * 2048 });
      const into = tun.createPacketBatch({ capacity: 64, bytes: 64 * 2048 });
      const send = (bytes: number): unknown[] => {
        for (let i = 0; i < 10; i++) {
          batch.descriptors.set([i * 2048, bytes, 0, 0], i * 4);
          tun.writeEndpoint(batch.endpoints, i, tun.parseAddress("127.0.0.1"), receiver.port, 0);
        }
        const sent = sender.send(batch, 0, 10);
        const { segmentedSends, refusedSends } = sender.offloadCounters;
        return [sent, receiver.receive(into), into.descriptors[9 * 4 + 1], segmentedSends, refusedSends];
      };
      const wide = send(1472);
      const narrow = send(1473);
      const again = send(1600);
      const short = send(1400);
      return { wide, narrow, again, short, offloads: sender.offloads, errors: [...sender.sendErrors] };
    });
    expect(result).toEqual({
      wide: [10, 10, 1472, 1, 0],
      narrow: [10, 10, 1473, 1, 1],
      again: [10, 10, 1600, 1, 1],
      short: [10, 10, 1400, 2, 1],
      offloads: ["segmentation"],
      errors: [0, 0, 0, 0],
    });
  });

  it("narrow for one destination: the others keep their runs", async () => {
    const result = await inNamespace(({ tun, run }) => {
      run("ip", "link", "set", "lo", "mtu", "9000");
      run("ip", "route", "add", "local", "127.0.0.9", "dev", "lo", "table", "local", "mtu", "1280");
      const sender = tun.UdpSocket.open({ family: 4, address: "127.0.0.1", id: 0 });
      const receiver = tun.UdpSocket.open({ family: 4, id: 0 });
      const batch = tun.createPacketBatch({ capacity: 20, bytes: 20 * 2048 });
      for (let i = 0; i < 20; i++) {
        batch.descriptors.set([i * 2048, 1400, 0, 0], i * 4);
        const address = tun.parseAddress(i < 10 ? "127.0.0.9" : "127.0.0.8");
        tun.writeEndpoint(batch.endpoints, i, address, receiver.port, 0);
      }
      const into = tun.createPacketBatch({ capacity: 64, bytes: 64 * 2048 });
      const counts = [1, 2].map(() => [sender.send(batch, 0, 20), receiver.receive(into)]);
      const { segmentedDatagrams, refusedSends } = sender.offloadCounters;
      return { counts, segmentedDatagrams, refusedSends };
    });
    expect(result).toEqual({
      counts: [
        [20, 20],
        [20, 20],
      ],
      segmentedDatagrams: 20,
      refusedSends: 1,
    });
  });

  it("unreachable: each datagram of a run is counted, and those behind it leave", async () => {
    const result = await inNamespace(({ tun }) => {
      const sender = tun.UdpSocket.open({ family: 4, id: 0 });
      const receiver = tun.UdpSocket.open({ family: 4, address: "127.0.0.1", id: 0 });
      const batch = tun.createPacketBatch({ capacity: 9, bytes: 9 * 2048 });
      for (let i = 0; i < 9; i++) {
        batch.descriptors.set([i * 2048, 100, 0, 0], i * 4);
        const address = tun.parseAddress(i < 5 ? "192.0.2.1" : "127.0.0.1");
        tun.writeEndpoint(batch.endpoints, i, address, receiver.port, 0);
      }
      const sent = sender.send(batch, 0, 9);
      const { refusedSends } = sender.offloadCounters;
      const into = tun.createPacketBatch({ capacity: 64, bytes: 64 * 2048 });
      return { sent, received: receiver.receive(into), errors: [...sender.sendErrors], refusedSends };
    });
    const errors = [0, 0, 0, 0];
    errors[SendError.unreachable] = 5;
    expect(result).toEqual({ sent: 4, received: 4, errors, refusedSends: 0 });
  });
});
