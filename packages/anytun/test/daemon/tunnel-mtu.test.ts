import { endpointOf, parseAddress } from "satp-core";
import { describe, expect, it } from "vitest";
import type { ConnectionDefinition } from "../../src/daemon/connections/connection.ts";
import type { ConnectionListener } from "../../src/daemon/connections/connection-events.ts";
import { fittingPacket, followConnections, type MtuOptions, TunnelMtu } from "../../src/daemon/tunnel-mtu.ts";
import { memoryLog } from "../support/memory-log.ts";
import { until } from "../support/until.ts";

const peer4 = endpointOf(parseAddress("192.0.2.9"), 4444);
const peer6 = endpointOf(parseAddress("2001:db8::9"), 4444);

const keys = { masterKey: new Uint8Array(), masterSalt: new Uint8Array() };
const definition: ConnectionDefinition = { mux: 0, role: "left", kdPrf: "null", keys, windowSize: 0 };

const setUp = (options: Partial<MtuOptions> = {}) => {
  const { log, lines } = memoryLog();
  const sinks = {
    interfaceMtu: 1400,
    path: 1500,
    limits: [] as number[],
    asked: 0,
    pathMtu(): number {
      this.asked++;
      if (this.path === 0) throw new Error("path MTU 192.0.2.9: ENETUNREACH (Network is unreachable)");
      return this.path;
    },
    limitPackets(bytes: number): void {
      this.limits.push(bytes);
    },
  };
  const base = {
    mtu: undefined,
    mssClamp: true,
    ipv4: undefined,
    ipv6: undefined,
    kind: "tun",
    tagBytes: 10,
    frameBytes: 9216,
    device: "tun0",
    log,
  } as const;
  return { lines, sinks, mtu: new TunnelMtu({ ...base, ...options }, sinks) };
};

describe("fittingPacket", () => {
  it.each([
    [1500, 4, "tun", 10, 1452],
    [1500, 6, "tun", 10, 1432],
    [1500, 4, "tap", 10, 1438],
    [1500, 4, "tun", 0, 1462],
    [1280, 6, "tap", 20, 1188],
  ] as const)("in a path of %i over IPv%i, %s, tag of %i bytes is %i", (path, family, kind, tagBytes, result) => {
    expect(fittingPacket(path, family, kind, tagBytes)).toBe(result);
  });
});

describe("TunnelMtu", () => {
  it("limits TCP to the interface while the peer is unknown, then to what is less", () => {
    const { mtu, sinks, lines } = setUp();
    mtu.check();
    const unknown = { pathBytes: undefined, fittingBytes: undefined };
    expect(mtu.state).toEqual({ bytes: 1400, source: "interface", ...unknown, limitBytes: 1400 });
    mtu.follow(new Map([[0, peer4]]));
    sinks.path = 1400;
    mtu.check();
    expect(mtu.state).toEqual({
      ...{ bytes: 1400, source: "interface", pathBytes: 1400, fittingBytes: 1352, limitBytes: 1352 },
    });
    expect(sinks.limits).toEqual([1400, 1352]);
    expect(sinks.interfaceMtu).toBe(1400);
    expect(lines).toEqual([
      "NOTICE: packets longer than 1352 bytes leave in fragments: path MTU 1400 to 192.0.2.9:4444, MTU of tun0 is 1400",
    ]);
    mtu.check();
    expect(lines).toHaveLength(1);
  });

  it("with auto follows the path, up and down, and says so once each time", () => {
    const { mtu, sinks, lines } = setUp({ mtu: "auto" });
    mtu.follow(new Map([[0, peer6]]));
    mtu.check();
    sinks.path = 9000;
    mtu.check();
    expect(sinks.interfaceMtu).toBe(8932);
    expect(sinks.limits).toEqual([1432, 8932]);
    expect(lines).toEqual([
      "NOTICE: MTU of tun0 is 1432: path MTU 1500 to [2001:db8::9]:4444",
      "NOTICE: MTU of tun0 is 8932: path MTU 9000 to [2001:db8::9]:4444",
    ]);
  });

  it("never sets an MTU that IP does not work with, nor one longer than a frame", () => {
    const ipv6 = setUp({ mtu: "auto", ipv6: { address: "fd00::1", prefixLength: 64 } });
    ipv6.sinks.path = 1300;
    ipv6.mtu.follow(new Map([[0, peer4]]));
    expect(ipv6.sinks.interfaceMtu).toBe(1280);
    expect(ipv6.sinks.limits).toEqual([1252]);
    const ipv4 = setUp({ mtu: "auto" });
    ipv4.sinks.path = 600;
    ipv4.mtu.follow(new Map([[0, peer4]]));
    expect(ipv4.sinks.interfaceMtu).toBe(576);
    ipv4.sinks.path = 65_536;
    ipv4.mtu.check();
    expect(ipv4.sinks.interfaceMtu).toBe(9000);
  });

  it.each([
    ["tun", 9216],
    ["tap", 9202],
  ] as const)("on a %s device tells TCP of no packets that the data plane does not take", (kind, most) => {
    const { mtu, sinks } = setUp({ kind });
    sinks.interfaceMtu = 65_521;
    mtu.check();
    sinks.path = 65_536;
    mtu.follow(new Map([[0, peer4]]));
    expect(sinks.limits).toEqual([most]);
    expect(sinks.interfaceMtu).toBe(65_521);
  });

  it("leaves TCP alone when told to", () => {
    const { mtu, sinks } = setUp({ mssClamp: false });
    mtu.follow(new Map([[0, peer4]]));
    expect(sinks.limits).toEqual([0]);
  });

  it("says once that there is no route, and goes on when there is one", () => {
    const { mtu, sinks, lines } = setUp();
    sinks.path = 0;
    mtu.follow(new Map([[0, peer4]]));
    mtu.check();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^NOTICE: the MTU towards the peer is not known: .*ENETUNREACH/);
    expect(sinks.limits).toEqual([1400]);
    sinks.path = 1300;
    mtu.check();
    expect(sinks.limits).toEqual([1400, 1252]);
  });

  it("goes by the narrowest of the paths to several peers", () => {
    const { mtu, sinks, lines } = setUp({ mtu: "auto" });
    mtu.follow(new Map([[1, peer4]]));
    sinks.path = 1300;
    mtu.follow(new Map([[2, peer6]]));
    sinks.path = 1500;
    mtu.follow(new Map([[3, peer4]]));
    expect(sinks.interfaceMtu).toBe(1232);
    mtu.follow(new Map([[2, undefined]]));
    expect(sinks.interfaceMtu).toBe(1452);
    expect(mtu.state).toMatchObject({ pathBytes: 1500, fittingBytes: 1452 });
    expect(lines).toEqual([
      "NOTICE: MTU of tun0 is 1452: path MTU 1500 to 192.0.2.9:4444",
      "NOTICE: MTU of tun0 is 1232: path MTU 1300 to [2001:db8::9]:4444",
      "NOTICE: MTU of tun0 is 1452: path MTU 1500 to 192.0.2.9:4444",
    ]);
  });

  it("looks at a bounded number of paths", () => {
    const { mtu, sinks } = setUp();
    for (let mux = 0; mux < 300; mux++) mtu.follow(new Map([[mux, peer4]]));
    sinks.asked = 0;
    mtu.check();
    expect(sinks.asked).toBe(256);
    sinks.asked = 0;
    mtu.follow(new Map(Array.from({ length: 10_000 }, (_, mux) => [mux, peer4])));
    expect(sinks.asked).toBe(256);
  });

  it("follows one connection at once, and many with one look", async () => {
    const { mtu, sinks } = setUp();
    const listeners: ConnectionListener[] = [];
    const end = followConnections(
      {
        listen: (listener) => {
          listeners.push(listener);
          return () => void listeners.pop();
        },
      },
      mtu,
    );
    const tell = (mux: number, endpoint: Int32Array | undefined): void => {
      const connection = { ...definition, mux, endpoint, heardMs: 0, sequence: 0 };
      for (const listener of listeners) listener({ type: "connection", change: "moved", connection, origin: "local" });
    };
    for (let round = 0; round < 5; round++) for (let mux = 0; mux < 3; mux++) tell(mux, peer4);
    tell(2, undefined);
    await new Promise((resolve) => setImmediate(resolve));
    expect(sinks.asked).toBe(2);
    // soon after the last look: together with what else comes
    for (let mux = 0; mux < 3; mux++) tell(mux, peer6);
    await new Promise((resolve) => setImmediate(resolve));
    expect(sinks.asked).toBe(2);
    await until(() => sinks.asked === 5);
    tell(1, peer6);
    sinks.asked = 2;
    end();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(sinks.asked).toBe(2);
  });
});
