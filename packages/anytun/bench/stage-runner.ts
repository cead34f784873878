/**
 * One end of a tunnel with clocks in it, as a program for the laboratory: `node stage-runner.js OPTIONS`, with
 * {@link RunnerOptions} as JSON. Writes a line `ready …`; a line on standard input resets the clocks (`reset`) or makes
 * it write a line of JSON, a {@link StageReport} (`report`); the end of standard input ends it.
 *
 * The data plane is the product's, but on the main thread and with the clocks' time in its turns.
 */
import { createInterface } from "node:readline";
import { setImmediate as yieldToEvents } from "node:timers/promises";
import { DEFAULT_SUITE } from "satp-core";
import { createPacketBatch, createSatpCipher, EventSignal, FdPoller, joinedBatchSize } from "tun-native";
import { BURST } from "../src/data-plane/burst.ts";
import { AGAIN, DataPlane } from "../src/data-plane/data-plane.ts";
import { inlineMore } from "../src/data-plane/inlining.ts";
import {
  INNER_MTU,
  noEvents,
  openTunDevice,
  openUdpSocket,
  populate,
  type RunnerOptions,
  trafficMux,
} from "./setup.ts";
import { STAGES, type StageSum, stageClocks } from "./stage-clock.ts";
import { TimedTunnel, timedCipher, timedDevice, timedPoller, timedSocket } from "./timed-parts.ts";

/** One line of JSON. */
export interface StageReport {
  readonly stages: Readonly<Record<string, StageSum>>;
  /** Milliseconds in turns of the data plane, all stages and their clocks included. */
  readonly turnMs: number;
  /** Milliseconds that one reading of the clock takes. */
  readonly clockMs: number;
  readonly residentMib: number;
}

/** Commands are looked for this often. */
const COMMAND_MS = 20;
const MIB = 1024 * 1024;

async function run(options: RunnerOptions): Promise<void> {
  inlineMore();
  const now = (): number => performance.now();
  const clocks = stageClocks(now);
  const started = now();
  const cipher = createSatpCipher();
  const tunnel = new TimedTunnel(
    {
      kind: "tun",
      mux: trafficMux(options.peers),
      windowSize: 0,
      routing: options.routes === 0 ? "single" : "routes",
      autodetect: undefined,
      events: noEvents,
    },
    clocks,
  );
  populate(tunnel, cipher, options);
  const device = openTunDevice(options);
  const socket = openUdpSocket();
  using signal = EventSignal.create();
  const plane = new DataPlane({
    device: timedDevice(device, clocks),
    sockets: [timedSocket(socket, clocks)],
    poller: timedPoller(new FdPoller([device, socket], signal), clocks),
    cipher: timedCipher(cipher, clocks),
    tunnel,
    frames: createPacketBatch(BURST),
    datagrams: createPacketBatch(socket.offloads.includes("coalescing") ? joinedBatchSize() : BURST),
  });
  plane.packetLimit = INNER_MTU;
  plane.tagBytes = DEFAULT_SUITE.tagBytes;

  let ended = false;
  let turnMs = 0;
  const input = createInterface({ input: process.stdin });
  input.on("close", () => {
    ended = true;
  });
  input.on("line", (line) => {
    if (line === "report") {
      const report: StageReport = {
        stages: Object.fromEntries(STAGES.map((stage) => [stage, clocks[stage].sum])),
        turnMs,
        clockMs: clockCost(now),
        residentMib: process.memoryUsage.rss() / MIB,
      };
      console.log(JSON.stringify(report));
    }
    for (const stage of STAGES) clocks[stage].reset();
    turnMs = 0;
  });
  console.log(`ready after ${(now() - started).toFixed(0)} ms, ${(process.memoryUsage.rss() / MIB).toFixed(0)} MiB`);
  while (!ended) {
    for (const end = now() + COMMAND_MS; now() < end; ) {
      const begun = now();
      if (!plane.turn(AGAIN)) plane.turn(COMMAND_MS);
      turnMs += now() - begun;
    }
    await yieldToEvents();
  }
  plane.close();
}

/** The least of several rounds: what disturbs one of them is not the clock's. */
function clockCost(now: () => number): number {
  const readings = 500;
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 20; round++) {
    const started = now();
    for (let i = 0; i < readings; i++) now();
    least = Math.min(least, (now() - started) / readings);
  }
  return least;
}

void run(JSON.parse(process.argv[2] ?? "{}"));
