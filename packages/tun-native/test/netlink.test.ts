import { requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { NetworkInterface } from "../src/index.ts";
import { inNamespace } from "./support/namespace.ts";

describe("an interface", requires("root", "tun", "ip", "unshare"), () => {
  it("is brought up, resized and renamed in its address, as ip sees it", async () => {
    const result = await inNamespace(({ tun, run }) => {
      tun.TunDevice.open({ kind: "tap", name: "t0" });
      const set = new tun.NetworkInterface("t0");
      const before = { isUp: set.isUp, mtu: set.mtu, exists: set.exists, other: new tun.NetworkInterface("t1").exists };
      set.mac = "02:00:5E:10:00:01";
      set.mtu = 1400;
      set.isUp = true;
      const [link] = JSON.parse(run("ip", "-j", "link", "show", "t0")) as [Record<string, unknown>];
      const seen = { address: link["address"], mtu: link["mtu"], ifindex: link["ifindex"], flags: link["flags"] };
      const own = { mac: set.mac, mtu: set.mtu, index: set.index, isUp: set.isUp };
      set.isUp = false;
      return { before, seen, own, after: set.isUp };
    });
    expect(result.before).toEqual({ isUp: false, mtu: 1500, exists: true, other: false });
    expect(result.own).toEqual({ mac: "02:00:5e:10:00:01", mtu: 1400, index: result.seen.ifindex, isUp: true });
    expect(result.seen).toMatchObject({ address: "02:00:5e:10:00:01", mtu: 1400 });
    expect(result.seen.flags).toContain("UP");
    expect(result.after).toBe(false);
  });

  it("gets and loses addresses, as ip sees them", async () => {
    const result = await inNamespace(({ tun, run }) => {
      tun.TunDevice.open({ kind: "tap", name: "t0" });
      const set = new tun.NetworkInterface("t0");
      set.isUp = true;
      set.addAddress({ address: "10.1.0.1", prefixLength: 24, broadcast: "10.1.0.255" });
      set.addAddress({ address: "10.2.0.1", prefixLength: 32, peer: "10.2.0.2" });
      set.addAddress({ address: "fd00::1", prefixLength: 64, duplicateDetection: false });
      const [link] = JSON.parse(run("ip", "-j", "addr", "show", "t0")) as [{ addr_info: Record<string, unknown>[] }];
      const own = set.addresses().filter(({ address }) => !address.startsWith("fe80"));
      for (const address of own) set.removeAddress(address);
      const left = set.addresses().filter(({ address }) => !address.startsWith("fe80"));
      return { own, left, seen: link.addr_info.filter((info) => info["scope"] === "global") };
    });
    expect(result.own).toEqual([
      { address: "10.1.0.1", prefixLength: 24, broadcast: "10.1.0.255" },
      { address: "10.2.0.1", prefixLength: 32, peer: "10.2.0.2" },
      { address: "fd00::1", prefixLength: 64 },
    ]);
    expect(result.seen).toMatchObject([
      { local: "10.1.0.1", prefixlen: 24, broadcast: "10.1.0.255" },
      { local: "10.2.0.1", address: "10.2.0.2", prefixlen: 32 },
      { local: "fd00::1", prefixlen: 64, nodad: true },
    ]);
    expect(result.left).toEqual([]);
  });

  it("gets and loses routes, as ip sees them", async () => {
    const result = await inNamespace(({ tun, run }) => {
      tun.TunDevice.open({ kind: "tun", name: "t0" });
      const set = new tun.NetworkInterface("t0");
      set.addAddress({ address: "10.0.0.1", prefixLength: 24 });
      set.isUp = true;
      const before = set.routes().length;
      const routes = [
        { destination: "10.9.0.0/16" },
        { destination: "10.10.0.0/16", via: "10.0.0.7", metric: 5 },
        { destination: "0.0.0.0/0", via: "10.0.0.9" },
        { destination: "fd09::/16", metric: 7 },
        { destination: "::/0", metric: 8 },
      ];
      for (const route of routes) set.addRoute(route);
      const seen = [run("ip", "-4", "route"), run("ip", "-6", "route")].join("");
      const own = set.routes();
      for (const route of routes) set.removeRoute(route);
      return { before, seen, own, after: set.routes().length };
    });
    expect(result.own).toEqual(
      expect.arrayContaining([
        { destination: "10.9.0.0/16" },
        { destination: "10.10.0.0/16", via: "10.0.0.7", metric: 5 },
        { destination: "0.0.0.0/0", via: "10.0.0.9" },
        { destination: "fd09::/16", metric: 7 },
        { destination: "::/0", metric: 8 },
      ]),
    );
    for (const line of [
      /^10\.9\.0\.0\/16 dev t0 proto static scope link/m,
      /^10\.10\.0\.0\/16 via 10\.0\.0\.7 dev t0 proto static metric 5/m,
      /^default via 10\.0\.0\.9 dev t0/m,
      /^fd09::\/16 dev t0 proto static metric 7/m,
      /^default dev t0 proto static metric 8/m,
    ]) {
      expect(result.seen).toMatch(line);
    }
    expect(result.after).toBe(result.before);
  });

  it("shows the main table of all interfaces, with who made each route", async () => {
    const result = await inNamespace(({ tun, run }) => {
      for (const name of ["t0", "t1"]) {
        tun.TunDevice.open({ kind: "tun", name });
        const set = new tun.NetworkInterface(name);
        set.isUp = true;
        set.addRoute({ destination: `10.${name === "t0" ? 1 : 2}.0.0/16`, protocol: 173 });
      }
      run("ip", "route", "add", "10.3.0.0/16", "nexthop", "dev", "t1", "nexthop", "dev", "t0");
      run("ip", "route", "add", "blackhole", "10.4.0.0/16");
      run("ip", "route", "add", "10.5.0.0/16", "dev", "t0", "table", "77");
      const set = new tun.NetworkInterface("t0");
      const four = tun.listMainRoutes(4);
      const six = tun.listMainRoutes(6).filter(({ destination }) => destination === "fe80::/64");
      set.removeRoute({ destination: "10.1.0.0/16", protocol: 173 });
      return { four, six: six.map(({ device }) => device).sort(), left: tun.listMainRoutes(4).length };
    });
    expect(result.four).toEqual([
      { destination: "10.1.0.0/16", device: "t0", protocol: 173 },
      { destination: "10.2.0.0/16", device: "t1", protocol: 173 },
      { destination: "10.3.0.0/16", device: "t1", protocol: 3 },
    ]);
    expect(result.six).toEqual(["t0", "t1"]);
    expect(result.left).toBe(2);
  });

  it("lists hundreds of addresses", async () => {
    const count = await inNamespace(({ tun }) => {
      tun.TunDevice.open({ kind: "tun", name: "t0" });
      const set = new tun.NetworkInterface("t0");
      for (let i = 0; i < 600; i++) set.addAddress({ address: `10.0.${i >> 8}.${i & 255}`, prefixLength: 32 });
      return set.addresses().length;
    });
    expect(count).toBe(600);
  });

  it("answers failures with operation, object and errno", async () => {
    const errors = await inNamespace(({ tun, failure }) => {
      tun.TunDevice.open({ kind: "tun", name: "t0" });
      const set = new tun.NetworkInterface("t0");
      const none = new tun.NetworkInterface("none");
      set.addAddress({ address: "10.0.0.1", prefixLength: 24 });
      return [
        failure(() => none.mtu),
        failure(() => {
          none.isUp = true;
        }),
        failure(() => set.addAddress({ address: "10.0.0.1", prefixLength: 24 })),
        failure(() => set.removeAddress({ address: "10.0.0.9", prefixLength: 24 })),
        failure(() => {
          set.mtu = 10;
        }),
        failure(() => {
          set.mac = "02:00:00:00:00:01";
        }),
        failure(() => set.removeRoute({ destination: "10.77.0.0/16" })),
        failure(() => set.addRoute({ destination: "10.77.0.0/16", via: "198.51.100.1" })),
        failure(() => {
          process.setgid?.(65534);
          process.setuid?.(65534);
          set.isUp = true;
        }),
      ].map(({ code, message }) => `${String(code)} | ${message}`);
    });
    expect(errors.map((text) => text.replace(/ \(.*/, ""))).toEqual([
      "ENODEV | get link none: ENODEV",
      "ENODEV | get link none: ENODEV",
      "EEXIST | add address 10.0.0.1/24 on t0: EEXIST",
      "EADDRNOTAVAIL | remove address 10.0.0.9/24 on t0: EADDRNOTAVAIL",
      "EINVAL | set mtu t0: EINVAL",
      "EOPNOTSUPP | set mac t0: EOPNOTSUPP",
      "ESRCH | remove route 10.77.0.0/16 on t0: ESRCH",
      "ENETUNREACH | add route 10.77.0.0/16 via 198.51.100.1 on t0: ENETUNREACH",
      "EPERM | set isUp t0: EPERM",
    ]);
  });
});

describe("values that cannot be right", () => {
  const set = new NetworkInterface("nosuchif0");

  it.each<[string, () => void]>([
    ["an MTU of text", () => Object.assign(set, { mtu: "1400" })],
    ["a short MAC", () => Object.assign(set, { mac: "02:00:00:00:00" })],
    ["a MAC without colons", () => Object.assign(set, { mac: "020000000001" })],
    ["an address that is none", () => set.addAddress({ address: "10.0.0", prefixLength: 24 })],
    ["a prefix length of 33", () => set.addAddress({ address: "10.0.0.1", prefixLength: 33 })],
    ["a peer of the other family", () => set.addAddress({ address: "10.0.0.1", prefixLength: 32, peer: "fd00::1" })],
    [
      "a broadcast address for IPv6",
      () => set.addAddress({ address: "fd00::1", prefixLength: 64, broadcast: "10.0.0.1" }),
    ],
    ["a route to half a prefix", () => set.addRoute({ destination: "10.0.0.0/x" })],
    ["a next hop of the other family", () => set.addRoute({ destination: "10.0.0.0/8", via: "fd00::1" })],
    ["a protocol of 0", () => set.addRoute({ destination: "10.0.0.0/8", protocol: 0 })],
    ["a negative metric", () => set.addRoute({ destination: "10.0.0.0/8", metric: -1 })],
  ])("%s is refused before the kernel is asked", (_name, action) => {
    expect(action).toThrow(expect.objectContaining({ code: "ERR_ARGUMENT" }));
  });
});
