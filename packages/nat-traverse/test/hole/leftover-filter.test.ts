import { createSocket } from "node:dgram";
import { createPacketBatch, DESCRIPTOR_WORDS, LENGTH, OFFSET, setSocketFilter, UdpSocket } from "tun-native";
import { describe, expect, it } from "vitest";
import { leftoverFilter } from "../../src/hole/leftover-filter.ts";
import { PacketKind, writeControl } from "../../src/wire.ts";

const control = { kind: PacketKind.bye, capabilities: 1, session: 7n, heardSession: 9n, body: Uint8Array.of(1) };

describe("the filter of a command's socket", () => {
  it("lets everything through but what ends of this program say to each other", async () => {
    const dropped = ["nat-traverse-garbage", "nat-traverse-ackacka", Buffer.from(writeControl(control))];
    const passed = [
      "",
      "x",
      "nat-traverse",
      "nat-traverse-garbagX",
      "nat-traverse-ackackaX",
      "nat-traverse-garbageX",
      "nat-traverse-garbage\0nt\u0002 of a later version",
      "x".repeat(20),
      "x".repeat(20_000),
      "the end",
    ];
    using socket = UdpSocket.open({ family: 4, address: "127.0.0.1", port: 0, id: 0 });
    setSocketFilter(socket.fd, leftoverFilter());
    const sender = createSocket("udp4");
    for (const datagram of [...dropped, ...passed.slice(0, -1), ...dropped, ...passed.slice(-1)]) {
      await new Promise<void>((resolve) => sender.send(datagram, socket.port, "127.0.0.1", () => resolve()));
    }
    sender.close();
    const batch = createPacketBatch({ capacity: 32, bytes: 32 * 65_664 });
    const received: string[] = [];
    while (received.at(-1) !== "the end") {
      const count = socket.receive(batch);
      for (let row = 0; row < count; row++) {
        const offset = batch.descriptors[row * DESCRIPTOR_WORDS + OFFSET] ?? 0;
        const length = batch.descriptors[row * DESCRIPTOR_WORDS + LENGTH] ?? 0;
        received.push(Buffer.from(batch.bytes.subarray(offset, offset + length)).toString("latin1"));
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(received).toEqual(passed);
  });
});
