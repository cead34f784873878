/** A third host on the underlay that forges, and repeats what it overheard: it must reach nothing. */
import { setTimeout as sleep } from "node:timers/promises";
import { SILENCE_MS, TURN_MS } from "satp-core";
import { Lab, type LinkEnd, type Program, requires } from "satp-tools/lab";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCounters, startDaemon } from "./daemons.ts";
import { pings, sendRaw } from "./traffic.ts";

const PORT = 4444;
const KEY = ["-E", "known to two"];

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("a third host", requires("root", "tun", "tcpdump", "ping", "uanytun", "ifconfig"), () => {
  let lab: Lab;
  let near: LinkEnd;
  let far: LinkEnd;
  let third: LinkEnd;
  beforeEach(async () => {
    lab = await Lab.create();
    const hosts = [await lab.host("ours"), await lab.host("peer"), await lab.host("third")];
    const ends = await lab.network(hosts);
    const [a, b, c] = ends;
    if (a === undefined || b === undefined || c === undefined) throw new Error("three hosts make three ends");
    [near, far, third] = [a, b, c];
  });
  afterEach(() => lab?.[Symbol.asyncDispose]());

  const ours = (args: readonly string[]): Program =>
    startDaemon(near.host, "ours", ["-d", "tun0", "-n", "10.77.0.1/30", "-e", "left", ...KEY, ...args]);
  const peer = (args: readonly string[] = []): Program =>
    startDaemon(far.host, "uanytun", [
      "-d",
      "tun0",
      "-n",
      "10.77.0.2/30",
      "-e",
      "right",
      ...KEY,
      "-r",
      near.ipv4,
      ...args,
    ]);

  it.each([
    { protection: "with -w", window: ["-w", "100"], delivered: false },
    { protection: "without -w", window: [], delivered: true },
  ])("that repeats datagrams never moves the endpoint, $protection", async ({ window, delivered }) => {
    await using capture = await near.host.capture(near.device, `udp port ${PORT} and src host ${far.ipv4}`);
    const daemon = ours(["-r", far.ipv4, ...window]);
    const other = peer();
    await near.host.reach("10.77.0.2");
    await pings(near.host, "10.77.0.2", 10);
    const overheard = (await capture.waitFor(10)).map(({ payload }) => hex(payload));
    const before = await readCounters(daemon);

    await sendRaw(third.host, near.ipv4, PORT, overheard);
    const after = await readCounters(daemon);
    const replays = after.drops["replay"] ?? 0;
    // the peer's own packets (multicast reports) may come in between
    expect(replays).toBe(delivered ? 0 : overheard.length);
    expect(after.packetsIn - before.packetsIn >= overheard.length).toBe(delivered);
    expect(after.endpoint).toBe(`${far.ipv4}:${PORT}`);
    expect(daemon.output).not.toContain("remote host ip changed");
    if (!delivered) expect(daemon.output).toMatch(new RegExp(`Replay attack from ${third.ipv4}:\\d+ seq:\\d+ sid: 0`));
    await pings(near.host, "10.77.0.2", 5);
    await Promise.all([daemon.stop(), other.stop()]);
  });

  it.each([
    { protection: "with -w", window: ["-w", "100"], copied: false },
    { protection: "without -w", window: [], copied: true },
  ])("that repeats datagrams of a silent peer takes nothing from it, $protection", async ({ window, copied }) => {
    await using capture = await near.host.capture(near.device, `udp port ${PORT}`);
    const daemon = ours(["-r", far.ipv4, ...window]);
    const other = peer();
    await near.host.reach("10.77.0.2");
    await pings(near.host, "10.77.0.2", 5);
    const overheard = (await capture.waitFor(5, ({ source }) => source === far.ipv4)).map(({ payload }) =>
      hex(payload),
    );

    // the peer stays where it is, and what it sends is lost
    await far.host.ip([`route add blackhole ${near.ipv4}/32`]);
    await sleep(SILENCE_MS + 500);
    const from = capture.datagrams.length;
    await sendRaw(third.host, near.ipv4, PORT, overheard);
    await near.host.run("ping", ["-n", "-c", "5", "-i", "0.1", "-W", "0.1", "10.77.0.2"]);
    const sentTo = (address: string): string[] =>
      capture.datagrams
        .slice(from)
        .flatMap(({ destination, payload }) => (destination === address ? [hex(payload)] : []));
    await capture.waitFor(
      5,
      (datagram) => capture.datagrams.indexOf(datagram) >= from && datagram.destination === far.ipv4,
    );
    const counters = await readCounters(daemon);
    expect(counters.endpoint).toBe(`${far.ipv4}:${PORT}`);
    const [kept, copies] = [sentTo(far.ipv4), sentTo(third.ipv4)];
    expect(kept.length).toBeGreaterThanOrEqual(5);
    if (copied) expect(copies.length).toBeGreaterThanOrEqual(5);
    else expect(copies).toEqual([]);
    // each of them went to the peer as well
    expect(copies.filter((copy) => !kept.includes(copy))).toEqual([]);
    expect(/may have moved to/.test(daemon.output)).toBe(copied);

    await far.host.ip([`route del blackhole ${near.ipv4}/32`]);
    await sleep(TURN_MS);
    await near.host.reach("10.77.0.2");
    await pings(near.host, "10.77.0.2", 5);
    // what answered the first of them may have been on its way already
    const [, second] = await capture.waitFor(
      6,
      (datagram) => capture.datagrams.indexOf(datagram) >= from && datagram.source === far.ipv4,
    );
    const heardAgain = second === undefined ? -1 : capture.datagrams.indexOf(second);
    expect(heardAgain).toBeGreaterThan(from);
    expect(capture.datagrams.slice(heardAgain).filter(({ destination }) => destination === third.ipv4)).toEqual([]);
    expect(daemon.output).not.toContain("remote host ip changed");
    await Promise.all([daemon.stop(), other.stop()]);
  });

  it("that is first does not become the peer", async () => {
    const daemon = ours([]);
    await daemon.waitFor(/dev type is/);
    await daemon.waitFor(/opening socket/);
    // the forged datagrams of the specification: any mux, nothing or noise behind the header
    const forged = ["0000000000000000", "00000000000000000000", "000000000000abcd"].map((head) =>
      head.padEnd(120, "5a"),
    );
    await sendRaw(third.host, near.ipv4, PORT, [...forged, "00", "0000000000000000".padEnd(36, "0")]);
    const counters = await readCounters(daemon);
    expect(counters.endpoint).toBeUndefined();
    expect(counters.drops["bad-tag"]).toBe(4);
    expect(counters.drops["too-short"]).toBe(1);
    expect(daemon.output).not.toContain("autodetected");

    const other = peer();
    await far.host.reach("10.77.0.1");
    await daemon.waitFor(new RegExp(`autodetected remote host ${far.ipv4}:${PORT}`));
    await pings(near.host, "10.77.0.2");
    await Promise.all([daemon.stop(), other.stop()]);
  });

  it("that forges does not disturb a running tunnel, and its log stays short", async () => {
    const daemon = ours(["-r", far.ipv4]);
    const other = peer();
    await near.host.reach("10.77.0.2");
    const forged = Array.from({ length: 500 }, (_, i) => i.toString(16).padStart(16, "0").padEnd(200, "7"));
    await sendRaw(third.host, near.ipv4, PORT, forged);
    const counters = await readCounters(daemon);
    expect((counters.drops["bad-tag"] ?? 0) + (counters.drops["unknown-mux"] ?? 0)).toBe(500);
    expect(counters.endpoint).toBe(`${far.ipv4}:${PORT}`);
    expect(daemon.output.match(/wrong Authentication Tag!/g)?.length ?? 0).toBeLessThan(20);
    await pings(near.host, "10.77.0.2", 5);
    await Promise.all([daemon.stop(), other.stop()]);
  });

  it("may be the peer itself at a new address: the tunnel follows", async () => {
    const daemon = ours([]);
    const first = peer();
    await far.host.reach("10.77.0.1");
    await first.stop();
    const moved = startDaemon(third.host, "ours", [
      ...["-d", "tun0", "-n", "10.77.0.2/30", "-e", "right", ...KEY, "-r", near.ipv4],
    ]);
    await third.host.reach("10.77.0.1");
    await daemon.waitFor(new RegExp(`connection 0 autodetected remote host ip changed ${third.ipv4}:${PORT}`));
    await Promise.all([daemon.stop(), moved.stop()]);
  });
});
