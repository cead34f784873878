import { MemoryNetwork } from "tun-native/testing";
import { describe, expect, it } from "vitest";
import { PlaneLoop } from "../../src/data-plane/plane-loop.ts";
import { ipPacket, type MemoryEnd, memoryEnd } from "./memory-tunnel.ts";

/** Frames of one burst of a `memoryEnd`. */
const BURST = 32;
const MOST_TURNS = 32;

function loopOf(end: MemoryEnd): PlaneLoop {
  const { plane, poller, tunnel, reporter } = end;
  return new PlaneLoop({ plane, poller, tunnel, reporter, sockets: [], send: () => {} });
}

function endWith(frames: number): MemoryEnd {
  const end = memoryEnd(new MemoryNetwork(), { role: "left", address: "192.0.2.1", peer: "192.0.2.2" });
  for (let i = 0; i < frames; i++) end.device.inject(ipPacket(i));
  return end;
}

const sent = (end: MemoryEnd): number => end.tunnel.counters.packetsOut;

describe("the loop of a data plane", () => {
  it("moves in one run what is there and what is there after that", () => {
    const end = endWith(BURST + 8);
    loopOf(end).run(0);
    expect(sent(end)).toBe(BURST + 8);
  });

  it("comes to what is due besides even when there are always packets", () => {
    const end = endWith((MOST_TURNS + 1) * BURST);
    loopOf(end).run(0);
    expect(sent(end)).toBe(MOST_TURNS * BURST);
  });

  it("ends after the burst during which the signal rings, for a command must not wait for packets", () => {
    const end = endWith(2 * BURST);
    end.poller.wake();
    loopOf(end).run(-1);
    expect(sent(end)).toBe(BURST);
  });

  it("goes on until the signal rings when it may wait for ever", () => {
    const end = endWith(1);
    const { poller } = end;
    let waits = 0;
    const wait = poller.wait.bind(poller);
    poller.wait = (timeoutMs) => {
      waits++;
      if (waits === 4) end.device.inject(ipPacket(2));
      if (waits === 9) poller.wake();
      return wait(timeoutMs);
    };
    loopOf(end).run(-1);
    expect({ waits, sent: sent(end) }).toEqual({ waits: 9, sent: 2 });
  });

  it.each([
    { after: "few packets", frames: BURST - 1, bytes: 64, expected: ["look"] },
    { after: "many small packets", frames: BURST, bytes: 64, expected: ["giveWay"] },
    { after: "as many long ones", frames: BURST, bytes: 1400, expected: ["look"] },
    { after: "eight long bursts", frames: 8 * BURST, bytes: 1400, expected: [...new Array(7).fill("look"), "giveWay"] },
  ])("takes its time after $after", ({ frames, bytes, expected }) => {
    const end = endWith(0);
    for (let i = 0; i < frames; i++) end.device.inject(ipPacket(i, bytes));
    const { poller } = end;
    const calls: string[] = [];
    const wait = poller.wait.bind(poller);
    poller.wait = (timeoutMs) => {
      calls.push("wait");
      return wait(timeoutMs);
    };
    for (const name of ["look", "giveWay"] as const) {
      poller[name] = () => {
        calls.push(name);
        return wait(0);
      };
    }
    loopOf(end).run(0);
    expect(calls).toEqual(["wait", ...expected]);
    expect(sent(end)).toBe(frames);
  });

  it("gives way once in 520 long bursts where others keep the processor", () => {
    const end = endWith(0);
    const { poller } = end;
    let turns = 0;
    poller.crowded = true;
    poller.giveWay = () => {
      turns++;
      return poller.wait(0);
    };
    const loop = loopOf(end);
    for (let run = 0; run < 17; run++) {
      for (let i = 0; i < 32 * BURST; i++) end.device.inject(ipPacket(i, 1400));
      loop.run(0);
    }
    expect(sent(end)).toBe(17 * 32 * BURST);
    expect(turns).toBe(2);
  });
});
