// The scenes of the demo, in order. Each starts something, shows it, and leaves it running for the next.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ownDaemon } from "../contenders/index.ts";
import { type Host, Lab, LabError, type LinkEnd, type Program, waitUntil } from "../lab/index.ts";
import { median } from "../measure/statistics.ts";
import { bold, cyan, dim, green } from "../terminal/style.ts";
import { hexDump } from "./hex-dump.ts";
import type { Received, Sent } from "./transfer.ts";

const port = 4444;
const inside = { left: "10.99.0.1", right: "10.99.0.2" } as const;
const transferBytes = 100_000_000;
const pings = 10;
/** Header, payload type, a ping's IP packet, tag: tells it from the kernel's own chatter on a new interface. */
const sealedPingBytes = 8 + 2 + 84 + 10;
/** Repeated in the ping that is sent before the other end exists, so that one could read it if it were not encrypted. */
const words = "attack at dawn!!";

const say = (text = ""): void => console.log(text === "" ? "" : `  ${text}`);
const scene = (title: string): void => console.log(`\n${bold(title)}`);
const script = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url));

/** @throws LabError when the tunnel does not come up or something is left behind */
export async function show(): Promise<void> {
  const begun = performance.now();
  const lab = await Lab.create();
  const witnesses: number[] = [];
  try {
    scene("Two hosts with a cable between them");
    const [left, right] = await lab.pair("left", "right");
    witnesses.push(left.host.pid, right.host.pid);
    say(`left ${cyan(left.ipv4)} ━━━━━━━━ right ${cyan(right.ipv4)}     ${dim("network namespaces of this machine")}`);

    scene("anytun on the left host, with nobody on the right yet");
    const first = await startDaemon(left, right, "left");
    await showDatagram(left, right);

    scene("anytun on the right host");
    const second = await startDaemon(right, left, "right");
    await left.host.reach(inside.right);
    say(`${green("the tunnel is up:")} ${inside.left} ━━ ${inside.right}`);

    scene("Ping through the tunnel");
    await showPings(left.host);

    scene(`TCP through the tunnel: ${transferBytes / 1e6} MB`);
    await showTransfer(left.host, right.host);

    scene("What each end has counted");
    await showCounters("left", first);
    await showCounters("right", second);
    for (const daemon of [first, second]) witnesses.push((await daemon.started()) ?? 0);
  } finally {
    await lab[Symbol.asyncDispose]();
  }
  const left = witnesses.filter((pid) => existsSync(`/proc/${pid}`));
  if (left.length > 0) throw new LabError("setup", `processes left behind: ${left.join(" ")}`);
  scene("Done");
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  say(
    `hosts, interfaces and processes are gone again; nothing of it touched this machine's network ${dim(`(${seconds} s)`)}`,
  );
  showRealMachines();
}

async function startDaemon(end: LinkEnd, peer: LinkEnd, role: "left" | "right"): Promise<Program> {
  const options = ["-D", "-r", peer.ipv4, "-d", "tun0", "-t", "tun", "-n", `${inside[role]}/30`, "-e", role];
  const [node, cli] = ownDaemon;
  const secret = ["-E", "a passphrase that both ends know"];
  say(dim(`$ anytun ${options.join(" ")} -E "${secret[1]}"`));
  const state = ["--state-dir", "/run/anytun", "-L", "stdout:3"];
  const daemon = end.host.spawn(node, [cli, ...options, ...secret, ...state]);
  // the last line of a start: interface, sockets and data plane are there
  await daemon.waitFor(/added connection remote host/);
  return daemon;
}

/** One ping into the tunnel while a plain UDP listener stands in the other end's place. */
async function showDatagram(left: LinkEnd, right: LinkEnd): Promise<void> {
  const listener = right.host.spawn(process.execPath, [script("listen-once"), `${port}`, `${sealedPingBytes}`]);
  await listener.waitFor(/listening/);
  const pattern = Buffer.from(words).toString("hex");
  const ping = left.host.spawn("ping", ["-n", "-c", "20", "-i", "0.2", "-p", pattern, inside.right]);
  const [, hex] = await listener.waitFor(/^datagram ([0-9a-f]+)$/m);
  await Promise.all([listener.stop(), ping.stop()]);
  const datagram = Buffer.from(hex ?? "", "hex");
  say(`a ping that repeats “${words}” leaves as this UDP datagram to ${right.ipv4}:${port}:`);
  for (const line of hexDump(datagram, 7)) say(`    ${cyan(line)}`);
  if (datagram.includes(words)) throw new LabError("setup", "the datagram shows its contents");
  say(
    dim("8 bytes in the clear (sequence number, sender id, mux), the packet encrypted, 10 bytes of authentication tag"),
  );
}

async function showPings(left: Host): Promise<void> {
  const stdout = await left.check("ping", ["-n", "-c", `${pings}`, "-i", "0.2", inside.right]);
  const times = [...stdout.matchAll(/time=([0-9.]+) ms/g)].map((match) => Number(match[1]));
  say(`${times.map((time) => time.toFixed(2)).join("  ")}  ms`);
  say(`${times.length} of ${pings} answered, median ${bold(`${median(times).toFixed(2)} ms`)}`);
}

async function showTransfer(left: Host, right: Host): Promise<void> {
  const receiver = right.spawn(process.execPath, [script("transfer"), "receive", "5001", `${transferBytes}`]);
  await receiver.waitFor(/listening/);
  const arguments_ = [script("transfer"), "send", inside.right, "5001", `${transferBytes}`];
  const sent: Sent = JSON.parse(await left.check(process.execPath, arguments_));
  const [line] = await receiver.waitFor(/^\{.*\}$/m);
  const received: Received = JSON.parse(line);
  if (sent.sha256 !== received.sha256) throw new LabError("setup", "what arrived is not what was sent");
  const rate = (received.bytes * 8) / received.seconds / 1e9;
  say(`${received.seconds.toFixed(2)} s, ${bold(`${rate.toFixed(2)} Gbit/s`)}, SHA-256 of both ends ${green("equal")}`);
}

async function showCounters(name: string, daemon: Program): Promise<void> {
  const from = daemon.output.length;
  await daemon.kill("SIGUSR1");
  await daemon.waitFor(/SIG-Usr1 caught[^\n]*\n[^\n]+\n/, { from });
  let seen = -1;
  // The report ends when the log falls silent; nothing else writes to it now.
  await waitUntil(
    () => {
      const silent = daemon.output.length === seen;
      seen = daemon.output.length;
      return silent;
    },
    { interval: 150 },
  );
  const lines = daemon.output.slice(from).trimEnd().split("\n").slice(1);
  say(bold(name));
  for (const line of lines) say(`  ${line.replace(/^\S+ \S+ NOTICE: /, "")}`);
}

function showRealMachines(): void {
  scene("The same between two real machines, A and B (as root; UDP port 4444 must reach one of them)");
  const secret = '-E "a passphrase that both ends know"';
  say(`A  ${cyan(`anytun -D -r b.example.com -t tun -n 10.99.0.1/30 -e left  ${secret}`)}`);
  say(`B  ${cyan(`anytun -D -r a.example.com -t tun -n 10.99.0.2/30 -e right ${secret}`)}`);
  say(dim("either end may also be the anytun or uanytun of Debian; from this checkout, anytun is"));
  say(dim(`sudo node ${ownDaemon[1]}`));
}
