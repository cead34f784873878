// The manual's PPP example with real pppd at both ends, in a user-mode Linux, with a cable between them or gateways: see
// tools/ppp-lab.sh.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Host, Lab, type NatKind, NatLab, type NatSide, type RunResult, run } from "../lab/index.ts";
import { markdownTable } from "../terminal/text-table.ts";
import type { Section } from "./document.ts";

const script = fileURLToPath(new URL("../../ppp-lab.sh", import.meta.url));
const program = fileURLToPath(new URL("../../../packages/nat-traverse/dist/bin/nat-traverse.js", import.meta.url));

const LIMIT_MS = 300_000;

export type NatTraverse = "ours" | "original";

export interface PppResult {
  readonly left: NatTraverse;
  readonly right: NatTraverse;
  readonly gateways: PppGateways | undefined;
  readonly status: number;
  /** What came of it, in one line. */
  readonly text: string;
  /** Both ends' and the guest's words. */
  readonly log: string;
}

/** Undefined: a cable. */
export type PppGateways = readonly [NatKind, NatKind];

/** In the order of the report. */
export const pppNetworks: readonly (PppGateways | undefined)[] = [undefined, ["port-restricted", "full-cone"]];

/** Which program is at which end, in the order of the report. */
export const pppMixes: readonly (readonly [NatTraverse, NatTraverse])[] = [
  ["ours", "ours"],
  ["ours", "original"],
  ["original", "ours"],
];

/** @param transfer bytes to carry over TCP once a ping was answered, and to compare */
export async function pppOverNatTraverse(
  [left, right]: readonly [NatTraverse, NatTraverse],
  transfer: number,
  gateways?: PppGateways,
): Promise<PppResult> {
  const folder = mkdtempSync(join(tmpdir(), "satp-ppp-"));
  const pppd = "pppd updetach noauth passive notty ipparam vpn 10.0.0.1:10.0.0.2";
  const a = `${named(left)} --cmd="${pppd}" 40000:$PEER:40001`;
  const b = `${named(right)} --cmd="pppd nodetach notty noauth" 40001:$PEER:40000`;
  try {
    const args = ["--log", folder, "--transfer", `${transfer}`];
    const { status, stdout, stderr } = await (gateways === undefined
      ? run(script, [...args, a, b], { timeout: LIMIT_MS })
      : throughGateways(gateways, args, [a, b]));
    const log = ["a.log", "b.log", "guest.log"].map((name) => content(join(folder, name))).join("");
    return { left, right, gateways, status, text: (stdout + stderr).trim(), log };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The guest gets the network cards of both hosts of a laboratory. */
async function throughGateways(
  [left, right]: PppGateways,
  args: readonly string[],
  commands: readonly [string, string],
): Promise<RunResult> {
  await using lab = await NatLab.create([left], [right]);
  await using room = await Lab.create();
  const guest = await room.host("guest");
  const places = [
    ...["--left", await takeCard(guest, lab.left, "left0", lab.right.address)],
    ...["--right", await takeCard(guest, lab.right, "right0", lab.left.address)],
  ];
  return await guest.run(script, [...args, ...places, ...commands], { timeout: LIMIT_MS });
}

/** Address, gateway and peer of a host, whose card is the guest's from then on. */
async function takeCard(guest: Host, { host }: NatSide, name: string, peer: string): Promise<string> {
  const [, address] = /inet (\S+)/.exec(await host.check("ip", ["-4", "-o", "address", "show", "eth0"])) ?? [];
  const [, gateway] = /default via (\S+)/.exec(await host.check("ip", ["-4", "route"])) ?? [];
  if (address === undefined || gateway === undefined) throw new TypeError("a host without address or route");
  await host.ip([`link set eth0 netns ${guest.pid} name ${name}`]);
  await guest.ip([`link set ${name} up`]);
  return `${address} ${gateway} ${peer}`;
}

export function pppFaults({ left, right, gateways, status, text }: PppResult): string[] {
  return status === 0 ? [] : [`${left} and ${right}, ${between(gateways)}: ${text}`];
}

/** In words. */
export function between(gateways: PppGateways | undefined): string {
  return gateways?.join(", ") ?? "a cable";
}

export function pppSection(results: readonly PppResult[]): Section {
  const rows = results.map(({ left, right, gateways, text }) => [left, right, between(gateways), text]);
  const body = `The manual's PPP example, pppd of this system at both ends, in a user-mode Linux, where everything is some times slower than
outside. Time is counted from the start of nat-traverse; an original waits for ten seconds before it says that it is
ready. Then a file is sent over TCP and compared.

${markdownTable([["left", "right", "between", "result"], ...rows])}`;
  return { title: "PPP through nat-traverse", faults: results.flatMap(pppFaults), body };
}

function named(which: NatTraverse): string {
  return which === "ours" ? `'${process.execPath}' '${program}'` : "nat-traverse";
}

function content(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
