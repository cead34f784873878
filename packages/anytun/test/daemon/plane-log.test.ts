import { endpointOf, parseAddress } from "satp-core";
import { expect, it } from "vitest";
import { PlaneLog } from "../../src/daemon/plane-log.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { memoryLog } from "../support/memory-log.ts";

const endpoint = endpointOf(parseAddress("2001:db8::7"), 4444);
const quiet = { badTags: 0, replays: 0, lastReplay: undefined, tooLong: 0, noSequence: 0, sendTooBig: 0 };

const setUp = () => {
  const { log, lines: written } = memoryLog();
  const clock = new FakeClock();
  return { clock, written, lines: new PlaneLog(log, clock, "tun0", () => 5) };
};

it("announces a detected peer, and warns when its mux is not ours", () => {
  const { written, lines } = setUp();
  lines.peerDetected(5, endpoint);
  expect(written).toEqual([
    "NOTICE: autodetected remote host [2001:db8::7]:4444",
    "NOTICE: added connection remote host [2001:db8::7]:4444",
  ]);
  lines.peerDetected(7, endpoint);
  expect(written.at(-1)).toMatch(/^WARNING: the peer sends with mux 7 and we with 5/);
});

it("has nothing against other muxes where each peer has its own", () => {
  const { log, lines: written } = memoryLog();
  new PlaneLog(log, new FakeClock(), "tun0", () => undefined).peerDetected(7, endpoint);
  expect(written).toHaveLength(2);
});

it("tells where a connection moved to", () => {
  const { written, lines } = setUp();
  lines.endpointMoved(5, endpoint);
  expect(written).toEqual(["NOTICE: connection 5 autodetected remote host ip changed [2001:db8::7]:4444"]);
});

it("tells who is alive and who is silent, and counts those that are too many to name", () => {
  const { written, lines } = setUp();
  lines.livenessChanged([{ mux: 5, endpoint, isSilent: true }], 1);
  lines.livenessChanged([{ mux: 5, endpoint, isSilent: false }], 3);
  expect(written).toEqual([
    "NOTICE: connection 5 remote host [2001:db8::7]:4444 is silent",
    "NOTICE: connection 5 remote host [2001:db8::7]:4444 is alive",
    "NOTICE: remote hosts fell silent or are alive again: see anytun status",
  ]);
});

it("tells where a connection may be besides, a few times", () => {
  const { written, lines } = setUp();
  for (let i = 0; i < 20; i++) lines.candidateAppeared(5, endpoint);
  const text = "NOTICE: connection 5 may have moved to [2001:db8::7]:4444: copies go there until it is certain";
  expect(new Set(written)).toEqual(new Set([text]));
  expect(written.length).toBeLessThan(10);
});

it("writes one line for many bad tags and replays, and how many there were at the end", () => {
  const { written, lines } = setUp();
  lines.rejected({ ...quiet, badTags: 400, replays: 3, lastReplay: { sequence: 77, senderId: 2, endpoint } });
  expect(written).toEqual([
    "NOTICE: wrong Authentication Tag!",
    "NOTICE: Replay attack from [2001:db8::7]:4444 seq:77 sid: 2",
  ]);
  lines.finish();
  expect(written.slice(2)).toEqual([
    "NOTICE: wrong Authentication Tag! (399 more)",
    "NOTICE: Replay attack from [2001:db8::7]:4444 seq:77 sid: 2 (2 more)",
  ]);
});

it("says what to do about missing numbers", () => {
  const { written, lines } = setUp();
  lines.rejected({ ...quiet, noSequence: 1 });
  expect(written).toEqual(["ERROR: frames were dropped: no sequence numbers are reserved"]);
  lines.rejected(quiet);
  lines.flush();
  expect(written).toHaveLength(1);
});

it("says once what to do about what does not fit, and how often it happened every ten minutes", async () => {
  const { written, lines, clock } = setUp();
  for (let i = 0; i < 30; i++) {
    lines.rejected({ ...quiet, tooLong: 2, sendTooBig: 1 });
    await clock.advance(10_000);
    lines.flush();
  }
  const long = "frames too long for the tunnel were dropped and their senders told by ICMP: lower the MTU of tun0";
  const big = "datagrams were refused as too long for the path (EMSGSIZE): lower the MTU of tun0";
  expect(written).toEqual([`WARNING: ${long}`, `WARNING: ${big}`]);
  await clock.advance(300_000);
  lines.flush();
  expect(written.slice(2)).toEqual([`WARNING: ${long} (59 more)`, `WARNING: ${big} (29 more)`]);
});
