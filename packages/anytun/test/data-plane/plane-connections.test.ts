/** Many connections in one data plane, in memory: they come, change and go while packets pass. */
import {
  type BatchCipher,
  cipherContext,
  DEFAULT_SUITE,
  DropReason,
  deriveMasterKeys,
  endpointOf,
  nodeBatchCipher,
  parseAddress,
  parsePrefix,
  type Role,
  type Routing,
  SILENCE_MS,
} from "satp-core";
import { createPacketBatch, createSatpCipher } from "tun-native";
import { MemoryDevice, MemoryNetwork, MemoryPoller } from "tun-native/testing";
import { describe, expect, it } from "vitest";
import { DataPlane } from "../../src/data-plane/data-plane.ts";
import type { ConnectionCommand, ConnectionSetup, Report } from "../../src/data-plane/messages.ts";
import { PlaneConnections, planeTunnel } from "../../src/data-plane/plane-connections.ts";
import { PlaneReporter } from "../../src/data-plane/reporter.ts";
import { routeRows } from "../../src/data-plane/route-rows.ts";

const SERVER = "192.0.2.1";
const PORT = 4444;

const contextOf = (passphrase: string, role: Role) =>
  cipherContext(DEFAULT_SUITE, deriveMasterKeys({ suite: DEFAULT_SUITE, passphrase }), role);

const numbersFrom = (first: number, count = 100_000) => ({ senderId: 0, first, end: first + count });

const at = (address: string, port = PORT) => endpointOf(parseAddress(address), port);

/** A data plane of the product but for device, socket, clock and cipher. */
function memoryNode(network: MemoryNetwork, address: string, mux: number, routing: Routing, batches = 64) {
  const reports: Report[] = [];
  const device = new MemoryDevice();
  const socket = network.socket({ family: 4, address, port: PORT, id: 0 });
  const reporter = new PlaneReporter((report) => reports.push(report), [socket]);
  const cipher: BatchCipher = nodeBatchCipher();
  const sample = { context: contextOf("sample", "left"), windowSize: 0 };
  const tunnel = planeTunnel({ kind: "tun", mux, routing, sample, keepAlive: undefined }, reporter);
  const connections = new PlaneConnections(tunnel, cipher, (peer) => reporter.endpointKept(peer));
  const plane = new DataPlane({
    device,
    sockets: [socket],
    poller: new MemoryPoller([device, socket], network),
    cipher,
    tunnel,
    frames: createPacketBatch({ capacity: batches, bytes: batches * 2048 }),
    datagrams: createPacketBatch({ capacity: batches, bytes: batches * 2048 }),
  });
  const obey = (command: ConnectionCommand): void => connections.obey(command);
  const set = (...setups: ConnectionSetup[]): void => obey({ type: "connections", setups });
  const route = (prefix: string, to: number | undefined): void =>
    obey({ type: "routes", rows: routeRows([{ prefix: parsePrefix(prefix), mux: to }]) });
  return { device, socket, tunnel, plane, reports, obey, set, route };
}

type Node = ReturnType<typeof memoryNode>;

function settle(network: MemoryNetwork, nodes: readonly Node[], quietMs = 5): void {
  for (let passed = 0; passed < quietMs; passed++) {
    for (const { device, socket, plane } of nodes) while (device.isReadable || socket.isReadable) plane.turn(0);
    network.advance(1);
  }
}

/** An IPv4 packet to an address, whose payload says which one it is. */
function packetTo(destination: string, number: number, source = "10.9.0.1"): Uint8Array {
  const packet = Buffer.alloc(84, number & 0xff);
  packet[0] = 0x45;
  packet.writeInt32BE(parseAddress(source).words[0] | 0, 12);
  packet.writeInt32BE(parseAddress(destination).words[0] | 0, 16);
  packet.writeUInt32BE(number, 20);
  return packet;
}

const numbersOf = (frames: readonly Uint8Array[]): number[] =>
  frames.map((frame) => Buffer.from(frame).readUInt32BE(20));

const CLIENTS = [1, 2, 3];
const addressOf = (mux: number): string => `198.51.100.${mux}`;
const insideOf = (mux: number): string => `10.9.${mux}.1`;

function serverAndClients() {
  const network = new MemoryNetwork({ latencyMs: 1 });
  const server = memoryNode(network, SERVER, 0, "routes");
  const clients = CLIENTS.map((mux) => {
    const client = memoryNode(network, addressOf(mux), mux, "single");
    client.set({ mux, context: contextOf(`key ${mux}`, "right"), endpoint: at(SERVER), sequence: numbersFrom(0) });
    server.set({ mux, context: contextOf(`key ${mux}`, "left"), windowSize: 64, sequence: numbersFrom(0) });
    server.route(`10.9.${mux}.0/24`, mux);
    return client;
  });
  const all = [server, ...clients];
  const client = (mux: number): Node => {
    const found = clients[mux - 1];
    if (found === undefined) throw new Error(`no client ${mux}`);
    return found;
  };
  const speak = (): void => {
    for (const mux of CLIENTS) client(mux).device.inject(packetTo("10.9.0.1", mux, insideOf(mux)));
    settle(network, all);
  };
  const exchange = (number: number): Map<number, number[]> => {
    for (const mux of CLIENTS) server.device.inject(packetTo(insideOf(mux), 100 * mux + number));
    settle(network, all);
    return new Map(CLIENTS.map((mux) => [mux, numbersOf(client(mux).device.take())]));
  };
  return { network, server, client, all, speak, exchange };
}

describe("a server with three clients", () => {
  it("hears each under its mux and key, and answers each along its routes", () => {
    const { server, speak, exchange } = serverAndClients();
    speak();
    expect(numbersOf(server.device.take()).sort()).toEqual(CLIENTS);
    expect(server.reports.filter(({ type }) => type === "endpoint-moved")).toHaveLength(3);
    expect(exchange(7)).toEqual(new Map(CLIENTS.map((mux) => [mux, [100 * mux + 7]])));
    expect(server.tunnel.counters.drops.reduce((sum, count) => sum + count)).toBe(0);
  });

  it("drops and counts what no route leads to, and what leads to nobody", () => {
    const { network, server, all, speak } = serverAndClients();
    speak();
    server.route("10.50.0.0/16", 50);
    server.device.inject(packetTo("10.99.0.1", 1));
    server.device.inject(packetTo("10.50.0.1", 2));
    settle(network, all);
    const { drops } = server.tunnel.counters;
    expect([drops[DropReason.noRoute], drops[DropReason.noPeer]]).toEqual([1, 1]);
  });

  it("takes the longest prefix, whatever came first, and follows a route that is pointed elsewhere", () => {
    const { server, speak, exchange, network, all, client } = serverAndClients();
    speak();
    // the same octet, the shorter one later: the original then takes the shorter one
    server.route("10.9.0.0/20", 3);
    expect(exchange(1).get(1)).toEqual([101]);
    for (const [prefix, destination] of [
      ["192.168.1.128/25", "192.168.1.200"],
      ["10.128.0.0/9", "10.200.0.1"],
      ["1.2.3.254/31", "1.2.3.255"],
      ["240.0.0.0/4", "250.1.1.1"],
      ["128.0.0.0/1", "129.0.0.1"],
    ] as const) {
      for (const mux of [1, 2]) {
        server.route(prefix, mux);
        server.device.inject(packetTo(destination, mux));
        settle(network, all);
        expect(numbersOf(client(mux).device.take()), prefix).toEqual([mux]);
      }
      server.route(prefix, undefined);
    }
  });

  it("follows one client to another place while the others lose nothing", () => {
    const { network, server, client, all, speak, exchange } = serverAndClients();
    speak();
    const elsewhere = memoryNode(network, "203.0.113.9", 2, "single");
    elsewhere.set({ mux: 2, context: contextOf("key 2", "right"), endpoint: at(SERVER), sequence: numbersFrom(1000) });
    elsewhere.device.inject(packetTo("10.9.0.1", 9, insideOf(2)));
    settle(network, [...all, elsewhere]);
    const received = exchange(5);
    settle(network, [elsewhere]);
    expect([received.get(1), received.get(2), received.get(3)]).toEqual([[105], [], [305]]);
    expect(numbersOf(elsewhere.device.take())).toEqual([205]);
    expect(client(2).tunnel.counters.packetsIn).toBe(0);
    expect(server.tunnel.counters.drops[DropReason.badTag]).toBe(0);
  });

  it("believes no client that uses another's mux", () => {
    const { network, server, all, speak, exchange } = serverAndClients();
    speak();
    const impostor = memoryNode(network, "203.0.113.9", 1, "single");
    impostor.set({ mux: 1, context: contextOf("key 2", "right"), endpoint: at(SERVER), sequence: numbersFrom(0) });
    impostor.device.inject(packetTo("10.9.0.1", 9));
    settle(network, [...all, impostor]);
    expect(server.tunnel.counters.drops[DropReason.badTag]).toBe(1);
    expect(exchange(1).get(1)).toEqual([101]);
  });
});

describe("a change while packets pass", () => {
  it("of one connection costs the others nothing, and itself only what its own change costs", () => {
    const { network, server, client, all, speak, exchange } = serverAndClients();
    speak();
    for (let round = 0; round < 50; round++) {
      server.set({ mux: 2, windowSize: round % 2 === 0 ? 1000 : 64 });
      server.set({ mux: 4, context: contextOf(`key ${round}`, "left"), windowSize: 0, endpoint: at("198.51.100.4") });
      server.route("10.9.4.0/24", 4);
      const received = exchange(round);
      expect(received.get(1)).toEqual([100 + round]);
      expect(received.get(2)).toEqual([200 + round]);
      expect(received.get(3)).toEqual([300 + round]);
      server.route("10.9.4.0/24", undefined);
      server.obey({ type: "remove-connections", muxes: [4, 40] });
      speak();
    }
    expect(numbersOf(server.device.take())).toHaveLength(51 * CLIENTS.length);
    const peer = server.tunnel.peer(2);
    expect(peer?.counters.packetsOut).toBe(50);
    // what was seen before the windows changed is still known
    const before = server.tunnel.counters.drops[DropReason.replay] ?? 0;
    const [wire] = recordOne(network, client(2), all);
    network.inject({ from: { address: addressOf(2), port: PORT }, to: { address: SERVER, port: PORT }, bytes: wire });
    server.set({ mux: 2, windowSize: 2000 });
    settle(network, all);
    expect(server.tunnel.counters.drops[DropReason.replay]).toBe(before + 1);
  });

  it("to another key takes effect with the next packet, and keeps counters and place", () => {
    const { server, client, speak, exchange } = serverAndClients();
    speak();
    exchange(1);
    const left = server.tunnel.peer(1)?.sequence.remaining;
    server.set({ mux: 1, context: contextOf("new key", "left") });
    expect(exchange(2).get(1)).toEqual([]);
    client(1).set({ mux: 1, context: contextOf("new key", "right") });
    expect(exchange(3).get(1)).toEqual([103]);
    speak();
    // numbers go on under the new key
    expect(server.tunnel.peer(1)?.sequence.remaining).toBe((left ?? 0) - 2);
    expect(server.tunnel.peer(1)?.counters.packetsOut).toBe(3);
  });

  it("to numbers from elsewhere skips those that are left", () => {
    const { server, speak } = serverAndClients();
    speak();
    server.set({ mux: 1, sequence: numbersFrom(5_000_000, 10) });
    expect(server.tunnel.peer(1)?.sequence.remaining).toBe(10);
    server.obey({ type: "sequence", mux: 1, range: numbersFrom(6_000_000, 10) });
    server.obey({ type: "sequence", mux: 77, range: numbersFrom(0) });
    expect(server.tunnel.peer(1)?.sequence.remaining).toBe(20);
  });

  it("of what another node heard makes replays of it known here", () => {
    const { network, server, client, all, speak } = serverAndClients();
    speak();
    const [wire] = recordOne(network, client(1), all);
    const other = memoryNode(network, "192.0.2.2", 0, "routes");
    other.set({ mux: 1, context: contextOf("key 1", "left"), windowSize: 64, heard: [{ senderId: 0, newest: 1 }] });
    const replay = {
      from: { address: addressOf(1), port: PORT },
      to: { address: "192.0.2.2", port: PORT },
      bytes: wire,
    };
    network.inject(replay);
    settle(network, [other]);
    expect(other.tunnel.counters.drops[DropReason.replay]).toBe(1);
    expect(server.tunnel.counters.drops[DropReason.replay]).toBe(0);
  });

  it("of the routing puts other muxes into headers, with other numbers", () => {
    const network = new MemoryNetwork();
    const node = memoryNode(network, SERVER, 0, "single");
    node.set({ mux: 0, context: contextOf("a", "left"), endpoint: at(addressOf(1)), sequence: numbersFrom(0) });
    node.set({ mux: 3, context: contextOf("b", "left"), endpoint: at(addressOf(3)), sequence: numbersFrom(100_000) });
    const headers: string[] = [];
    network.tap(({ bytes }) => {
      headers.push(Buffer.from(bytes.subarray(0, 8)).toString("hex"));
      return undefined;
    });
    const send = (destination: string): void => {
      node.device.inject(packetTo(destination, 1));
      settle(network, [node]);
    };
    send("10.0.0.1");
    node.obey({ type: "headers", routing: "routes", ownMux: 0, numbers: [] });
    node.route("10.0.0.0/8", 3);
    send("10.0.0.1");
    expect(node.tunnel.counters.drops[DropReason.noSequence]).toBe(1);
    expect(node.reports.at(-1)).toEqual({ type: "sequence-low", mux: 3 });
    node.obey({ type: "sequence", mux: 3, range: numbersFrom(7) });
    send("10.0.0.1");
    node.obey({ type: "headers", routing: "routes", ownMux: 0, numbers: [{ mux: 3, range: numbersFrom(1_000_000) }] });
    send("10.0.0.1");
    expect(headers).toEqual(["0000000000000000", "0000000700000003", "000f424000000003"]);
    expect(node.tunnel.counters.drops[DropReason.noSequence]).toBe(1);
  });
});

describe("another own mux", () => {
  it("stands in all headers without routes, and none goes out with a number of the old one", () => {
    const network = new MemoryNetwork();
    const node = memoryNode(network, SERVER, 0, "single");
    node.set({ mux: 3, context: contextOf("b", "left"), endpoint: at(addressOf(3)), sequence: numbersFrom(100) });
    const headers: string[] = [];
    network.tap(({ bytes }) => {
      headers.push(Buffer.from(bytes.subarray(0, 8)).toString("hex"));
      return undefined;
    });
    const send = (): void => {
      node.device.inject(packetTo("10.0.0.1", 1));
      settle(network, [node]);
    };
    send();
    node.obey({ type: "headers", routing: "single", ownMux: 9, numbers: [{ mux: 3, range: numbersFrom(7) }] });
    send();
    node.obey({ type: "headers", routing: "single", ownMux: 10, numbers: [] });
    send();
    expect(headers).toEqual(["0000006400000000", "0000000700000009"]);
    expect(node.tunnel.counters.drops[DropReason.noSequence]).toBe(1);
  });

  it("leaves a stranger that became a peer the numbers of the header that it keeps", () => {
    const network = new MemoryNetwork();
    const node = memoryNode(network, SERVER, 5, "routes");
    const strangers = { context: contextOf("k", "left"), windowSize: 0 };
    node.obey({ type: "strangers", strangers: { ...strangers, sequence: numbersFrom(0) } });
    const peer = memoryNode(network, addressOf(5), 5, "single");
    peer.set({ mux: 5, context: contextOf("k", "right"), endpoint: at(SERVER), sequence: numbersFrom(0) });
    peer.device.inject(packetTo("10.9.0.1", 1));
    settle(network, [node, peer]);
    node.obey({ type: "headers", routing: "routes", ownMux: 6, numbers: [] });
    expect(node.tunnel.strangers?.sequence.remaining).toBe(0);
    node.obey({ type: "strangers", strangers: { ...strangers, sequence: numbersFrom(1_000_000, 10) } });
    const { sequence } = node.tunnel.peer(5) ?? {};
    expect([sequence?.take(), sequence?.number]).toEqual([true, 0]);
    expect(node.tunnel.strangers?.sequence.remaining).toBe(10);
  });
});

describe("strangers", () => {
  it("become a peer with routes and another mux only with numbers of that mux", () => {
    const network = new MemoryNetwork();
    const node = memoryNode(network, SERVER, 0, "routes");
    const strangers = { context: contextOf("k", "left"), windowSize: 64, sequence: numbersFrom(0) };
    node.obey({ type: "strangers", strangers });
    node.route("10.0.0.0/8", 5);
    const peer = memoryNode(network, addressOf(5), 5, "single");
    peer.set({ mux: 5, context: contextOf("k", "right"), endpoint: at(SERVER), sequence: numbersFrom(0) });
    peer.device.inject(packetTo("10.9.0.1", 1));
    settle(network, [node, peer]);
    expect(node.reports).toMatchObject([{ type: "peer-detected", mux: 5 }]);
    expect(node.tunnel.peer(5)?.sequence.remaining).toBe(0);
    expect(node.tunnel.peer(5)?.senders.windowSize).toBe(64);
    node.set({ mux: 5, sequence: numbersFrom(40) });
    node.device.inject(packetTo("10.9.0.1", 2));
    settle(network, [node, peer]);
    expect(numbersOf(peer.device.take())).toEqual([2]);
    // other keys for strangers leave the one alone that is here
    node.obey({
      type: "strangers",
      strangers: { ...strangers, context: contextOf("other", "left"), sequence: numbersFrom(200_000) },
    });
    node.device.inject(packetTo("10.9.0.1", 3));
    settle(network, [node, peer]);
    expect(numbersOf(peer.device.take())).toEqual([3]);
    node.obey({ type: "remove-connections", muxes: [5] });
    node.obey({ type: "strangers", strangers: undefined });
    peer.device.inject(packetTo("10.9.0.1", 4));
    network.advance(SILENCE_MS);
    settle(network, [node, peer]);
    expect(node.tunnel.counters.drops[DropReason.unknownMux]).toBe(1);
  });
});

describe("10,000 connections and 50,000 routes", () => {
  it("are applied in well under two seconds, in slices that packets hardly notice, in bounded memory", () => {
    const network = new MemoryNetwork();
    const node = memoryNode(network, SERVER, 0, "routes");
    const cipher = createSatpCipher();
    const tunnel = planeTunnel(
      {
        kind: "tun",
        mux: 0,
        routing: "routes",
        sample: { context: contextOf("s", "left"), windowSize: 0 },
        keepAlive: undefined,
      },
      new PlaneReporter(() => undefined, [node.socket]),
    );
    const connections = new PlaneConnections(tunnel, cipher);
    const contexts = Array.from({ length: 100 }, (_, i) => contextOf(`key ${i}`, "left"));
    const commands: ConnectionCommand[] = [];
    for (let first = 0; first < 10_000; first += 128) {
      const setups = Array.from({ length: Math.min(128, 10_000 - first) }, (_, i): ConnectionSetup => {
        const mux = first + i;
        const context = contexts[mux % contexts.length];
        if (context === undefined) throw new Error("no context");
        return { mux, context, windowSize: 1024, endpoint: at("192.0.2.9"), sequence: numbersFrom(2 ** 28, 65_536) };
      });
      commands.push({ type: "connections", setups });
    }
    for (let first = 0; first < 50_000; first += 2048) {
      const changes = Array.from({ length: Math.min(2048, 50_000 - first) }, (_, i) => ({
        prefix: { family: 4, length: 27, words: [((10 << 24) | ((first + i) << 5)) >>> 0, 0, 0, 0] } as const,
        mux: (first + i) % 10_000,
      }));
      commands.push({ type: "routes", rows: routeRows(changes) });
    }
    const before = process.memoryUsage();
    const cpu = process.cpuUsage();
    for (const command of commands) connections.obey(command);
    const { user } = process.cpuUsage(cpu);
    const after = process.memoryUsage();
    expect(user / 1000).toBeLessThan(1500);
    expect([tunnel.peerCount, tunnel.routes.size]).toEqual([10_000, 50_000]);
    const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    expect(grown / 1024 / 1024).toBeLessThan(64);
    // once more is a change in place, and as cheap; then all of it goes
    for (const command of commands) {
      if (command.type === "connections") {
        connections.obey({ type: "connections", setups: command.setups.map(({ mux }) => ({ mux, windowSize: 64 })) });
      }
    }
    connections.obey({ type: "remove-connections", muxes: Array.from({ length: 10_000 }, (_, mux) => mux) });
    expect(tunnel.peerCount).toBe(0);
    cipher.close();
  });
});

/** Sends one packet from a node and returns its datagram. */
function recordOne(network: MemoryNetwork, node: Node, all: readonly Node[]): [Uint8Array] {
  const wire: Uint8Array[] = [];
  const end = network.tap(({ bytes }) => {
    wire.push(bytes);
    return undefined;
  });
  node.device.inject(packetTo("10.9.0.1", 1));
  settle(network, all);
  end();
  const [first] = wire;
  if (first === undefined) throw new Error("nothing sent");
  return [first];
}

describe("a place that another node has told of", () => {
  it("does not count when the peer was heard later where it is", () => {
    const { network, server, speak } = serverAndClients();
    speak();
    const heard = server.tunnel.peer(1)?.endpointHeardMs ?? -1;
    expect(heard).toBeGreaterThanOrEqual(0);
    const other = at("198.51.100.99");
    server.reports.length = 0;
    server.set({ mux: 1, endpoint: other, endpointHeardMs: heard - 1 });
    expect(server.tunnel.peer(1)?.endpoint).toEqual(at(addressOf(1)));
    expect(server.reports).toEqual([{ type: "endpoint-kept", mux: 1, endpoint: at(addressOf(1)), heardMs: heard }]);
    server.set({ mux: 1, endpoint: other, endpointHeardMs: heard + 1 });
    expect(server.tunnel.peer(1)?.endpoint).toEqual(other);
    // without a time it counts at once, and so does any time where the peer was never heard
    server.set({ mux: 2, endpoint: other });
    server.set({ mux: 1, endpoint: at("198.51.100.98"), endpointHeardMs: 0 });
    expect([1, 2].map((mux) => server.tunnel.peer(mux)?.endpoint)).toEqual([at("198.51.100.98"), other]);
    expect(server.reports).toHaveLength(1);
    network.advance(1);
  });
});
