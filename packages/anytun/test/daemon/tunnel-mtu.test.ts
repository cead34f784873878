import { endpointOf, parseAddress } from "satp-core";
import { describe, expect, it } from "vitest";
import { fittingPacket, type MtuOptions, TunnelMtu } from "../../src/daemon/tunnel-mtu.ts";
import { memoryLog } from "../support/memory-log.ts";

const peer4 = endpointOf(parseAddress("192.0.2.9"), 4444);
const peer6 = endpointOf(parseAddress("2001:db8::9"), 4444);

const setUp = (options: Partial<MtuOptions> = {}) => {
  const { log, lines } = memoryLog();
  const sinks = {
    interfaceMtu: 1400,
    path: 1500,
    limits: [] as number[],
    pathMtu(): number {
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
    mtu.follow(peer4);
    sinks.path = 1400;
    mtu.check();
    expect(sinks.limits).toEqual([1400, 1400, 1352]);
    expect(sinks.interfaceMtu).toBe(1400);
    expect(lines).toEqual([
      "NOTICE: packets longer than 1352 bytes leave in fragments: path MTU 1400 to 192.0.2.9:4444, MTU of tun0 is 1400",
    ]);
    mtu.check();
    expect(lines).toHaveLength(1);
  });

  it("with auto follows the path, up and down, and says so once each time", () => {
    const { mtu, sinks, lines } = setUp({ mtu: "auto" });
    mtu.follow(peer6);
    mtu.check();
    sinks.path = 9000;
    mtu.check();
    expect(sinks.interfaceMtu).toBe(8932);
    expect(sinks.limits).toEqual([1432, 1432, 8932]);
    expect(lines).toEqual([
      "NOTICE: MTU of tun0 is 1432: path MTU 1500 to [2001:db8::9]:4444",
      "NOTICE: MTU of tun0 is 8932: path MTU 9000 to [2001:db8::9]:4444",
    ]);
  });

  it("never sets an MTU that IP does not work with, nor one longer than a frame", () => {
    const ipv6 = setUp({ mtu: "auto", ipv6: { address: "fd00::1", prefixLength: 64 } });
    ipv6.sinks.path = 1300;
    ipv6.mtu.follow(peer4);
    expect(ipv6.sinks.interfaceMtu).toBe(1280);
    expect(ipv6.sinks.limits).toEqual([1252]);
    const ipv4 = setUp({ mtu: "auto" });
    ipv4.sinks.path = 600;
    ipv4.mtu.follow(peer4);
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
    mtu.follow(peer4);
    expect(sinks.limits).toEqual([most, most]);
    expect(sinks.interfaceMtu).toBe(65_521);
  });

  it("leaves TCP alone when told to", () => {
    const { mtu, sinks } = setUp({ mssClamp: false });
    mtu.follow(peer4);
    expect(sinks.limits).toEqual([0]);
  });

  it("says once that there is no route, and goes on when there is one", () => {
    const { mtu, sinks, lines } = setUp();
    sinks.path = 0;
    mtu.follow(peer4);
    mtu.check();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^NOTICE: the MTU towards the peer is not known: .*ENETUNREACH/);
    expect(sinks.limits).toEqual([]);
    sinks.path = 1500;
    mtu.check();
    expect(sinks.limits).toEqual([1400]);
  });
});
