// A large cluster: how long a node takes to know 10,000 connections and 50,000 routes, and how soon three others know that a
// peer has moved when a thousand move every second.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeCommand, frameText, parseHostAddress } from "satp-sync";
import { ownDaemon } from "../contenders/index.ts";
import { type Host, Lab, LabError, type Program } from "../lab/index.ts";
import { residentMib } from "../measure/process-usage.ts";
import type { Section } from "./document.ts";
import type { RoamingResult } from "./roaming-load.ts";

export interface JoinResult {
  readonly from: "anytun-controld" | "another node";
  /** From the connection to the last entry. */
  readonly syncMs: number;
  /** Until the data plane has all of it too. */
  readonly readyMs: number;
  readonly residentMib: number;
}

export interface SyncScaleResult {
  readonly connections: number;
  readonly routes: number;
  readonly joins: readonly JoinResult[];
  readonly controldMib: number;
  readonly roaming: RoamingResult;
}

const PASSPHRASE_KEY = new Uint8Array(16).fill(7);
const SALT = new Uint8Array(14).fill(9);
const CONTROL_PORT = 2323;
const SYNC_PORT = 2342;
const WATCHERS = 3;

const script = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const controld = script("../../../packages/anytun/dist/anytun-controld.js");
const roamingLoad = script("../../dist/soak/roaming-load.js");

/** The table of so many clients with a network each, and more networks that are spread over them. */
export function clusterTable(connections: number, routes: number): string {
  const unknown = parseHostAddress("0.0.0.0");
  if (unknown === undefined) throw new RangeError("no address");
  const frames: string[] = [];
  for (let mux = 1; mux <= connections; mux++) {
    const key = Uint8Array.from(PASSPHRASE_KEY, (byte, i) => (i < 2 ? (mux >> (8 * i)) & 0xff : byte));
    const numbers = { mux, role: 0, keyBits: 128, windowSize: 0, sequence: 0, port: 0 };
    frames.push(encodeCommand({ type: "connection", ...numbers, salt: SALT, key, host: unknown }));
  }
  for (let i = 0; i < routes; i++) {
    const word = (10 << 24) + i * 256;
    const route = { type: "route", length: 24, mux: 1 + (i % connections) } as const;
    frames.push(encodeCommand({ ...route, address: { family: 4, words: [word, 0, 0, 0] } }));
  }
  return frames.map((archive) => `${frameText(archive)}\n`).join("");
}

/** @throws LabError when a daemon ends or does not get there */
export async function syncScale(connections: number, routes: number, seconds: number): Promise<SyncScaleResult> {
  const folder = mkdtempSync(join(tmpdir(), "satp-scale-"));
  const lab = await Lab.create();
  try {
    const [control, first, second, load] = await lab.network(
      await Promise.all(["control", "first", "second", "load"].map((name) => lab.host(name))),
    );
    if (control === undefined || first === undefined || second === undefined || load === undefined) {
      throw new LabError("setup", "no hosts");
    }
    const table = join(folder, "table");
    writeFileSync(table, clusterTable(connections, routes));
    const server = control.host.spawn(process.execPath, [
      ...[controld, "-D", "-L", "stdout:4", "-f", table, "-X", `:${CONTROL_PORT}`],
    ]);
    await server.waitFor(/sync server listening on \[::\]/);
    const node = startNode(first.host, ["-X", `${control.ipv4}:${CONTROL_PORT}`, "-S", `${SYNC_PORT}`, "-s", "1"]);
    const joins = [await joined(node, "anytun-controld", connections)];
    const other = startNode(second.host, ["-M", `${first.ipv4}:${SYNC_PORT}`, "-s", "2"]);
    joins.push(await joined(other, "another node", connections));
    const args = [roamingLoad, first.ipv4, `${SYNC_PORT}`, `${WATCHERS}`, `${seconds}`];
    const output = await load.host.check(process.execPath, args, { timeout: (seconds + 60) * 1000 });
    const roaming: RoamingResult = JSON.parse(output);
    return { connections, routes, joins, controldMib: residentMib(server.pid ?? 0), roaming };
  } finally {
    await lab[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
}

function startNode(host: Host, cluster: readonly string[]): Program {
  const [node, daemon] = ownDaemon;
  const words = ["-D", "-t", "tun", "--state-dir", "/run/anytun", "-L", "stdout:4", "--log-format", "json"];
  return host.spawn(node, [daemon, ...words, ...cluster]);
}

async function joined(program: Program, from: JoinResult["from"], connections: number): Promise<JoinResult> {
  await program.waitFor(/has told everything/, { timeout: 60_000 });
  await program.kill("SIGUSR1");
  const known = 64;
  await program.waitFor(new RegExp(`${connections - known} more peers`), { timeout: 60_000 });
  const times = new Map<string, number>();
  for (const line of program.stdout.split("\n")) {
    if (!line.startsWith("{")) continue;
    const { time, text }: { time: string; text: string } = JSON.parse(line);
    const event = /sync: connected|has told everything|more peers/.exec(text)?.[0];
    if (event !== undefined) times.set(event, Date.parse(time));
  }
  const begun = times.get("sync: connected") ?? Number.NaN;
  return {
    from,
    syncMs: (times.get("has told everything") ?? Number.NaN) - begun,
    readyMs: (times.get("more peers") ?? Number.NaN) - begun,
    residentMib: residentMib(program.pid ?? 0),
  };
}

export function syncScaleFaults({ joins, roaming }: SyncScaleResult): string[] {
  const faults: string[] = [];
  for (const { from, readyMs } of joins) {
    if (!(readyMs <= 2000)) faults.push(`a node that joins from ${from} took ${readyMs} ms`);
  }
  if (!(roaming.p99Ms <= 50)) faults.push(`p99 of roaming is ${roaming.p99Ms.toFixed(1)} ms`);
  if (roaming.missed > 0) faults.push(`${roaming.missed} of ${roaming.expected} moves did not arrive`);
  return faults;
}

export function syncScaleSection(result: SyncScaleResult): Section {
  const { connections, routes, joins, controldMib, roaming } = result;
  const lines = joins.map(
    ({ from, syncMs, readyMs, residentMib: mib }) =>
      `* from ${from}: ${syncMs} ms to the last entry, ${readyMs} ms until the data plane had it; ${mib.toFixed(0)} MiB resident then`,
  );
  const body = `${connections} connections and ${routes} routes, to a node that joins:

${lines.join("\n")}

anytun-controld holds them in ${controldMib.toFixed(0)} MiB. Then ${roaming.expected} moves, ${roaming.perSecond.toFixed(0)} a second, to ${roaming.watchers} nodes: from the datagram of the
peer to the push at each of them ${roaming.medianMs.toFixed(1)} ms in the median, ${roaming.p99Ms.toFixed(1)} ms for 99 of 100, ${roaming.worstMs.toFixed(1)} ms at worst; ${roaming.missed} missing.`;
  return { title: "Cluster scale", faults: syncScaleFaults(result), body };
}
