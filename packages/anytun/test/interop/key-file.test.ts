/** What `genkey` makes opens a tunnel: as a file at our ends, as the options in that file at the ends of originals. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Lab, requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { scratchDir } from "../support/scratch.ts";
import { type Kind, startDaemon } from "./daemons.ts";
import { pings } from "./traffic.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/anytun.js", import.meta.url));

describe("a generated key", requires("root", "tun", "ping", "anytun", "uanytun", "ifconfig"), () => {
  it.each<[Kind, string]>([
    ["ours", "aes-ctr-256"],
    ["anytun", "aes-ctr-128"],
    ["uanytun", "aes-ctr-192"],
  ])("connects us to %s with %s", async (kind, kdPrf) => {
    const path = join(scratchDir(), "tunnel.key");
    await using lab = await Lab.create();
    const [near, far] = await lab.pair("near", "far");
    await near.host.check(process.execPath, [PROGRAM, "genkey", "-k", kdPrf, "--output", path]);
    const [, line = ""] = /options for an original: (.*)/.exec(readFileSync(path, "utf8")) ?? [];
    const here = ["-k", kdPrf, "--key-file", path];
    const there = kind === "ours" ? here : line.split(" ");
    const common = (role: string, address: string) => ["-t", "tun", "-e", role, "-n", `${address}/30`];
    const daemons = [
      startDaemon(near.host, "ours", ["-r", far.ipv4, ...common("left", "10.77.0.1"), ...here]),
      startDaemon(far.host, kind, ["-r", near.ipv4, ...common("right", "10.77.0.2"), ...there]),
    ];
    await near.host.reach("10.77.0.2", { timeout: 20_000 });
    await pings(near.host, "10.77.0.2");
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    const key = /^key (.*)$/m.exec(readFileSync(path, "utf8"))?.[1] ?? "";
    expect(key.length).toBeGreaterThanOrEqual(32);
    expect(daemons[0]?.output).not.toContain(key);
  });
});
