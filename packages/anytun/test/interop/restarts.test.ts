/** No nonce twice: our end is killed again and again in the middle of traffic, and every datagram on the wire is looked at. */
import { Lab, requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { startDaemon } from "./daemons.ts";

const RESTARTS = 20;

describe("after kill -9", requires("root", "tun", "tcpdump", "ping"), () => {
  it(`${RESTARTS} restarts under traffic repeat no sender id and sequence number`, async () => {
    await using lab = await Lab.create();
    const [near, far] = await lab.pair("ours", "observer");
    await using capture = await far.host.capture(far.device, "udp port 4444");
    const runs: number[] = [];
    for (let run = 0; run < RESTARTS; run++) {
      const before = capture.datagrams.length;
      const daemon = startDaemon(near.host, "ours", [
        ...["-r", far.ipv4, "-d", "tun0", "-n", "10.77.0.1/30", "-e", "left", "-E", "one key for all runs"],
      ]);
      await daemon.waitFor(/added connection remote host/);
      const flood = near.host.spawn("ping", ["-q", "-i", "0.001", "-s", "200", "10.77.0.2"]);
      await capture.waitFor(before + 200);
      await daemon.kill("SIGKILL");
      await daemon.exited;
      await flood.stop();
      runs.push(capture.datagrams.length - before);
    }
    const datagrams = await capture.stop();
    expect(capture.dropped).toBe(0);
    const nonces = datagrams.map(({ payload }) => Buffer.from(payload).toString("hex", 0, 6));
    expect(nonces.length).toBeGreaterThanOrEqual(RESTARTS * 200);
    expect(new Set(nonces).size).toBe(nonces.length);
    expect(Math.min(...runs)).toBeGreaterThan(0);
  });
});
