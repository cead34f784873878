import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import {
  createPacketBatch,
  EventSignal,
  FdPoller,
  parseAddress,
  TunDevice,
  UdpSocket,
  writeEndpoint,
} from "../src/index.ts";
import { bundledLibrary } from "./support/namespace.ts";

const closers: { close(): void }[] = [];

function keep<T extends { close(): void }>(resource: T): T {
  closers.push(resource);
  return resource;
}

afterEach(() => {
  for (const resource of closers.splice(0).reverse()) resource.close();
});

function udp(): UdpSocket {
  return keep(UdpSocket.open({ family: 4, address: "127.0.0.1", id: 0 }));
}

function sendTo(socket: UdpSocket, count = 1): void {
  const batch = createPacketBatch({ capacity: count, bytes: count * 64 });
  for (let i = 0; i < count; i++) {
    batch.descriptors.set([i * 64, 1, 0, 0], i * 4);
    writeEndpoint(batch.endpoints, i, parseAddress("127.0.0.1"), socket.port, 0);
  }
  udp().send(batch, 0, count);
}

function socketDescriptors(): number[] {
  return readdirSync("/proc/self/fd")
    .filter((number) => linkOf(`/proc/self/fd/${number}`).startsWith("socket:"))
    .map(Number);
}

// The descriptor that reads the folder is listed too, and gone by now.
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

describe("a poller", () => {
  it("tells which sources are readable until they are drained", () => {
    const sockets = [udp(), udp(), udp()];
    const poller = keep(new FdPoller(sockets, keep(EventSignal.create())));
    expect(poller.wait(0)).toBe(0);
    for (const i of [0, 2]) {
      const socket = sockets[i];
      if (socket !== undefined) sendTo(socket);
    }
    expect(poller.wait(1000)).toBe(0b101);
    expect(poller.wait(1000)).toBe(0b101);
    sockets[0]?.receive(createPacketBatch({ capacity: 4, bytes: 256 }));
    expect(poller.wait(1000)).toBe(0b100);
  });

  it("returns 0 after the time-out", () => {
    const poller = keep(new FdPoller([udp()], keep(EventSignal.create())));
    const started = performance.now();
    expect(poller.wait(30)).toBe(0);
    expect(performance.now() - started).toBeGreaterThanOrEqual(29);
  });

  it("watches thirty sources and refuses one more", () => {
    const signal = keep(EventSignal.create());
    const sockets = Array.from({ length: 31 }, () => udp());
    const poller = keep(new FdPoller(sockets.slice(0, 30), signal));
    const last = sockets[29];
    if (last !== undefined) sendTo(last);
    expect(poller.wait(1000)).toBe(1 << 29);
    expect(() => new FdPoller(sockets, signal)).toThrow(expect.objectContaining({ code: "ERR_ARGUMENT" }));
  });

  it("is woken by signals, which merge and are used up", () => {
    const signal = keep(EventSignal.create());
    const socket = udp();
    const poller = keep(new FdPoller([socket], signal));
    const other = keep(EventSignal.attach(signal.fd));
    signal.signal();
    other.signal();
    expect(poller.wait(-1)).toBe(0);
    const started = performance.now();
    expect(poller.wait(20)).toBe(0);
    expect(performance.now() - started).toBeGreaterThanOrEqual(19);
    sendTo(socket);
    signal.signal();
    expect(poller.wait(-1)).toBe(1);
  });

  it("looks without sleeping", () => {
    const signal = keep(EventSignal.create());
    const socket = udp();
    const poller = keep(new FdPoller([socket], signal));
    expect(poller.look()).toBe(0);
    sendTo(socket);
    // after packets it looks for a while, and still returns
    for (let i = 0; i < 100; i++) expect(poller.look()).toBe(1);
    expect(poller.wait(-1)).toBe(1);
    socket.receive(createPacketBatch({ capacity: 4, bytes: 256 }));
    expect(poller.look()).toBe(0);
    expect(poller.woken).toBe(false);
    signal.signal();
    expect(poller.look()).toBe(0);
    expect(poller.woken).toBe(true);
  });

  it("notices who keeps the processor", async () => {
    const poller = keep(new FdPoller([], keep(EventSignal.create())));
    const loops = Array.from({ length: 2 * availableParallelism() }, () => spawn("sh", ["-c", "while :; do :; done"]));
    try {
      const end = performance.now() + 10_000;
      do {
        poller.giveWay();
        await new Promise((resolve) => setImmediate(resolve));
      } while (!poller.crowded && performance.now() < end);
      expect(poller.crowded).toBe(true);
      poller.wait(0);
      expect(poller.crowded).toBe(false);
    } finally {
      await Promise.all(
        loops.map((loop) => {
          loop.kill("SIGKILL");
          return once(loop, "exit");
        }),
      );
    }
  });

  it("looks once after others had their turn", () => {
    const signal = keep(EventSignal.create());
    const socket = udp();
    const poller = keep(new FdPoller([socket], signal));
    expect(poller.giveWay()).toBe(0);
    sendTo(socket);
    expect(poller.giveWay()).toBe(1);
    signal.signal();
    expect(poller.giveWay()).toBe(1);
    expect(poller.woken).toBe(true);
  });

  it("looks only once while no processor is idle", async () => {
    const folder = mkdtempSync(join(tmpdir(), "poller-"));
    const file = join(folder, "uptime");
    const socket = udp();
    const batch = createPacketBatch({ capacity: 4, bytes: 256 });
    const blind = keep(new FdPoller([socket], keep(EventSignal.create()), [], 50, file));
    const shortestLookUs = (which: FdPoller): number => {
      sendTo(socket);
      // a packet makes it look for the next one
      expect(which.wait(1000)).toBe(1);
      socket.receive(batch);
      const times = Array.from({ length: 50 }, () => {
        const started = performance.now();
        expect(which.look()).toBe(0);
        return (performance.now() - started) * 1000;
      });
      return Math.min(...times);
    };
    // other programs can end each look early, and then there is none for a while
    const looks = (which: FdPoller): Promise<void> =>
      expect.poll(() => shortestLookUs(which), { timeout: 20_000, interval: 1 }).toBeGreaterThan(49);
    const readingTooOld = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1001));
    try {
      writeFileSync(file, "100.00 1234.50\n");
      const reading = keep(new FdPoller([socket], keep(EventSignal.create()), [], 50, file));
      await looks(reading);
      await readingTooOld();
      expect(shortestLookUs(reading)).toBeLessThan(49);
      writeFileSync(file, "101.00 1235.40\n");
      await readingTooOld();
      await looks(reading);
      // made before there was a file
      await looks(blind);
      await readingTooOld();
      await looks(blind);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("names a source that was closed under it", () => {
    const socket = udp();
    const { label } = socket;
    const poller = keep(new FdPoller([socket], keep(EventSignal.create())));
    socket.close();
    expect(() => poller.wait(1000)).toThrow(`poll(POLLNVAL) ${label}: EBADFD`);
  });

  it("passes over an error that an earlier datagram left on a socket", async () => {
    const target = udp();
    const { port } = target;
    target.close();
    const before = socketDescriptors();
    const connected = keep(createSocket("udp4"));
    await new Promise<void>((resolve) => connected.connect(port, "127.0.0.1", resolve));
    const fd = socketDescriptors().find((number) => !before.includes(number)) ?? -1;
    const poller = keep(new FdPoller([{ fd }], keep(EventSignal.create())));
    expect(poller.wait(0)).toBe(0);
    // Node sends in the next tick and the port refuses at once: the socket reports POLLERR before node's loop, which
    // would take the error away, runs again.
    connected.send(Buffer.of(1));
    await new Promise<void>((resolve) => process.nextTick(resolve));
    const started = performance.now();
    expect(poller.wait(1000) & ~1).toBe(0);
    expect(performance.now() - started).toBeLessThan(900);
    expect(poller.wait(20)).toBe(0);
  });

  it("refuses to wait when closed", () => {
    const poller = new FdPoller([], keep(EventSignal.create()));
    poller.close();
    poller.close();
    expect(() => poller.wait(0)).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  });

  it("that sleeps in a worker is woken from outside, quickly", async () => {
    const { file, env } = await bundledLibrary();
    const signal = keep(EventSignal.create());
    const body = `
      const { workerData, parentPort } = require("node:worker_threads");
      import(workerData.file).then(({ EventSignal, FdPoller }) => {
        const signal = EventSignal.attach(workerData.fd);
        const poller = new FdPoller([], signal);
        parentPort.postMessage("waiting");
        for (let i = 0; i < 20; i++) {
          const result = poller.wait(5000);
          parentPort.postMessage({ result, at: performance.timeOrigin + performance.now() });
        }
        signal.close();
      });`;
    const worker = new Worker(body, { eval: true, env, workerData: { file, fd: signal.fd } });
    const delays: number[] = [];
    await new Promise<void>((resolve, reject) => {
      let sent = 0;
      worker.on("error", reject);
      worker.on("exit", () => resolve());
      worker.on("message", (message: "waiting" | { result: number; at: number }) => {
        if (message !== "waiting") {
          expect(message.result).toBe(0);
          delays.push(message.at - sent);
          if (delays.length === 20) return;
        }
        setTimeout(() => {
          sent = performance.timeOrigin + performance.now();
          signal.signal();
        }, 2);
      });
    });
    const median = delays.sort((a, b) => a - b)[10] ?? Number.NaN;
    expect(delays).toHaveLength(20);
    expect(median).toBeLessThan(50);
  });
});

describe("a signal", () => {
  it("survives the end of the object it was attached to", () => {
    const first = EventSignal.create();
    const second = keep(EventSignal.attach(first.fd));
    const poller = keep(new FdPoller([], second));
    first.signal();
    first.close();
    first.close();
    expect(() => first.signal()).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    expect(poller.wait(0)).toBe(0);
    second.signal();
    expect(poller.wait(5000)).toBe(0);
  });

  it("is not made of a closed descriptor", () => {
    const first = EventSignal.create();
    const { fd } = first;
    first.close();
    expect(() => EventSignal.attach(fd)).toThrow(expect.objectContaining({ code: "EBADF" }));
  });
});

describe("a poller that reads ahead", () => {
  const batchOf = (capacity: number) => createPacketBatch({ capacity, bytes: capacity * 2048 });

  it("has read the first readable source when it returns, once, into the batch that was named", () => {
    const [first, second] = [udp(), udp()];
    const [batch, other] = [batchOf(8), batchOf(8)];
    const readAhead = [first, second].map((source, index) => ({ index, source, batch }));
    const poller = keep(new FdPoller([first, second], keep(EventSignal.create()), readAhead));
    sendTo(first, 3);
    sendTo(second, 2);
    expect(poller.wait(1000)).toBe(0b11);
    // nothing is left of the first in the kernel, and the second was not touched
    expect(poller.wait(0)).toBe(0b10);
    sendTo(first);
    expect(first.receive(other)).toBe(1);
    expect(first.receive(batch)).toBe(3);
    expect(first.receive(batch)).toBe(0);
  });

  it("reads a device as the device itself would", () => {
    const [device, host] = TunDevice.pair("tun", []);
    keep(device);
    keep(host);
    const batch = batchOf(16);
    const poller = keep(new FdPoller([device], keep(EventSignal.create()), [{ index: 0, source: device, batch }]));
    const frames = batchOf(2);
    const frame = Buffer.alloc(60, 7);
    frame[0] = 0x45;
    for (let i = 0; i < 2; i++) {
      frames.bytes.set(frame, i * 64);
      frames.descriptors.set([i * 64, frame.length, 0, 0], i * 4);
    }
    expect(host.write(frames, 0, 2)).toBe(2);
    expect(poller.wait(1000)).toBe(1);
    expect(poller.wait(0)).toBe(0);
    expect(device.read(batch)).toBe(2);
    const [offset = 0, length = 0] = batch.descriptors.subarray(4);
    expect(Buffer.from(batch.bytes.subarray(offset, offset + length))).toEqual(frame);
    expect(device.read(batch)).toBe(0);
  });

  it("leaves the error to the source that it belongs to", () => {
    const socket = keep(UdpSocket.open({ family: 4, address: "127.0.0.1", id: 0, offload: { udpCoalescing: true } }));
    const small = createPacketBatch({ capacity: 4, bytes: 256 });
    const poller = keep(
      new FdPoller([socket], keep(EventSignal.create()), [{ index: 0, source: socket, batch: small }]),
    );
    sendTo(socket);
    expect(poller.wait(1000)).toBe(1);
    expect(() => socket.receive(small)).toThrow(expect.objectContaining({ code: "ERR_BATCH" }));
  });

  it("is the only one that reads a source, until it is closed", () => {
    const socket = udp();
    const batch = batchOf(4);
    const signal = keep(EventSignal.create());
    const open = () => keep(new FdPoller([socket], signal, [{ index: 0, source: socket, batch }]));
    const poller = open();
    expect(open).toThrow(expect.objectContaining({ code: "ERR_ARGUMENT" }));
    poller.close();
    sendTo(socket);
    expect(open().wait(1000)).toBe(1);
    expect(socket.receive(batch)).toBe(1);
  });
});
