import { endpointOf, parseAddress, parsePrefix } from "satp-core";
import type { InterfaceRoute, MainRoute } from "tun-native";
import { describe, expect, it } from "vitest";
import { KernelRoutes, type RouteKernel } from "../../src/daemon/kernel-routes/kernel-routes.ts";
import { memoryLog } from "../support/memory-log.ts";

const TUN = "tun0";

/** The kernel's main table, and what it refuses. */
class MemoryKernel implements RouteKernel {
  readonly routes: MainRoute[];
  isUp = false;
  isAllowed = true;
  calls = 0;

  constructor(routes: readonly MainRoute[]) {
    this.routes = [...routes];
  }

  bringUp(): void {
    this.isUp = true;
  }

  add(device: string, route: InterfaceRoute): void {
    this.calls++;
    if (!this.isAllowed) throw systemError("EPERM", -1);
    if (this.routes.some(({ destination, metric }) => destination === route.destination && metric === route.metric)) {
      throw systemError("EEXIST", -17);
    }
    this.routes.push({ ...route, device, protocol: route.protocol ?? 4 });
  }

  remove(device: string, route: InterfaceRoute): void {
    this.calls++;
    if (!this.isAllowed) throw systemError("EPERM", -1);
    const at = this.routes.findIndex((other) => other.destination === route.destination && other.device === device);
    if (at < 0) throw systemError("ESRCH", -3);
    this.routes.splice(at, 1);
  }

  table(family: 4 | 6): readonly MainRoute[] {
    return this.routes.filter(({ destination }) => destination.includes(":") === (family === 6));
  }

  /** Without those that were there before. */
  get added(): string[] {
    return this.routes.filter(({ protocol }) => protocol === 173).map(text);
  }
}

function systemError(code: string, errno: number): Error {
  return Object.assign(new Error(code), { code, errno });
}

function text({ destination, via, device }: MainRoute): string {
  return `${destination}${via === undefined ? "" : ` via ${via}`} dev ${device}`;
}

const route = (destination: string, device: string, via?: string): MainRoute => ({
  ...{ destination, device, protocol: 4 },
  ...(via === undefined ? {} : { via }),
});

const HOST = [
  route("0.0.0.0/0", "eth0", "192.0.2.254"),
  route("192.0.2.0/24", "eth0"),
  route("::/0", "eth0", "fe80::1"),
];

const at = (host: string): Int32Array => endpointOf(parseAddress(host), 4444);

const setUp = (table: readonly MainRoute[] = HOST) => {
  const kernel = new MemoryKernel(table);
  const { log, lines } = memoryLog();
  const routes = new KernelRoutes({ device: TUN, kernel, log });
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { kernel, lines, routes, turn };
};

const start = (routes: KernelRoutes, ...prefixes: string[]): void => routes.start(prefixes.map(parsePrefix));

describe("networks behind peers", () => {
  it("are routed at the start, later, and not any more when they are withdrawn", async () => {
    const { routes, kernel, turn } = setUp();
    start(routes, "10.0.0.0/8", "fd00::/8");
    expect(kernel.isUp).toBe(true);
    expect(kernel.added).toEqual(["10.0.0.0/8 dev tun0", "fd00::/8 dev tun0"]);
    routes.add(parsePrefix("172.16.0.0/12"));
    routes.add(parsePrefix("10.0.0.0/8"));
    await turn();
    expect(kernel.added).toContain("172.16.0.0/12 dev tun0");
    routes.remove(parsePrefix("10.0.0.0/8"));
    expect(kernel.added).toEqual(["fd00::/8 dev tun0", "172.16.0.0/12 dev tun0"]);
    routes.close();
    routes.close();
    expect(kernel.added).toEqual([]);
    expect(kernel.routes).toEqual(HOST);
  });

  it("that come and go within a turn never reach the kernel", async () => {
    const { routes, kernel, turn } = setUp();
    routes.add(parsePrefix("10.0.0.0/8"));
    routes.remove(parsePrefix("10.0.0.0/8"));
    await turn();
    expect(kernel.calls).toBe(0);
  });

  it("that another route is for are a failed start, with nothing left", () => {
    const { routes, kernel } = setUp();
    expect(() => start(routes, "10.0.0.0/8", "192.0.2.0/24")).toThrow(
      "no kernel route for 192.0.2.0/24 on tun0: there is another route for 192.0.2.0/24 (EEXIST)",
    );
    routes.close();
    expect(kernel.routes).toEqual(HOST);
  });

  it("that another route is for are one line later on", async () => {
    const { routes, kernel, lines, turn } = setUp();
    routes.add(parsePrefix("192.0.2.0/24"));
    await turn();
    expect(lines).toEqual([
      "ERROR: no kernel route for 192.0.2.0/24 on tun0: there is another route for 192.0.2.0/24 (EEXIST)",
    ]);
    expect(kernel.routes).toEqual(HOST);
  });

  it("leave alone what the interface's own address made", () => {
    const own = route("10.9.0.0/24", TUN);
    const { routes, kernel } = setUp([...HOST, own]);
    start(routes, "10.9.0.0/24");
    routes.close();
    expect(kernel.routes).toEqual([...HOST, own]);
  });

  it("by the thousand are made in slices", async () => {
    const { routes, kernel, turn } = setUp([]);
    for (let i = 0; i < 1000; i++) routes.add(parsePrefix(`10.${i >> 8}.${i & 255}.0/24`));
    await turn();
    expect(kernel.added.length).toBeLessThan(500);
    while (kernel.added.length < 1000) await turn();
    routes.close();
    expect(kernel.routes).toEqual([]);
  });
});

describe("the way to a peer", () => {
  it("stays outside when everything else goes into the tunnel", () => {
    const { routes, kernel } = setUp();
    start(routes, "0.0.0.0/0", "::/0");
    expect(routes.follow(0, at("198.51.100.7"))).toBe(true);
    expect(routes.follow(1, at("2001:db8::7"))).toBe(true);
    expect(kernel.added.sort()).toEqual([
      "0.0.0.0/1 dev tun0",
      "128.0.0.0/1 dev tun0",
      "198.51.100.7/32 via 192.0.2.254 dev eth0",
      "2001:db8::7/128 via fe80::1 dev eth0",
      "8000::/1 dev tun0",
      "::/1 dev tun0",
    ]);
    routes.close();
    expect(kernel.routes).toEqual(HOST);
  });

  it("needs nothing where a longer route leads there, or on loopback, or on one link", () => {
    const { routes, kernel } = setUp();
    start(routes, "0.0.0.0/0", "::/0");
    for (const host of ["192.0.2.7", "127.0.0.1", "::1"]) expect(routes.follow(0, at(host))).toBe(true);
    expect(routes.follow(0, endpointOf(parseAddress("fe80::2"), 4444, { scope: 2 }))).toBe(true);
    expect(kernel.added).toHaveLength(4);
  });

  it("follows the peer, and is shared by peers at one address", () => {
    const { routes, kernel } = setUp();
    start(routes, "0.0.0.0/0");
    const ways = (): string[] => kernel.added.filter((line) => line.includes("eth0"));
    routes.follow(0, at("198.51.100.7"));
    routes.follow(1, at("198.51.100.7"));
    routes.follow(0, at("198.51.100.8"));
    expect(ways()).toEqual(["198.51.100.7/32 via 192.0.2.254 dev eth0", "198.51.100.8/32 via 192.0.2.254 dev eth0"]);
    routes.follow(1, undefined);
    expect(ways()).toEqual(["198.51.100.8/32 via 192.0.2.254 dev eth0"]);
    routes.remove(parsePrefix("0.0.0.0/0"));
    expect(kernel.added).toEqual([]);
  });

  it("follows the host's network", async () => {
    const { routes, kernel } = setUp();
    start(routes, "0.0.0.0/0");
    routes.follow(0, at("198.51.100.7"));
    // the lease is renewed elsewhere: the kernel drops what went through the old gateway
    kernel.routes.splice(0, kernel.routes.length, ...kernel.routes.filter(({ device }) => device === TUN));
    kernel.routes.push(route("0.0.0.0/0", "wlan0", "10.0.0.1"));
    routes.check();
    expect(kernel.added).toContain("198.51.100.7/32 via 10.0.0.1 dev wlan0");
  });

  it("that does not exist keeps the network out of the kernel until it does", async () => {
    const { routes, kernel, lines, turn } = setUp([]);
    start(routes, "10.0.0.0/8", "0.0.0.0/0");
    expect(routes.follow(0, at("198.51.100.7"))).toBe(true);
    expect(kernel.added).toEqual(["10.0.0.0/8 dev tun0"]);
    expect(lines).toEqual([
      "ERROR: no kernel route for 0.0.0.0/0: it contains the peer's address 198.51.100.7, whose way would lead into the tunnel: there is no other way to it",
    ]);
    kernel.routes.push(route("0.0.0.0/0", "eth0", "192.0.2.254"));
    routes.check();
    await turn();
    expect(kernel.added).toContain("198.51.100.7/32 via 192.0.2.254 dev eth0");
    expect(kernel.added).toContain("128.0.0.0/1 dev tun0");
  });

  it("that cannot be kept outside any more is told to whoever sends there", () => {
    const { routes, kernel, lines } = setUp();
    start(routes, "0.0.0.0/0");
    kernel.isAllowed = false;
    expect(routes.follow(0, at("198.51.100.7"))).toBe(false);
    expect(lines[0]).toContain("whose way would lead into the tunnel: Operation not permitted (EPERM)");
    expect(lines[1]).toContain("WARNING: a kernel route stays: Operation not permitted (EPERM)");
  });

  it("is taken over from a run that could not remove it", () => {
    const left = { ...route("198.51.100.7/32", "eth0", "192.0.2.254"), protocol: 173 };
    const { routes, kernel } = setUp([...HOST, left]);
    start(routes, "0.0.0.0/0");
    expect(routes.follow(0, at("198.51.100.7"))).toBe(true);
    routes.close();
    expect(kernel.routes).toEqual(HOST);
  });

  it("costs nothing for peers outside all networks", () => {
    const { routes, kernel } = setUp();
    start(routes, "10.0.0.0/8");
    const before = kernel.calls;
    for (let mux = 0; mux < 10_000; mux++) routes.follow(mux, at(`198.51.${mux >> 8}.${mux & 255}`));
    expect(kernel.calls).toBe(before);
  });
});
