/** One server with several clients, each with its own mux, key and networks: the right client gets what is for it. */
import { type Host, Lab, type LinkEnd, type Program, requires, waitUntil } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Kind, readCounters, startDaemon } from "./daemons.ts";
import { pings, transfer } from "./traffic.ts";

interface Client {
  readonly kind: Kind;
  readonly mux: number;
  /** Inside address; the network behind is `192.168.MUX.0/24`, where the client has `.1`. */
  readonly address: string;
  readonly end: LinkEnd;
  daemon: Program;
}

const KINDS: readonly Kind[] = ["ours", "anytun", "uanytun"];
const SERVER = "10.9.0.1";

const inside = (mux: number): string => `10.9.0.${mux}`;
const behind = (mux: number): string => `192.168.${mux}.1`;
const secret = (mux: number): string => `secret of client ${mux}`;

describe("a server with many clients", requires("root", "tun", "ping", "anytun", "uanytun", "ifconfig"), () => {
  let lab: Lab;
  let server: LinkEnd;
  let daemon: Program;
  const clients: Client[] = [];

  const start = (end: LinkEnd, kind: Kind, mux: number, port = 4444): Program =>
    startDaemon(end.host, kind, [
      ...["-t", "tun", "-d", "tun0", "-n", `${inside(mux)}/24`, "-e", "right", "-m", `${mux}`],
      ...["-E", secret(mux), "-r", server.ipv4, "-p", `${port}`],
    ]);

  /** A file of the configuration directory. */
  const write = (path: string, text: string): Promise<string> =>
    server.host.check("sh", ["-c", `umask 077; mkdir -p /run/etc/vpn/conf.d; cat >/run/etc/vpn/${path}`], {
      input: text,
    });

  /** Repeats a ping until the server has heard the client and answers. */
  const connect = (host: Host): Promise<void> => host.reach(SERVER, { timeout: 30_000 });

  beforeAll(async () => {
    lab = await Lab.create();
    const hosts = await Promise.all(["server", ...KINDS].map((name) => lab.host(name)));
    const [first, ...ends] = await lab.network(hosts);
    if (first === undefined) throw new Error("no server");
    server = first;
    await write("config", `type tun\ndev tun0\nifconfig ${SERVER}/24\n`);
    for (const [index, kind] of KINDS.entries()) {
      const mux = 11 + index;
      const route = `${inside(mux)}/32,${behind(mux).replace(/1$/, "0")}/24`;
      await write(`conf.d/${kind}`, `mux ${mux}\npassphrase "${secret(mux)}"\nroute ${route}\n`);
    }
    daemon = startDaemon(server.host, "ours", ["--install-routes", "--config-dir", "/run/etc", "vpn"]);
    await daemon.waitFor(/kernel routes on tun0/);
    for (const [index, kind] of KINDS.entries()) {
      const end = ends[index];
      if (end === undefined) throw new Error("no client");
      const mux = 11 + index;
      await end.host.ip([`address add ${behind(mux)}/32 dev lo`]);
      clients.push({ kind, mux, address: inside(mux), end, daemon: start(end, kind, mux) });
    }
    await Promise.all(clients.map(({ end }) => connect(end.host)));
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  it("reaches each of them, and the networks behind", async () => {
    for (const { address, mux } of clients) {
      await pings(server.host, address);
      await pings(server.host, behind(mux));
    }
    await Promise.all(clients.map(({ address, end }) => transfer(server.host, end.host, address, 5_000_000)));
    for (const { end } of clients) await transfer(end.host, server.host, SERVER, 2_000_000);
    expect(clients).toHaveLength(KINDS.length);
    const counters = await readCounters(daemon);
    expect(counters.drops["bad-tag"]).toBeUndefined();
    expect(counters.drops["unknown-mux"]).toBeUndefined();
  });

  it("passes traffic on from one to another, as far as the kernel lets it", async () => {
    const [one, two] = clients;
    if (one === undefined || two === undefined) throw new Error("no clients");
    const { status } = await one.end.host.run("ping", ["-n", "-c", "1", "-W", "1", two.address]);
    expect(status).not.toBe(0);
    await server.host.check("sh", ["-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"]);
    await one.end.host.reach(two.address);
  });

  it("drops and counts what no route leads to", async () => {
    const before = (await readCounters(daemon)).drops["no-route"] ?? 0;
    await server.host.run("ping", ["-n", "-c", "1", "-W", "0.2", "10.9.0.77"]);
    expect((await readCounters(daemon)).drops["no-route"]).toBeGreaterThan(before);
  });

  it("refuses a client that uses another's mux, and the other does not notice", async () => {
    const [one, two] = clients;
    if (one === undefined || two === undefined) throw new Error("no clients");
    await one.daemon.stop();
    const before = (await readCounters(daemon)).drops["bad-tag"] ?? 0;
    const impostor = startDaemon(one.end.host, "ours", [
      ...["-t", "tun", "-d", "tun0", "-n", `${one.address}/24`, "-e", "right", "-m", `${two.mux}`],
      ...["-E", secret(one.mux), "-r", server.ipv4, "--keepalive", "1"],
    ]);
    await impostor.waitFor(/added connection remote host/);
    await daemon.waitFor(/wrong Authentication Tag!/);
    await pings(server.host, two.address, 1);
    await pings(two.end.host, SERVER, 1);
    expect((await readCounters(daemon)).drops["bad-tag"]).toBeGreaterThan(before);
    await impostor.stop();
    one.daemon = start(one.end, one.kind, one.mux);
    await connect(one.end.host);
  });

  it("takes on and lets go a client when the configuration is read again, and the others lose nothing", async () => {
    const steady = clients.map(({ address }) =>
      server.host.check("ping", ["-q", "-n", "-i", "0.05", "-c", "100", "-W", "5", address]),
    );
    const routes = (): Promise<string> => server.host.check("ip", ["route", "show", "dev", "tun0"]);
    const reload = async (): Promise<void> => {
      const from = daemon.output.length;
      await daemon.kill("SIGHUP");
      await daemon.waitFor(/the configuration was reloaded: conf\.d/, { from });
    };
    await write("conf.d/guest", 'mux 99\npassphrase "guest"\nroute 10.99.0.0/16\n');
    await reload();
    await waitUntil(async () => (await routes()).includes("10.99.0.0/16"));
    await server.host.check("rm", ["/run/etc/vpn/conf.d/guest"]);
    await reload();
    await waitUntil(async () => !(await routes()).includes("10.99.0.0/16"));
    for (const text of await Promise.all(steady)) expect(text).toContain("100 packets transmitted, 100 received");
  });

  it("follows each of them to another port while the others lose nothing", async () => {
    for (const [index, client] of clients.entries()) {
      const others = clients.filter((other) => other !== client);
      const steady = others.map(({ address }) =>
        server.host.check("ping", ["-q", "-n", "-i", "0.05", "-c", "100", "-W", "5", address]),
      );
      await client.daemon.stop("SIGKILL");
      client.daemon = start(client.end, client.kind, client.mux, 5000 + index);
      await connect(client.end.host);
      await server.host.reach(client.address, { timeout: 30_000 });
      for (const text of await Promise.all(steady)) expect(text).toContain("100 packets transmitted, 100 received");
    }
  });
});
