import { createSocket } from "node:dgram";
import { requires } from "satp-tools/lab";
import { afterEach, describe, expect, it } from "vitest";
import {
  createPacketBatch,
  ENDPOINT_SOCKET,
  ENDPOINT_WORDS,
  endpointAddress,
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
  const socket = UdpSocket.open({ family, address: family === 4 ? "127.0.0.1" : "::1", id: 0, ...options });
  open.push(socket);
  return socket;
}

afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

function datagrams(count: number, to: { address: string; port: number }, bytes: (i: number) => number): PacketBatch {
  const batch = createPacketBatch({ capacity: count, bytes: count * 2048 });
  for (let i = 0; i < count; i++) {
    setRow(batch, i, i * 2048, new Uint8Array(bytes(i)).fill(i & 0xff));
    writeEndpoint(batch.endpoints, i, parseAddress(to.address), to.port, 0);
  }
  return batch;
}

function failureOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe.each([4, 6] as const)("IPv%i datagrams", (family) => {
  it("arrive whole, in order, with their source as numbers", () => {
    const sender = udp({ family });
    const receiver = udp({ family, id: 9 });
    const out = datagrams(150, receiver, (i) => i * 7);
    expect(sender.send(out, 0, 150)).toBe(150);
    const batch = createPacketBatch({ capacity: 200, bytes: 200 * 2048 });
    expect(receiver.receive(batch)).toBe(150);
    for (let i = 0; i < 150; i++) {
      expect(packetOf(batch, i).equals(packetOf(out, i))).toBe(true);
      expect(flagsOf(batch, i)).toBe(0);
    }
    const words = [...batch.endpoints.subarray(149 * ENDPOINT_WORDS, 150 * ENDPOINT_WORDS)];
    const address = family === 4 ? [0x7f000001, 0, 0, 0] : [0, 0, 0, 1];
    expect(words).toEqual([family, sender.port, 0, 9, ...address]);
    expect(endpointAddress(batch.endpoints, 149)).toBe(family === 4 ? "127.0.0.1" : "::1");
    expect(receiver.receive(batch)).toBe(0);
  });

  it("can be answered with the endpoint row as it came", () => {
    const [left, right] = [udp({ family }), udp({ family })];
    left.send(
      datagrams(1, right, () => 10),
      0,
      1,
    );
    const batch = createPacketBatch({ capacity: 4, bytes: 8192 });
    expect(right.receive(batch)).toBe(1);
    expect(right.send(batch, 0, 1)).toBe(1);
    expect(left.receive(batch)).toBe(1);
    expect(packetOf(batch, 0)).toHaveLength(10);
  });

  it("are received no more than the batch holds; the rest waits", () => {
    const [sender, receiver] = [udp({ family }), udp({ family })];
    sender.send(
      datagrams(10, receiver, () => 1),
      0,
      10,
    );
    const batch = createPacketBatch({ capacity: 4, bytes: 4 * 512 });
    expect([1, 2, 3, 4].map(() => receiver.receive(batch))).toEqual([4, 4, 2, 0]);
  });

  it("longer than their slot are cut and flagged", () => {
    const [sender, receiver] = [udp({ family }), udp({ family })];
    // 1024 bytes per row are 16 cache lines: slots have an odd number of them.
    const batch = createPacketBatch({ capacity: 4, bytes: 4 * 1024 });
    sender.send(
      datagrams(3, receiver, (i) => 959 + i),
      0,
      3,
    );
    expect(receiver.receive(batch)).toBe(3);
    expect([0, 1, 2].map((i) => [packetOf(batch, i).length, flagsOf(batch, i)])).toEqual([
      [959, 0],
      [960, 0],
      [960, 2],
    ]);
  });

  it("without payload are datagrams too", () => {
    const [sender, receiver] = [udp({ family }), udp({ family })];
    expect(
      sender.send(
        datagrams(1, receiver, () => 0),
        0,
        1,
      ),
    ).toBe(1);
    const batch = createPacketBatch({ capacity: 4, bytes: 8192 });
    expect(receiver.receive(batch)).toBe(1);
    expect(packetOf(batch, 0)).toHaveLength(0);
  });
});

describe("a socket", () => {
  it("gets a port from the kernel and says where it is", () => {
    const socket = udp();
    expect(socket.port).toBeGreaterThan(1023);
    expect(socket.label).toBe(`127.0.0.1:${socket.port}`);
    expect(udp({ family: 6 }).label).toMatch(/^\[::1\]:\d+$/);
  });

  it("names address and errno when the port is taken", () => {
    const { port } = udp();
    expect(failureOf(() => udp({ port }))).toMatchObject({
      code: "EADDRINUSE",
      errno: 98,
      syscall: "bind",
      object: `127.0.0.1:${port}`,
      message: `bind 127.0.0.1:${port}: EADDRINUSE (Address already in use)`,
    });
  });

  it.each<[string, Partial<UdpSocketOptions>, string]>([
    ["an address of nobody", { address: "192.0.2.1" }, "EADDRNOTAVAIL"],
    ["an address of the other family", { address: "::1" }, "ERR_ARGUMENT"],
    ["a name", { address: "localhost" }, "ERR_ARGUMENT"],
    ["a port out of range", { port: 65536 }, "ERR_ARGUMENT"],
    ["half a port", { port: 1.5 }, "ERR_ARGUMENT"],
    ["an interface that is not there", { device: "nosuchif0" }, "ENODEV"],
    ["a scope that is not there", { family: 6, address: "fe80::1%nosuchif0" }, "ENODEV"],
    ["a buffer without bytes", { receiveBuffer: 0 }, "ERR_ARGUMENT"],
  ])("refuses %s", (_name, options, code) => {
    expect(failureOf(() => udp(options))).toMatchObject({ code });
  });

  it("of family 6 takes no IPv4, so both can have one port", () => {
    const wide = udp({ family: 6, address: "::" });
    const narrow = udp({ address: "127.0.0.1", port: wide.port });
    const sender = udp();
    sender.send(
      datagrams(1, narrow, () => 5),
      0,
      1,
    );
    const batch = createPacketBatch({ capacity: 4, bytes: 8192 });
    expect(wide.receive(batch)).toBe(0);
    expect(narrow.receive(batch)).toBe(1);
  });

  it("goes from one owner to another with its queue", () => {
    const socket = udp({ id: 5 });
    const { port } = socket;
    udp().send(
      datagrams(1, socket, () => 5),
      0,
      1,
    );
    const attached = UdpSocket.attach(socket.detach());
    open.push(attached);
    expect(failureOf(() => socket.receive(createPacketBatch({ capacity: 1, bytes: 64 })))).toMatchObject({
      code: "ERR_CLOSED",
    });
    const batch = createPacketBatch({ capacity: 4, bytes: 8192 });
    expect(attached.receive(batch)).toBe(1);
    expect(batch.endpoints[ENDPOINT_SOCKET]).toBe(5);
    expect(attached.port).toBe(port);
  });

  it("refuses rows outside the arena before it sends any", () => {
    const [sender, receiver] = [udp(), udp()];
    const batch = datagrams(3, receiver, () => 5);
    batch.descriptors.set([batch.bytes.length - 4, 5], 8);
    expect(failureOf(() => sender.send(batch, 0, 3))).toMatchObject({ code: "ERR_BATCH" });
    expect(failureOf(() => sender.send(batch, 2, 2))).toMatchObject({ code: "ERR_BATCH" });
    expect(receiver.receive(createPacketBatch({ capacity: 4, bytes: 8192 }))).toBe(0);
  });

  it("skips what cannot be sent, counts why, and sends the rest", () => {
    const [sender, receiver] = [udp(), udp()];
    const batch = datagrams(5, receiver, (i) => i);
    batch.endpoints[0] = 0;
    batch.endpoints[2 * ENDPOINT_WORDS] = 6;
    expect(sender.send(batch, 0, 5)).toBe(3);
    expect(sender.sendErrors[SendError.other]).toBe(2);
    expect(sender.lastSendErrno).toBe(97);
    expect(receiver.receive(createPacketBatch({ capacity: 8, bytes: 8 * 512 }))).toBe(3);
  });

  it.each([
    { family: 4, address: "127.0.0.1", most: 65_507 },
    { family: 6, address: "::1", most: 65_527 },
  ] as const)("counts what is longer than IPv$family can carry as too big", ({ family, address, most }) => {
    const [sender, receiver] = [udp({ family }), udp({ family })];
    const batch = createPacketBatch({ capacity: 3, bytes: 3 * 66_000 });
    [10, most + 1, most].forEach((length, i) => {
      batch.descriptors.set([i * 66_000, length, 0, 0], i * 4);
      writeEndpoint(batch.endpoints, i, parseAddress(address), receiver.port, 0);
    });
    expect(sender.send(batch, 0, 3)).toBe(2);
    expect([...sender.sendErrors]).toEqual([0, 1, 0, 0]);
    expect(sender.lastSendErrno).toBe(90);
    const into = createPacketBatch({ capacity: 3, bytes: 3 * 66_000 });
    expect(receiver.receive(into)).toBe(2);
    expect(packetOf(into, 1)).toHaveLength(most);
  });

  it("does not lose datagrams to a port that nobody listens on", async () => {
    const [sender, receiver] = [udp(), udp()];
    const { port: refused } = udp();
    open.pop()?.close();
    for (let round = 0; round < 20; round++) {
      const batch = datagrams(2, receiver, () => 5);
      batch.endpoints[1] = refused;
      expect(sender.send(batch, 0, 2)).toBe(2);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([...sender.sendErrors]).toEqual([0, 0, 0, 0]);
    expect(receiver.receive(createPacketBatch({ capacity: 64, bytes: 64 * 512 }))).toBe(20);
    expect(sender.receive(createPacketBatch({ capacity: 4, bytes: 8192 }))).toBe(0);
  });

  it("understands node's own sockets", async () => {
    const peer = createSocket("udp4");
    await new Promise<void>((resolve) => peer.bind(0, "127.0.0.1", resolve));
    const socket = udp();
    const heard = new Promise<string>((resolve) => peer.once("message", (bytes) => resolve(bytes.toString("latin1"))));
    socket.send(
      datagrams(1, { address: "127.0.0.1", port: peer.address().port }, () => 3),
      0,
      1,
    );
    expect(await heard).toBe("\0\0\0");
    peer.close();
  });
});

describe("a network that does not take everything", requires("root", "unshare", "ip", "tun"), () => {
  it("gives unreachable, and the datagrams behind it still leave", async () => {
    const result = await inNamespace(({ tun, same }) => {
      const sender = tun.UdpSocket.open({ family: 4, id: 0 });
      const receiver = tun.UdpSocket.open({ family: 4, address: "127.0.0.1", id: 0 });
      const batch = tun.createPacketBatch({ capacity: 3, bytes: 6144 });
      ["192.0.2.1", "127.0.0.1", "192.0.2.2"].forEach((address, i) => {
        batch.descriptors.set([i * 2048, 10, 0, 0], i * 4);
        tun.writeEndpoint(batch.endpoints, i, tun.parseAddress(address), receiver.port, 0);
      });
      const sent = sender.send(batch, 0, 3);
      same(receiver.receive(batch), 1);
      return { sent, errors: [...sender.sendErrors], errno: sender.lastSendErrno };
    });
    expect(result).toEqual({ sent: 1, errors: [0, 0, 2, 0], errno: 101 });
  });

  it.each([4, 6] as const)(
    "fragments over IPv%i what is longer than the path takes, and refuses nothing",
    async (family) => {
      const result = await inNamespace(
        ({ tun, run }) => {
          run("ip", "link", "set", "lo", "mtu", "1280");
          const family = process.env["FAMILY"] === "4" ? 4 : 6;
          const address = family === 4 ? "127.0.0.1" : "::1";
          const sender = tun.UdpSocket.open({ family, id: 0 });
          const receiver = tun.UdpSocket.open({ family, address, id: 0 });
          const lengths = [1, 1232, 1233, 1253, 9246, 40_000, 65_507];
          const batch = tun.createPacketBatch({ capacity: lengths.length, bytes: lengths.length * 66_000 });
          lengths.forEach((length, i) => {
            batch.descriptors.set([i * 66_000, length, 0, 0], i * 4);
            tun.writeEndpoint(batch.endpoints, i, tun.parseAddress(address), receiver.port, 0);
          });
          const sent = sender.send(batch, 0, lengths.length);
          const received = Array.from({ length: receiver.receive(batch) }, (_, i) => batch.descriptors[i * 4 + 1]);
          return { sent, errors: [...sender.sendErrors], received };
        },
        [],
        { FAMILY: `${family}` },
      );
      expect(result).toEqual({ sent: 7, errors: [0, 0, 0, 0], received: [1, 1232, 1233, 1253, 9246, 40_000, 65_507] });
    },
  );

  it("drops as full what does not fit the send buffer, within a few milliseconds", async () => {
    const result = await inNamespace(({ tun }) => {
      // Nobody answers ARP behind this device: datagrams wait for an answer and keep the send buffer occupied.
      const device = tun.TunDevice.open({ kind: "tap", name: "t0" });
      const set = new tun.NetworkInterface("t0");
      set.addAddress({ address: "10.0.0.1", prefixLength: 24 });
      set.isUp = true;
      const sender = tun.UdpSocket.open({ family: 4, id: 0, sendBuffer: 20_000 });
      const batch = tun.createPacketBatch({ capacity: 200, bytes: 200 * 1024 });
      for (let i = 0; i < 200; i++) {
        batch.descriptors.set([i * 1024, 1000, 0, 0], i * 4);
        tun.writeEndpoint(batch.endpoints, i, tun.parseAddress("10.0.0.2"), 9, 0);
      }
      const started = performance.now();
      const sent = sender.send(batch, 0, 200);
      const ms = performance.now() - started;
      device.close();
      return { sent, full: sender.sendErrors[0], ms, errno: sender.lastSendErrno };
    });
    expect(result.sent).toBeGreaterThan(0);
    expect(result.sent + (result.full ?? 0)).toBe(200);
    expect(result.full).toBeGreaterThan(0);
    expect(result.errno).toBe(11);
    expect(result.ms).toBeLessThan(500);
  });

  it("keeps a socket to its interface", async () => {
    const result = await inNamespace(({ tun, run }) => {
      run("ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1");
      const bound = tun.UdpSocket.open({ family: 4, id: 0, device: "d0" });
      const batch = tun.createPacketBatch({ capacity: 1, bytes: 2048 });
      batch.descriptors.set([0, 10, 0, 0]);
      tun.writeEndpoint(batch.endpoints, 0, tun.parseAddress("127.0.0.1"), 9, 0);
      return [bound.send(batch, 0, 1), bound.sendErrors[2]];
    });
    expect(result).toEqual([0, 1]);
  });

  it("carries link-local addresses with their scope", async () => {
    const result = await inNamespace(({ tun, run }) => {
      run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
      run("ip", "addr", "add", "fe80::1/64", "dev", "v0", "nodad");
      run("ip", "addr", "add", "fe80::2/64", "dev", "v1", "nodad");
      run("ip", "link", "set", "v0", "up");
      run("ip", "link", "set", "v1", "up");
      const left = tun.UdpSocket.open({ family: 6, address: "fe80::1%v0", id: 0 });
      const self = tun.createPacketBatch({ capacity: 1, bytes: 2048 });
      self.descriptors.set([0, 10, 0, 0]);
      const scope = new tun.NetworkInterface("v0").index;
      tun.writeEndpoint(self.endpoints, 0, tun.parseAddress("fe80::1"), left.port, scope);
      left.send(self, 0, 1);
      // a new cable carries nothing for a moment
      const signal = tun.EventSignal.create();
      new tun.FdPoller([left], signal).wait(3000);
      const count = left.receive(self);
      return { count, scope: self.endpoints[2] === scope, address: tun.endpointAddress(self.endpoints, 0) };
    });
    expect(result).toEqual({ count: 1, scope: true, address: "fe80::1" });
  });
});
