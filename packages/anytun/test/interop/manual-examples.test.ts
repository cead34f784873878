/** The manual's example of two unicast hosts, word by word: ours at both ends, and at one end beside each original. */
import { fileURLToPath } from "node:url";
import { Lab, type LinkEnd, type Program, requires } from "satp-tools/lab";
import { describe, it } from "vitest";
import { pings, transfer } from "./traffic.ts";

const EXAMPLE = {
  a: "anytun -r hostb.example.com -t tun -n 192.168.123.1/30 -c aes-ctr-256 -k aes-ctr-256 -E have_a_very_safe_and_productive_day -e left",
  b: "anytun -r hosta.example.com -t tun -n 192.168.123.2/30 -c aes-ctr-256 -k aes-ctr-256 -E have_a_very_safe_and_productive_day -e right",
};

/** Puts `anytun` of this package first on the PATH, and its default state directory into memory. */
const PREPARE = `
set -e
mkdir -p /run/bin /var/lib
mount -t tmpfs tmpfs /var/lib
ln -s ${fileURLToPath(new URL("../../dist/anytun.js", import.meta.url))} /run/bin/anytun`;

async function prepare(end: LinkEnd, hosts: Readonly<Record<string, string>>): Promise<void> {
  await end.host.hosts(hosts);
  await end.host.check("sh", ["-c", PREPARE]);
}

const ours = (end: LinkEnd, line: string): Program => end.host.spawn("sh", ["-c", `PATH=/run/bin:$PATH exec ${line}`]);
const original = (end: LinkEnd, line: string): Program => end.host.spawn("sh", ["-c", `exec ${line} -D`]);

describe("the manual's two hosts", requires("root", "tun", "anytun", "ifconfig", "ping"), () => {
  it.each([
    { name: "ours at both ends", startA: ours, startB: ours },
    { name: "ours at A, the original at B", startA: ours, startB: original },
    { name: "the original at A, ours at B", startA: original, startB: ours },
  ])("$name", async ({ startA, startB }) => {
    await using lab = await Lab.create();
    const [a, b] = await lab.pair("hosta", "hostb");
    const hosts = { "hosta.example.com": a.ipv4, "hostb.example.com": b.ipv4 };
    await Promise.all([prepare(a, hosts), prepare(b, hosts)]);
    const programs = [startA(a, EXAMPLE.a), startB(b, EXAMPLE.b)];
    await a.host.reach("192.168.123.2", { timeout: 20_000 });
    await pings(b.host, "192.168.123.1");
    await transfer(a.host, b.host, "192.168.123.2", 2_000_000);
    await Promise.all(programs.map((program) => program.stop()));
  });
});
