/** The way of a running cluster from originals to ours and back, as docs/cluster.md describes it, under the pings of its clients. */

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Host, Lab, type LinkEnd, type Program, requires, waitUntil } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { codeBlocks } from "../support/doc-page.ts";
import { holdConnects } from "./anycast.ts";

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
const ANYCAST = "198.51.100.1";
const INSIDE = "10.99.0.1";
const INTERVAL_MS = 50;

/** Ours, and our state, in directories of the host's own; which of both programs is meant is a matter of the PATH. */
const PREPARE = `
set -e
mkdir -p /run/bin /run/work /var/lib
mount -t tmpfs tmpfs /var/lib
for name in anytun anytun-config anytun-controld; do ln -s ${DIST}$name.js /run/bin/$name; done`;

type Origin = "ours" | "original";

function block(part: string): string {
  const found = codeBlocks("cluster.md").find(({ text }) => text.includes(part));
  if (found === undefined) throw new Error(`no block with ${part}`);
  return found.text;
}

async function sh(host: Host, script: string, origin: Origin): Promise<string> {
  const path = process.env["PATH"] ?? "";
  const { status, stdout, stderr } = await host.run("sh", ["-e", "-c", script], {
    env: { PATH: origin === "ours" ? `/run/bin:${path}` : path },
    cwd: "/run/work",
    timeout: 30_000,
  });
  expect(status, `${script}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

const CHANGE_NODE = block("-s NEW");
const CHANGE_CONTROL = block("anytun-controld.pid");
const OTHERS = block("ss -Htn");
const AUTHORITY = block("openssl req -x509");
const CERTIFICATE = block("openssl x509");
const TLS_CONTROL = block("anytun-controld-tls.pid");
const TLS_NODE = block(" ROUND ");
const TLS_OTHERS = block("or sport");
const ROUNDS = [1, 2, 3].map((round) => tableCell(new RegExp(`^\\| ${round} \\|.*\\| \`(.*)\` \\|$`, "m")));

function tableCell(row: RegExp): string {
  const [, cell] = row.exec(readFileSync(new URL("../../../../docs/cluster.md", import.meta.url), "utf8")) ?? [];
  if (cell === undefined) throw new Error(`no row ${row}`);
  return cell;
}

/** Without its first line, which stops what runs. */
const firstStart = (text: string): string => text.split("\n").slice(1).join("\n");

/** Connections of the table, each with its secret and its replay window; the clients are originals all the time. */
const CLIENTS = [
  ["-E secret_of_client_1", "-w 0"],
  ["-E secret_of_client_2", "-w 64"],
];

class World {
  readonly #control: Host;
  readonly #nodes: readonly LinkEnd[];
  readonly #clients: readonly Host[];
  /** Changes of the route. */
  switches = 0;
  #senderId = 1;

  private constructor(control: LinkEnd, clients: readonly LinkEnd[], nodes: readonly LinkEnd[]) {
    this.#control = control.host;
    this.#clients = clients.map(({ host }) => host);
    this.#nodes = nodes;
  }

  /** @param origin of nodes and control host @param count of nodes, two or three */
  static async create(lab: Lab, origin: Origin, count = 3): Promise<World> {
    const names = ["control", "client1", "client2", "unicast1", "unicast2", "unicast3"].slice(0, 3 + count);
    const ends = await lab.network(await Promise.all(names.map((name) => lab.host(name))));
    const [control, ...others] = ends;
    if (control === undefined) throw new Error("no control host");
    const clients = others.splice(0, CLIENTS.length);
    const world = new World(control, clients, others);
    for (const { host } of ends) await host.check("sh", ["-c", PREPARE]);
    await world.#startControl(origin);
    await world.#listens(control.host, 2323);
    const release = await holdConnects(others);
    for (const [index, node] of others.entries()) {
      const [other1, other2] = others.filter((other) => other !== node);
      const followed = { OTHER1: other1?.ipv4 ?? "", OTHER2: other2?.ipv4 ?? "" };
      await node.host.hosts({ ANYCAST, CONTROL: control.ipv4, ...followed });
      await node.host.ip([`address add ${ANYCAST}/32 dev lo`]);
      await world.#run(index, origin, firstStart(CHANGE_NODE).replace("NEW", `${world.#senderId++}`));
      await world.#listens(node.host, 2342);
    }
    await release();
    for (const index of others.keys()) await world.#othersAreConnected(index);
    // who hears of the control host later goes back to its number, 0
    await world.#followers(control.host, "ss -Htn state established sport = :2323", others.length);
    await world.#sendTo(0);
    return world;
  }

  /** Each client's pings, which have begun. */
  async startClients(): Promise<Pings[]> {
    for (const [index, host] of this.#clients.entries()) {
      const mux = index + 1;
      const words = `-n 10.99.${mux}.1/16 -m ${mux} ${CLIENTS[index]?.join(" ")}`;
      await sh(host, `anytun -r ${ANYCAST} -t tun ${words} -e client`, "original");
    }
    return Promise.all(this.#clients.map(Pings.start));
  }

  /** What the page says for one host. */
  change(index: number, to: Origin): Promise<void> {
    return this.#change(index, to, CHANGE_NODE.replace("NEW", `${this.#senderId++}`));
  }

  /** The same for one round of TLS. */
  changeTls(index: number, round: string): Promise<void> {
    return this.#change(index, "ours", TLS_NODE.replace("-s N", `-s ${index + 1}`).replace("ROUND", round), TLS_OTHERS);
  }

  /** Certificates for everybody, and the second control daemon. */
  async certify(): Promise<void> {
    await sh(this.#control, AUTHORITY, "ours");
    for (const [index, { host }] of this.#nodes.entries()) {
      await sh(this.#control, CERTIFICATE.replace("HOST", `unicast${index + 1}`), "ours");
      const files = await sh(this.#control, "tar c cluster-ca.crt node.crt node.key | base64", "ours");
      await host.check("sh", ["-c", "cd /run/work; base64 -d | tar x; chmod 600 node.key"], { input: files });
    }
    await sh(this.#control, CERTIFICATE.replace("HOST", "control"), "ours");
    await sh(this.#control, TLS_CONTROL, "ours");
  }

  /** What a node says of its cluster. */
  async status(index: number): Promise<unknown> {
    return JSON.parse(await sh(this.#node(index).host, "anytun status anytun0 --json --interval 0", "ours")).cluster;
  }

  async #change(index: number, to: Origin, script: string, others = OTHERS): Promise<void> {
    await this.#sendTo((index + 1) % this.#nodes.length);
    await sleep(4 * INTERVAL_MS);
    await this.#run(index, to, script);
    await this.#othersAreConnected(index, others);
    await this.#sendTo(index);
    await sleep(10 * INTERVAL_MS);
  }

  async changeControl(to: Origin): Promise<void> {
    await sh(this.#control, CHANGE_CONTROL, to);
  }

  async #startControl(origin: Origin): Promise<void> {
    for (const [index, words] of CLIENTS.entries()) {
      const mux = index + 1;
      const line = `anytun-config -m ${mux} ${words.join(" ")} -R 10.99.${mux}.0/24 -e server >>table`;
      await sh(this.#control, line, origin);
    }
    await sh(this.#control, firstStart(CHANGE_CONTROL), origin);
  }

  async #run(index: number, origin: Origin, script: string): Promise<void> {
    // where there are two hosts each has one other
    const words = this.#nodes.length === 2 ? script.replaceAll(/,OTHER2:\d+/g, "") : script;
    await sh(this.#node(index).host, words, origin);
  }

  async #othersAreConnected(index: number, others = OTHERS): Promise<void> {
    await this.#followers(this.#node(index).host, others, this.#nodes.length - 1);
  }

  /** @param script prints a line for each */
  async #followers(host: Host, script: string, count: number): Promise<void> {
    const lines = async (): Promise<number> => (await sh(host, script, "original")).split("\n").length - 1;
    await waitUntil(async () => (await lines()) === count, {
      what: "the other hosts to be connected",
      interval: 200,
      timeout: 30_000,
    });
  }

  async #listens(host: Host, port: number): Promise<void> {
    await waitUntil(async () => (await host.check("ss", ["-Htln", `sport = :${port}`])) !== "", { timeout: 10_000 });
  }

  async #sendTo(index: number): Promise<void> {
    for (const host of this.#clients) await host.ip([`route replace ${ANYCAST}/32 via ${this.#node(index).ipv4}`]);
    this.switches++;
  }

  #node(index: number): LinkEnd {
    const node = this.#nodes[index];
    if (node === undefined) throw new Error(`no node ${index}`);
    return node;
  }
}

class Pings {
  readonly #program: Program;

  private constructor(program: Program) {
    this.#program = program;
  }

  static async start(this: void, host: Host): Promise<Pings> {
    await host.reach(INSIDE, { timeout: 30_000 });
    const program = host.spawn("ping", ["-n", "-i", `${INTERVAL_MS / 1000}`, INSIDE]);
    await program.waitFor(/bytes from/);
    return new Pings(program);
  }

  /** Those before an answer that comes from now on; there must be one. */
  async lost(): Promise<{ sent: number; lost: number; which: readonly number[] }> {
    await this.#program.waitFor(/bytes from/, { from: this.#program.output.length });
    const answered = new Set(
      [...this.#program.stdout.matchAll(/icmp_seq=(\d+) .*time=/g)].map(([, seq]) => Number(seq)),
    );
    const sent = Math.max(...answered);
    const which = Array.from({ length: sent }, (_, at) => at + 1).filter((seq) => !answered.has(seq));
    return { sent, lost: which.length, which };
  }
}

describe("docs/cluster.md", requires("root", "tun", "ip", "ping", "anytun", "ifconfig", "openssl"), () => {
  it("takes a cluster from originals to ours and back, one host at a time", { timeout: 240_000 }, async () => {
    await using lab = await Lab.create();
    const world = await World.create(lab, "original");
    const [plain, windowed] = await world.startClients();
    const before = world.switches;
    for (const index of [0, 1, 2]) await world.change(index, "ours");
    await world.changeControl("ours");
    const there = await Promise.all([plain?.lost(), windowed?.lost()]);
    const most = world.switches - before;
    // a ping that is under way when the route changes
    for (const pings of there) expect(pings?.lost, JSON.stringify(there)).toBeLessThanOrEqual(most);
    await world.changeControl("original");
    for (const index of [0, 1, 2]) await world.change(index, "original");
    const back = await plain?.lost();
    expect(back?.lost, JSON.stringify(back)).toBeLessThanOrEqual(2 * most);
    expect(back?.sent).toBeGreaterThan(400);
  });

  it("puts TLS between its hosts, one at a time", { timeout: 240_000 }, async () => {
    await using lab = await Lab.create();
    const world = await World.create(lab, "ours", 2);
    const [, windowed] = await world.startClients();
    const before = world.switches;
    await world.certify();
    for (const round of ROUNDS) for (const index of [0, 1]) await world.changeTls(index, round);
    const lost = await windowed?.lost();
    expect(lost?.lost, JSON.stringify(lost)).toBeLessThanOrEqual(world.switches - before);
    const followed = { tls: true, state: "connected", told_everything: true, refused_frames: {} };
    for (const index of [0, 1]) {
      expect(await world.status(index)).toMatchObject({
        ...{ ready: true, first_sync: "complete", connections: 2, routes: 2 },
        sync_servers: [{ tls: true, clients: [{}], sent_away: {} }],
        followed: [followed, followed],
      });
    }
  });
});
