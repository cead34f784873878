import { waitUntil } from "satp-tools/lab";
import { afterEach, describe, expect, it } from "vitest";
import {
  createPacketBatch,
  parseAddress,
  ReadableWatch,
  UdpSocket,
  type UdpSocketOptions,
  writeEndpoint,
} from "../src/index.ts";
import { packetOf, setRow } from "./support/batch.ts";

const open: UdpSocket[] = [];

function udp(options: Partial<UdpSocketOptions> = {}): UdpSocket {
  const family = options.family ?? 4;
  const socket = UdpSocket.open({ family, address: loopback(family), id: 0, reuseAddress: true, ...options });
  open.push(socket);
  return socket;
}

function loopback(family: 4 | 6): string {
  return family === 4 ? "127.0.0.1" : "::1";
}

function send(from: UdpSocket, port: number, text: string): number {
  const batch = createPacketBatch({ capacity: 1, bytes: 2048 });
  setRow(batch, 0, 0, Buffer.from(text));
  writeEndpoint(batch.endpoints, 0, parseAddress(loopback(from.family)), port, 0);
  return from.send(batch, 0, 1);
}

function received(socket: UdpSocket): string[] {
  const batch = createPacketBatch({ capacity: 8, bytes: 8 * 2048 });
  const count = socket.receive(batch);
  return Array.from({ length: count }, (_, i) => packetOf(batch, i).toString());
}

afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

describe.each([4, 6] as const)("sockets that look for a peer over IPv%i", (family) => {
  it("share a port, and the connected one gets its peer's datagrams", () => {
    const [peer, stranger] = [udp({ family }), udp({ family })];
    const any = udp({ family });
    const connected = udp({ family, port: any.port });
    connected.connect(loopback(family), peer.port);
    send(peer, any.port, "peer");
    send(stranger, any.port, "stranger");
    expect(received(connected)).toEqual(["peer"]);
    expect(received(any)).toEqual(["stranger"]);
  });

  it("hear which datagram nobody took", async () => {
    const socket = udp({ family, errorReports: true });
    const gone = udp({ family });
    const { port } = gone;
    gone.close();
    send(socket, port, "to nobody");
    const report = await waitUntil(() => socket.receiveError());
    expect({ ...report, payload: Buffer.from(report.payload).toString() }).toEqual({
      ...{
        errno: "ECONNREFUSED",
        isIcmp: true,
        isExpired: false,
        by: loopback(family),
        address: loopback(family),
        port,
      },
      payload: "to nobody",
    });
    expect(socket.receiveError()).toBeUndefined();
  });

  it("forget what is pending when reports are switched off", async () => {
    const socket = udp({ family });
    const gone = udp({ family });
    const { port } = gone;
    gone.close();
    socket.connect(loopback(family), port);
    send(socket, port, "to nobody");
    socket.setErrorReports(false);
    const peer = udp({ family, port });
    expect(send(socket, port, "to somebody")).toBe(1);
    expect(received(peer)).toEqual(["to somebody"]);
  });

  it("look at a datagram and leave it", () => {
    const [left, right] = [udp({ family }), udp({ family })];
    const bytes = new Uint8Array(4);
    expect(right.peek(bytes)).toBeUndefined();
    send(left, right.port, "whole");
    expect(right.peek(bytes)).toBe(5);
    expect(Buffer.from(bytes).toString()).toBe("whol");
    expect(received(right)).toEqual(["whole"]);
  });

  it("send with few hops and with the usual ones", () => {
    const [left, right] = [udp({ family }), udp({ family })];
    left.setTtl(1);
    send(left, right.port, "one");
    left.setTtl(undefined);
    send(left, right.port, "many");
    expect(received(right)).toEqual(["one", "many"]);
    expect(() => left.setTtl(300)).toThrow(/IP_TTL/);
  });

  it("wake the event loop, once for each time they were asked", async () => {
    const [left, right] = [udp({ family }), udp({ family })];
    let calls = 0;
    const watch = new ReadableWatch(right, () => {
      calls += 1;
    });
    try {
      send(left, right.port, "one");
      watch.arm();
      await waitUntil(() => calls === 1);
      watch.arm();
      await waitUntil(() => calls === 2);
    } finally {
      watch.close();
      watch.close();
    }
  });
});
