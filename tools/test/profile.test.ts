import { describe, expect, it } from "vitest";
import { javascriptTime, sourceOfEachLine } from "../src/measure/profile.ts";

describe("a profile", () => {
  const frame = (id: number, url: string) => ({ id, callFrame: { functionName: `f${id}`, url, lineNumber: 0 } });
  const time = (from: number, to: number): number => javascriptTime(profile, from, to, ({ url }) => url);
  const profile = {
    startTime: 1000,
    nodes: [
      frame(1, "../tun-native/src/poller.ts"),
      frame(2, "../tun-native/src/udp-socket.ts"),
      frame(3, "src/data-plane/worker.ts"),
      frame(4, ""),
    ],
    // At 1100, 1200, … microseconds.
    samples: [3, 1, 2, 2, 2, 3, 1, 4, 3],
    timeDeltas: [100, 100, 100, 100, 100, 100, 100, 100, 100],
  };

  it("gives the time that is not the addon's", () => {
    // of the daemon's own, and of the garbage collector or the like
    expect(time(1200, 1800)).toBe(200);
    expect(time(0, 9999)).toBe(400);
    expect(time(1250, 1500)).toBe(0);
    expect(time(5000, 6000)).toBe(0);
  });
});

it("knows from which file the lines of a bundle are", () => {
  const bundle =
    '"use strict";\n// ../tun-native/src/poller.ts\nfunction wait() {\n  // in a loop\n}\n// src/a.ts\nvar a;';
  const poller = "../tun-native/src/poller.ts";
  expect(sourceOfEachLine(bundle)).toEqual(["", poller, poller, poller, poller, "src/a.ts", "src/a.ts"]);
});
