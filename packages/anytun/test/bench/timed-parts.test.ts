/** The benchmark's ends in memory: they talk as the product's do, and their clocks count what went through. */
import { nodeBatchCipher, type Role } from "satp-core";
import { createPacketBatch } from "tun-native";
import { MemoryDevice, MemoryNetwork, MemoryPoller } from "tun-native/testing";
import { describe, expect, it } from "vitest";
import { noEvents, populate, type RunnerOptions, trafficMux } from "../../bench/setup.ts";
import { STAGES, type StageClocks, stageClocks } from "../../bench/stage-clock.ts";
import { TimedTunnel, timedCipher, timedDevice, timedPoller, timedSocket } from "../../bench/timed-parts.ts";
import { DataPlane } from "../../src/data-plane/data-plane.ts";
import { ipPacket, numbersOf } from "../data-plane/memory-tunnel.ts";

interface TimedEnd {
  readonly plane: DataPlane;
  readonly device: MemoryDevice;
  readonly clocks: StageClocks;
}

/** Every reading of the clock is a millisecond after the one before. */
function timedEnd(network: MemoryNetwork, role: Role, scale: Pick<RunnerOptions, "peers" | "routes">): TimedEnd {
  let time = 0;
  const clocks = stageClocks(() => time++);
  const [address, peer] = role === "left" ? ["192.0.2.1", "192.0.2.2"] : ["192.0.2.2", "192.0.2.1"];
  const cipher = nodeBatchCipher();
  const tunnel = new TimedTunnel(
    {
      kind: "tun",
      mux: trafficMux(scale.peers),
      windowSize: 0,
      routing: scale.routes === 0 ? "single" : "routes",
      autodetect: undefined,
      events: noEvents,
    },
    clocks,
  );
  populate(tunnel, cipher, { role, peer, inside: "10.99.0.1", peerInside: "10.99.0.2", ...scale });
  expect(tunnel.routes.size).toBe(scale.routes);
  expect([...tunnel.peers]).toHaveLength(scale.peers);
  const device = new MemoryDevice();
  const socket = network.socket({ family: 4, address, port: 4444, id: 0 });
  const plane = new DataPlane({
    device: timedDevice(device, clocks),
    sockets: [timedSocket(socket, clocks)],
    poller: timedPoller(new MemoryPoller([device, socket]), clocks),
    cipher: timedCipher(cipher, clocks),
    tunnel,
    frames: createPacketBatch({ capacity: 32, bytes: 32 * 9728 }),
    datagrams: createPacketBatch({ capacity: 32, bytes: 32 * 2048 }),
  });
  return { plane, device, clocks };
}

/** The packets of the other tests, to 10.99.0.2. */
function toPeer(number: number): Uint8Array {
  const packet = ipPacket(number);
  packet.set([10, 99, 0, 2], 16);
  return packet;
}

describe("an end with clocks", () => {
  it.each([
    { peers: 1, routes: 0 },
    { peers: 5, routes: 100 },
  ])("carries packets with $peers peers and $routes routes, and counts them", (scale) => {
    const network = new MemoryNetwork();
    const left = timedEnd(network, "left", scale);
    const right = timedEnd(network, "right", scale);
    for (let number = 0; number < 10; number++) left.device.inject(toPeer(number));
    left.plane.turn(0);
    network.advance(1);
    right.plane.turn(0);
    expect(numbersOf(right.device.take())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const seen = ({ clocks }: TimedEnd) => STAGES.map((stage) => [stage, clocks[stage].sum.packets]);
    const [outbound, inbound] = [
      ["read", "frame", "seal", "send"],
      ["receive", "classify", "open", "accept", "write"],
    ];
    expect(seen(left)).toEqual(STAGES.map((stage) => [stage, outbound.includes(stage) ? 10 : 0]));
    expect(seen(right)).toEqual(STAGES.map((stage) => [stage, inbound.includes(stage) ? 10 : 0]));
    expect(left.clocks.seal.sum).toEqual({ ms: 1, calls: 1, packets: 10 });
    expect(left.clocks.wait.sum).toEqual({ ms: 1, calls: 1, packets: 0 });
    left.clocks.seal.reset();
    expect(left.clocks.seal.sum).toEqual({ ms: 0, calls: 0, packets: 0 });
    left.plane.close();
    right.plane.close();
  });
});
