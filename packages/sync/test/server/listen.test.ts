import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import {
  type ConnectLimitOptions,
  type ListenAddress,
  type ListenEvents,
  listenSync,
  SyncError,
  SyncHub,
  type SyncListener,
} from "../../src/index.ts";
import { until } from "../support/until.ts";

const loopback4: ListenAddress = { family: 4, address: "127.0.0.1", port: 0 };
const loopback6: ListenAddress = { family: 6, address: "::1", port: 0 };

const open: { sockets: Socket[]; listeners: SyncListener[]; hubs: SyncHub[] } = {
  sockets: [],
  listeners: [],
  hubs: [],
};
afterEach(async () => {
  for (const socket of open.sockets.splice(0)) socket.destroy();
  for (const listener of open.listeners.splice(0)) await listener.close();
  for (const hub of open.hubs.splice(0)) hub.close();
});

function makeHub(): SyncHub {
  const hub = new SyncHub({ snapshot: () => [Buffer.from("known")] });
  open.hubs.push(hub);
  return hub;
}

async function listen(
  hub: SyncHub,
  addresses: readonly ListenAddress[],
  options: { limits?: Partial<ConnectLimitOptions>; events?: ListenEvents } = {},
): Promise<SyncListener> {
  const listener = await listenSync(hub, { addresses, ...options });
  open.listeners.push(listener);
  return listener;
}

function dial(port: number, host = "127.0.0.1"): { socket: Socket; text(): string; isClosed(): boolean } {
  const socket = connect({ host, port });
  open.sockets.push(socket);
  let text = "";
  let isClosed = false;
  socket.on("data", (chunk) => {
    text += chunk.toString();
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isClosed = true;
  });
  return { socket, text: () => text, isClosed: () => isClosed };
}

describe("listening", () => {
  it("serves both families on sockets of their own", async () => {
    const endpoints: string[] = [];
    const listener = await listen(makeHub(), [loopback4, loopback6], {
      events: { listening: (endpoint) => endpoints.push(endpoint) },
    });
    const [port4 = 0, port6 = 0] = listener.ports;
    expect(endpoints).toEqual([`127.0.0.1:${port4}`, `[::1]:${port6}`]);
    expect(listener.endpoints).toEqual(endpoints);
    const clients = [dial(port4), dial(port6, "::1")];
    await until(() => clients.every(({ text }) => text() === "known"));
  });

  it("binds all or nothing, and says what could not be bound", async () => {
    const taken = await listen(makeHub(), [loopback4]);
    const port = taken.ports[0] ?? 0;
    const hub = makeHub();
    const failure = listenSync(hub, { addresses: [loopback6, { ...loopback4, port }] });
    await expect(failure).rejects.toBeInstanceOf(SyncError);
    await expect(failure).rejects.toThrow(`127.0.0.1:${port}: `);
    const again = await listen(hub, [loopback6]);
    expect(again.ports).toHaveLength(1);
  });

  it("gives back the places of clients that are gone", async () => {
    const hub = makeHub();
    const listener = await listen(hub, [loopback4], { limits: { clients: 2, clientsPerAddress: 2 } });
    const [port = 0] = listener.ports;
    for (let round = 0; round < 10; round++) {
      const client = dial(port);
      await until(() => client.text() === "known");
      client.socket.destroy();
      await until(() => listener.open === 0 && hub.size === 0);
    }
  });

  it("sends away who is too many, and says so", async () => {
    const refused: string[] = [];
    const hub = makeHub();
    const listener = await listen(hub, [loopback4], {
      limits: { clientsPerAddress: 1 },
      events: { refused: (why) => refused.push(why) },
    });
    const [port = 0] = listener.ports;
    const first = dial(port);
    await until(() => first.text() === "known");
    const second = dial(port);
    await until(second.isClosed);
    expect(second.text()).toBe("");
    expect(refused).toEqual(["too many clients of one address"]);
    expect(first.isClosed()).toBe(false);
    expect([...listener.sentAway]).toEqual([["too many clients of one address", 1]]);
  });

  it("survives a flood of connects without forgetting its clients", async () => {
    const hub = makeHub();
    const listener = await listen(hub, [loopback4], { limits: { connectsPerSecondPerAddress: 1 } });
    const [port = 0] = listener.ports;
    const client = dial(port);
    await until(() => client.text() === "known");
    const flood = Array.from({ length: 300 }, () => dial(port));
    await until(() => flood.filter(({ isClosed }) => isClosed()).length >= 295, "the flood is sent away");
    hub.push("x", Buffer.from(" news"));
    await until(() => client.text() === "known news");
    expect(listener.open).toBeLessThan(5);
  });

  it("that was closed takes nobody, and leaves clients to the hub", async () => {
    const hub = makeHub();
    const listener = await listen(hub, [loopback4]);
    const [port = 0] = listener.ports;
    const client = dial(port);
    await until(() => client.text() === "known");
    await listener.close();
    await listener.close();
    const late = dial(port);
    await until(late.isClosed);
    hub.push("x", Buffer.from(" news"));
    await until(() => client.text() === "known news");
    hub.close();
    await until(client.isClosed);
  });
});
