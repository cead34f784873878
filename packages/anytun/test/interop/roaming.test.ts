/** An original that starts again behind another port sends old numbers: it must come back all the same. */
import { type Host, Lab, requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { readCounters, startDaemon } from "./daemons.ts";
import { pings } from "./traffic.ts";

const KEY = ["-E", "known to two"];
/** Packets of the first life: more than the second sends until it is answered, ten seconds later. */
const FIRST_LIFE = 300;

const many = (from: Host, count: number): Promise<string> =>
  from.check("ping", ["-q", "-n", "-c", `${count}`, "-i", "0.01", "10.77.0.1"]);

describe("a restarted original", requires("root", "tun", "tcpdump", "ping", "anytun", "uanytun", "ifconfig"), () => {
  it.each(["anytun", "uanytun"] as const)("%s behind another port is answered, then followed", async (original) => {
    await using lab = await Lab.create();
    const [near, far] = await lab.pair("ours", "peer");
    const daemon = startDaemon(near.host, "ours", [
      "-d",
      "tun0",
      "-n",
      "10.77.0.1/30",
      "-e",
      "left",
      ...KEY,
      "-w",
      "0",
    ]);
    const start = (port: number) =>
      startDaemon(far.host, original, [
        ...["-d", "tun0", "-n", "10.77.0.2/30", "-e", "right", ...KEY, "-r", near.ipv4, "-p", `${port}`],
      ]);
    const first = start(4444);
    await far.host.reach("10.77.0.1");
    await many(far.host, FIRST_LIFE);
    await first.stop("SIGKILL");

    await using capture = await near.host.capture(near.device, `udp and src host ${near.ipv4}`);
    const second = start(4445);
    await far.host.reach("10.77.0.1", { timeout: 20_000 });
    await daemon.waitFor(new RegExp(`connection 0 may have moved to ${far.ipv4}:4445`));
    expect((await readCounters(daemon)).endpoint).toBe(`${far.ipv4}:4444`);
    await daemon.waitFor(new RegExp(`copies go to ${far.ipv4}:4445`));
    await near.host.reach("10.77.0.2");
    const moved = daemon.waitFor(new RegExp(`remote host ip changed ${far.ipv4}:4445`));
    await many(far.host, 2 * FIRST_LIFE);
    await moved;

    const from = capture.datagrams.length;
    await pings(near.host, "10.77.0.2");
    const ports = (await capture.waitFor(from + 3)).slice(from).map(({ destinationPort }) => destinationPort);
    expect(new Set(ports)).toEqual(new Set([4445]));
    await Promise.all([daemon.stop(), second.stop()]);
  });
});
