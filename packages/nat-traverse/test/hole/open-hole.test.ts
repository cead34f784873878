import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { waitUntil } from "satp-tools/lab";
import { UdpSocket } from "tun-native";
import { afterEach, describe, expect, it } from "vitest";
import { HoleTimeout } from "../../src/errors.ts";
import { openHole } from "../../src/hole/open-hole.ts";
import type { Hole, HoleEvent, HoleOptions } from "../../src/hole-types.ts";
import { ACK, GARBAGE, PacketKind } from "../../src/wire.ts";

const open: { close(): void }[] = [];
const tracked = <T extends { close(): void }>(thing: T): T => {
  open.push(thing);
  return thing;
};

afterEach(() => {
  for (const thing of open.splice(0)) thing.close();
});

/** Two ports that were free a moment ago. */
function freePorts(address = "127.0.0.1"): [number, number] {
  const family = address.includes(":") ? 6 : 4;
  const sockets = [0, 1].map((id) => UdpSocket.open({ family, address, id }));
  const [left = 0, right = 0] = sockets.map(({ port }) => port);
  for (const socket of sockets) socket.close();
  return [left, right];
}

async function pair(
  left: Partial<HoleOptions> = {},
  right: Partial<HoleOptions> = {},
  address = "127.0.0.1",
): Promise<[Hole, Hole]> {
  const [a, b] = freePorts(address);
  const common = { peerAddresses: [address], purpose: "relay", spray: false } as const;
  const holes = await Promise.all([
    openHole({ ...common, localPort: a, peerPort: b, ...left }),
    openHole({ ...common, localPort: b, peerPort: a, ...right }),
  ]);
  for (const hole of holes) tracked(hole);
  return holes;
}

function collect(hole: Hole): string[] {
  const out: string[] = [];
  hole.listen({
    data: (bytes) => out.push(bytes.toString("latin1")),
    control: (kind, body) => out.push(`<${kind} ${Buffer.from(body).toString()}>`),
    refused: () => out.push("<refused>"),
    restarted: () => out.push("<restarted>"),
  });
  return out;
}

describe.each(["127.0.0.1", "::1"])("two new ends at %s", (address) => {
  it("connect, know each other's purpose, and carry data both ways", async () => {
    const [left, right] = await pair({}, { purpose: "command" }, address);
    expect([left.peerKind, left.peerPurpose, right.peerPurpose]).toEqual(["new", "command", "relay"]);
    expect(left.roundTripMs).toBeLessThan(1000);
    const [heardLeft, heardRight] = [collect(left), collect(right)];
    expect(left.send(Buffer.from("to the right"))).toBe("sent");
    expect(right.send(Buffer.from("to the left"))).toBe("sent");
    await waitUntil(() => heardLeft.length > 0 && heardRight.length > 0);
    expect([heardLeft, heardRight]).toEqual([["to the left"], ["to the right"]]);
  });
});

describe("two new ends", () => {
  it("meet in the family that both have", async () => {
    const [left, right] = await pair({ peerAddresses: ["127.0.0.1", "::1"] }, { peerAddresses: ["::1"] });
    expect([left.peer.address, right.peer.address]).toEqual(["::1", "::1"]);
    const heard = collect(right);
    left.send(Buffer.from("six"));
    await waitUntil(() => heard.length === 1);
    expect(heard).toEqual(["six"]);
  });

  it("share a port with another hole of the same host", async () => {
    const [port, first] = freePorts();
    const [second] = freePorts();
    const options = { peerAddresses: ["127.0.0.1"], purpose: "relay", spray: false } as const;
    const holes = await Promise.all([
      ...[first, second].map((peerPort) => openHole({ ...options, localPort: port, peerPort })),
      ...[first, second].map((localPort) => openHole({ ...options, localPort, peerPort: port })),
    ]);
    const heard = holes.map((hole) => collect(tracked(hole)));
    for (const [i, hole] of holes.entries()) hole.send(Buffer.from(`${i}`));
    await waitUntil(() => heard.every((texts) => texts.length === 1));
    expect(heard).toEqual([["2"], ["3"], ["0"], ["1"]]);
  });

  it("deliver data that looks like a handshake, and control packets", async () => {
    const [left, right] = await pair();
    const heard = collect(right);
    const odd = [
      "",
      "nat-traverse-garbage",
      "nat-traverse-ackacka",
      "nat-traverse-garbage\0nt\x01and more",
      "x".repeat(9000),
    ];
    for (const text of odd) expect(left.send(Buffer.from(text, "latin1"))).toBe("sent");
    left.sendControl(PacketKind.endOfInput, Buffer.from("7"));
    await waitUntil(() => heard.length === odd.length + 1);
    expect(heard).toEqual([...odd, "<2 7>"]);
  });

  it("are settled soon, and hand over a connected socket with nothing in it but data", async () => {
    const [left, right] = await pair({ purpose: "command" }, { purpose: "command" });
    right.send(Buffer.from("early"));
    await Promise.all([left.settled(), right.settled()]);
    const socket = tracked(
      UdpSocket.attach({ ...{ fd: left.detach(), family: 4, address: "", port: 0, id: 0 }, offloads: [] }),
    );
    const bytes = new Uint8Array(16);
    expect(socket.peek(bytes)).toBe(5);
    expect(Buffer.from(bytes.subarray(0, 5)).toString()).toBe("early");
  });

  it("notice that nobody listens any more, and who started again", async () => {
    const [left, right] = await pair();
    const heard = collect(left);
    await right.settled();
    const again = { localPort: right.local.port, peerPort: left.local.port };
    right.close();
    left.send(Buffer.from("to nobody"));
    await waitUntil(() => heard.includes("<refused>"));
    const controller = new AbortController();
    const attempt = openHole({
      ...again,
      ...{ peerAddresses: ["127.0.0.1"], purpose: "relay", spray: false, signal: controller.signal },
    });
    await waitUntil(() => heard.includes("<restarted>"));
    controller.abort();
    await expect(attempt).rejects.toMatchObject({ code: "aborted" });
    expect(heard.filter((text) => !text.startsWith("<"))).toEqual([]);
  });

  it("keep data until somebody listens, and while they pause", async () => {
    const [left, right] = await pair();
    for (const text of ["1", "2", "3"]) left.send(Buffer.from(text));
    const heard: string[] = [];
    await new Promise((resolve) => setTimeout(resolve, 50));
    right.listen({
      data: (bytes) => {
        heard.push(bytes.toString());
        right.pause();
      },
    });
    for (const expected of ["1", "2", "3"]) {
      await waitUntil(() => heard.at(-1) === expected);
      right.resume();
    }
    expect(heard).toEqual(["1", "2", "3"]);
  });
});

describe("one end alone", () => {
  it("fails in time and says what it saw", async () => {
    const [localPort, peerPort] = freePorts();
    const options = { localPort, peerPort, peerAddresses: ["127.0.0.1"], purpose: "quit", spray: false } as const;
    const events: HoleEvent[] = [];
    const error: unknown = await openHole({
      ...{ ...options, window: 0, timeout: 1, onEvent: (event) => events.push(event) },
    }).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(HoleTimeout);
    expect(error).toMatchObject({ code: "timeout", diagnosis: { code: "refused" } });
    expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(["socket", "ack", "refused"]));
    const next = tracked(UdpSocket.open({ family: 4, port: localPort, id: 0 }));
    expect(next.port).toBe(localPort);
  });

  it("names what it cannot open", async () => {
    const taken = tracked(UdpSocket.open({ family: 4, id: 0 }));
    const options = { peerPort: 9, peerAddresses: ["127.0.0.1"], purpose: "quit" } as const;
    await expect(openHole({ ...options, localPort: taken.port })).rejects.toMatchObject({
      code: "socket",
      cause: { code: "EADDRINUSE" },
    });
    await expect(openHole({ ...options, localPort: 70_000 })).rejects.toMatchObject({ code: "usage" });
  });

  it("connects with whoever speaks as an original does", async () => {
    const [localPort, peerPort] = freePorts();
    const original: Socket = createSocket("udp4");
    original.bind(peerPort, "127.0.0.1");
    await once(original, "listening");
    const seen: string[] = [];
    original.on("message", (bytes) => seen.push(bytes.subarray(0, 20).toString()));
    const timer = setInterval(() => original.send(GARBAGE, localPort, "127.0.0.1"), 100);
    try {
      const opening = openHole({ localPort, peerPort, peerAddresses: ["127.0.0.1"], purpose: "relay" });
      await waitUntil(() => seen.includes("nat-traverse-ackacka"));
      clearInterval(timer);
      original.send(ACK, localPort, "127.0.0.1");
      const hole = tracked(await opening);
      expect([hole.peerKind, hole.peerPurpose]).toEqual(["original", undefined]);
      const heard = collect(hole);
      for (const bytes of [GARBAGE, ACK, Buffer.from("data"), GARBAGE]) original.send(bytes, localPort, "127.0.0.1");
      await waitUntil(() => heard.length === 2);
      expect(heard).toEqual(["data", "nat-traverse-garbage"]);
      expect(seen.filter((text) => text === "nat-traverse-ackacka")).toHaveLength(1);
      expect(seen.at(-1)).toBe("nat-traverse-ackacka");
    } finally {
      clearInterval(timer);
      original.close();
    }
  });
});
