// One tunnel endpoint on three hosts, ours and Debian's in any mix.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Lab, type LinkEnd, requires, run } from "satp-tools/lab";
import { describe, expect, it, onTestFinished } from "vitest";
import { ANYCAST, Anycast, CLIENT_INSIDE, NODE_INSIDE } from "./anycast.ts";
import { type Kind, readCounters, startDaemon } from "./daemons.ts";
import { sendRaw } from "./traffic.ts";

const plain = ["-a", "null", "-c", "null", "-w", "0"];

interface Mix {
  readonly client: Kind;
  readonly nodes: readonly Kind[];
}

const mixes: Mix[] = [
  { client: "ours", nodes: ["ours", "ours", "ours"] },
  { client: "anytun", nodes: ["ours", "anytun", "ours"] },
  { client: "uanytun", nodes: ["anytun", "ours", "anytun"] },
];

const dist = (name: string): string => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url));

describe("the manual's anycast example", requires("root", "tun", "ip", "ping", "anytun", "uanytun", "ifconfig"), () => {
  it.each(mixes)("client $client, nodes $nodes", async ({ client, nodes }) => {
    // the originals drop what has no route, so that their nodes cannot answer in the example as it is
    const routed = (kind: Kind | undefined): string[] => (kind === "ours" ? [] : ["-R", "10.99.0.2/32"]);
    await using world = await Anycast.create({ client, nodes, common: plain, extra: (index) => routed(nodes[index]) });
    await world.client.host.reach(NODE_INSIDE, { timeout: 30_000 });
    for (const index of [1, 2, 0]) {
      const next = world.node(index);
      await told(next.end, world.client);
      await world.switchTo(index);
      // the node has never heard the client, and reaches it with its first packet
      const { stdout } = await next.end.host.run("ping", ["-n", "-c", "1", "-W", "3", CLIENT_INSIDE]);
      expect(stdout, `${next.kind} ${index}\n${next.daemon.output}`).toContain("1 received");
      await world.client.host.reach(NODE_INSIDE);
    }
  });
});

/** Waits until a node has been told where the client is: a push takes its time on a busy machine. */
async function told({ host }: LinkEnd, client: LinkEnd): Promise<void> {
  const tables = host.spawn(process.execPath, [dist("anytun-showtables"), "--connect", "127.0.0.1:2342"]);
  await tables.waitFor(new RegExp(`Client 0: ${client.ipv4}:`), { timeout: 20_000 });
  await tables.stop();
}

describe("a control host", requires("root", "tun", "ip", "ping", "anytun", "uanytun", "ifconfig"), () => {
  it("hands out clients with networks to ours and an original, and takes them back", async () => {
    const folder = mkdtempSync(join(tmpdir(), "anytun-cluster-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const table = join(folder, "table");
    const entries = await Promise.all(
      [1, 2].map((mux) => {
        const words = ["-m", `${mux}`, "-E", `secret of ${mux}`, "-R", `10.99.${mux}.0/24`, "-e", "server"];
        return run(process.execPath, [dist("anytun-config"), ...words]);
      }),
    );
    writeFileSync(table, entries.map(({ stdout }) => stdout).join(""));
    await using lab = await Lab.create();
    const names = ["control", "unicast1", "unicast2", "client1", "client2"];
    const [control, ours, theirs, ...clients] = await lab.network(
      await Promise.all(names.map((name) => lab.host(name))),
    );
    if (control === undefined || ours === undefined || theirs === undefined) throw new Error("no hosts");
    const words = ["-D", "-L", "stdout:5", "-f", table, "-X", ":2323"];
    const controld = control.host.spawn(process.execPath, [dist("anytun-controld"), ...words]);
    await controld.waitFor(/sync server listening on \[::\]/, { timeout: 30_000 });
    const nodes = [ours, theirs].map((end, index) => {
      const kind = index === 0 ? "ours" : "anytun";
      const place = [
        "-i",
        ANYCAST,
        "-t",
        "tun",
        "-d",
        "anytun0",
        "-n",
        "10.99.0.1/16",
        "-e",
        "server",
        "-s",
        `${index + 1}`,
      ];
      const other = index === 0 ? theirs : ours;
      const cluster = ["-S", "2342", "-M", `${other.ipv4}:2342`, "-X", `${control.ipv4}:2323`];
      return { end, start: () => startDaemon(end.host, kind, [...place, ...cluster]) };
    });
    for (const { end } of nodes) await end.host.ip([`address add ${ANYCAST}/32 dev lo`]);
    const daemons = nodes.map(({ start }) => start());
    for (const daemon of daemons) await daemon.waitFor(/sync: connected to [0-9.]+:2323/, { timeout: 25_000 });
    for (const [index, client] of clients.entries()) {
      const mux = index + 1;
      await client.host.ip([`route add ${ANYCAST}/32 via ${nodes[index]?.end.ipv4}`]);
      const tunnel = ["-t", "tun", "-n", `10.99.${mux}.1/16`, "-m", `${mux}`, "-E", `secret of ${mux}`, "-e", "client"];
      startDaemon(client.host, index === 0 ? "uanytun" : "ours", ["-r", ANYCAST, ...tunnel]);
    }
    for (const client of clients) await client.host.reach("10.99.0.1", { timeout: 20_000 });
    // each client goes over to the other node
    for (const [index, client] of clients.entries()) {
      await client.host.ip([`route replace ${ANYCAST}/32 via ${nodes[1 - index]?.end.ipv4}`]);
      await client.host.reach("10.99.0.1", { timeout: 20_000 });
    }
    writeFileSync(table, entries[1]?.stdout ?? "");
    await controld.kill("SIGHUP");
    const show = ["--connect", "127.0.0.1:2342", "--json"];
    const list = ours.host.spawn(process.execPath, [dist("anytun-showtables"), ...show]);
    await list.waitFor(/"mux":2/);
    await controld.waitFor(/reloaded 1 connections and 1 routes/);
    const gone = await clients[0]?.host.run("ping", ["-n", "-c", "2", "-W", "1", "10.99.0.1"]);
    expect(gone?.stdout).toContain("2 packets transmitted");
    expect(list.stdout).not.toContain('"mux":1}');
  });
});

describe("replay protection", requires("root", "tun", "ip", "ping", "tcpdump"), () => {
  it("refuses at every node what one of them has seen, once that is known", async () => {
    const common = ["-w", "256", "-E", "known to all"];
    const nodes: Kind[] = ["ours", "ours", "ours"];
    await using world = await Anycast.create({
      client: "ours",
      nodes,
      common,
      extra: (index) => ["-s", `${index + 1}`],
    });
    await using capture = await world.client.host.capture(world.client.device, `udp and dst host ${ANYCAST}`);
    // one after another, also on a busy machine: what left in one piece was captured in one piece
    for (let pings = 0; pings < 5; pings++) await world.client.host.reach(NODE_INSIDE);
    const single = (await capture.waitFor(5)).filter(({ payload }) => payload.length < 150);
    const overheard = single.map(({ payload }) => Buffer.from(payload).toString("hex"));
    // a mark is told between one and two rounds after it was made
    await new Promise((resolve) => setTimeout(resolve, 3500));
    await world.switchTo(1);
    // from the client's own host: no attacker can repeat from a better place
    await sendRaw(world.client.host, ANYCAST, 4444, overheard);
    const { drops } = await readCounters(world.node(1).daemon);
    expect(drops["replay"], world.node(1).daemon.output).toBe(overheard.length);
    // and the client itself is heard there as before
    await world.client.host.reach(NODE_INSIDE);
  });
});
