/** Entry of the worker thread: builds a data plane from descriptors and runs it until told to stop. */
import { parentPort, receiveMessageOnPort } from "node:worker_threads";
import {
  createPacketBatch,
  createSatpCipher,
  EventSignal,
  FdPoller,
  joinedBatchSize,
  type SocketOffloadCounters,
  TunDevice,
  UdpSocket,
} from "tun-native";
import { BURST } from "./burst.ts";
import { DataPlane } from "./data-plane.ts";
import { inlineMore } from "./inlining.ts";
import type { Command, DataPlaneSetup, PlaneTunnelSetup, Report, Snapshot } from "./messages.ts";
import { peerPage } from "./peer-page.ts";
import { PlaneConnections, planeTunnel } from "./plane-connections.ts";
import { PlaneLoop } from "./plane-loop.ts";
import { PlaneReporter } from "./reporter.ts";
import { WarmUp } from "./warm-up.ts";
import { WarmingLoop } from "./warming-loop.ts";

const port = parentPort;
if (port === null) throw new Error("data-plane-worker.js runs only as a worker thread");

/** Runs until a `stop` command; closes all it was given, whatever happens. */
function run(
  setup: DataPlaneSetup,
  warmUp: WarmUp,
  send: (report: Report) => void,
  receive: () => Command | undefined,
): void {
  const device = TunDevice.attach(setup.device);
  const sockets = setup.sockets.map((socket) => UdpSocket.attach(socket));
  const cipher = createSatpCipher();
  const signal = EventSignal.attach(setup.signal);
  const frames = createPacketBatch(BURST);
  const isJoining = sockets.some(({ offloads }) => offloads.includes("coalescing"));
  const datagrams = createPacketBatch(isJoining ? joinedBatchSize() : BURST);
  const poller = new FdPoller([device, ...sockets], signal, [
    { index: 0, source: device, batch: frames },
    ...sockets.map((source, i) => ({ index: i + 1, source, batch: datagrams })),
  ]);
  const reporter = new PlaneReporter(send, sockets);
  const tunnel = planeTunnel(setup.tunnel, reporter);
  const connections = new PlaneConnections(tunnel, cipher, (peer) => reporter.endpointKept(peer));
  const plane = new DataPlane({
    device,
    sockets,
    poller,
    cipher,
    tunnel,
    frames,
    datagrams,
  });
  const obey = (command: Exclude<Command, { type: "stop" }>): void => {
    switch (command.type) {
      case "packet-limit":
        plane.packetLimit = command.bytes;
        break;
      case "snapshot": {
        const outside = { deviceErrors: device.writeErrors, tooBigAnswers: plane.tooBigAnswers };
        const snapshot = reporter.snapshot(tunnel, outside);
        send({ type: "snapshot", snapshot: { ...snapshot, offloads: offloadCounters(device, sockets) } });
        break;
      }
      case "keep-alive":
        tunnel.setKeepAlive(command.times);
        break;
      case "peers":
        send({ type: "peers", page: peerPage(tunnel, command.from, command.most, poller.now) });
        break;
      default:
        connections.obey(command);
        plane.tagBytes = connections.longestTag;
    }
  };
  const warming = new WarmingLoop(new PlaneLoop({ plane, poller, tunnel, reporter, sockets, send }), warmUp);
  try {
    for (const command of setup.commands) obey(command);
    send({ type: "running" });
    for (let isWoken = true; ; isWoken = poller.woken) {
      for (let command = isWoken ? receive() : undefined; command !== undefined; command = receive()) {
        if (command.type === "stop") return;
        obey(command);
        // a thousand commands must not keep packets waiting
        plane.turn(0);
      }
      warming.run();
    }
  } finally {
    warmUp.close();
    plane.close();
  }
}

function offloadCounters(device: TunDevice, sockets: readonly UdpSocket[]): Snapshot["offloads"] & object {
  const sums = sockets.map((socket) => socket.offloadCounters);
  const sum = (name: keyof SocketOffloadCounters): number => sums.reduce((total, one) => total + one[name], 0);
  return {
    ...device.offloadCounters,
    segmentedSends: sum("segmentedSends"),
    segmentedDatagrams: sum("segmentedDatagrams"),
    refusedSends: sum("refusedSends"),
    coalescedReceives: sum("coalescedReceives"),
    coalescedDatagrams: sum("coalescedDatagrams"),
    lostDatagrams: sum("lostDatagrams"),
  };
}

const receive = (): unknown => receiveMessageOnPort(port)?.message;

function begin(setup: DataPlaneSetup, warmUp: WarmUp): void {
  try {
    run(
      setup,
      warmUp,
      (report) => port?.postMessage(report),
      () => receive() as Command | undefined,
    );
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    const message = error instanceof Error ? error.message : String(error);
    port?.postMessage({ type: "failed", error: { message, code } } satisfies Report);
  }
  port?.close();
}

/** The main thread is still opening what the data plane needs: this time is for the compiler. */
function prepare(tunnel: PlaneTunnelSetup): void {
  inlineMore();
  const warmUp = new WarmUp(tunnel);
  let setup = receive();
  while (setup === undefined && warmUp.step()) setup = receive();
  if (setup === undefined) port?.once("message", (late: DataPlaneSetup) => begin(late, warmUp));
  else begin(setup as DataPlaneSetup, warmUp);
}

port.once("message", prepare);
