/** Entry of the worker thread: builds a data plane from descriptors and runs it until told to stop. */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { SequenceCounter } from "satp-core";
import {
  createPacketBatch,
  createSatpCipher,
  EventSignal,
  FdPoller,
  joinedBatchSize,
  type PacketBatchSize,
  type SocketOffloadCounters,
  TunDevice,
  UdpSocket,
} from "tun-native";
import { DataPlane } from "./data-plane.ts";
import type { Command, DataPlaneSetup, Report, Snapshot } from "./messages.ts";
import { planeTunnel } from "./plane-tunnel.ts";
import { PlaneReporter } from "./reporter.ts";
import { warmUp, warmUpParts } from "./warm-up.ts";

/** Packets a burst can hold: long enough to amortise the calls, short enough to stay in the second-level cache. */
const BURST_PACKETS = 128;
/** Room for a burst of jumbo frames. */
const BURST: PacketBatchSize = { capacity: BURST_PACKETS, bytes: BURST_PACKETS * 9728 };

const port = parentPort;
if (port === null) throw new Error("data-plane-worker.js runs only as a worker thread");

/** Runs until a `stop` command; closes all it was given, whatever happens. */
function run(setup: DataPlaneSetup, send: (report: Report) => void, receive: () => Command | undefined): void {
  const device = TunDevice.attach(setup.device);
  const sockets = setup.sockets.map((socket) => UdpSocket.attach(socket));
  // first: objects made before would keep shapes that the compiler has left behind
  warmUp(setup);
  const cipher = createSatpCipher();
  const signal = EventSignal.attach(setup.signal);
  const poller = new FdPoller([device, ...sockets], signal);
  const sequence = new SequenceCounter();
  sequence.extend(setup.sequence);
  const reporter = new PlaneReporter(send, sockets);
  const tunnel = planeTunnel(setup, cipher, sequence, reporter);
  const plane = new DataPlane({
    device,
    sockets,
    poller,
    cipher,
    tunnel,
    frames: createPacketBatch(BURST),
    datagrams: createPacketBatch(
      sockets.some(({ offloads }) => offloads.includes("coalescing")) ? joinedBatchSize() : BURST,
    ),
  });
  let isRefusalTold = false;
  try {
    // before the parts, whose warm-up takes real packets: what they cause must find somebody who listens
    send({ type: "running" });
    warmUpParts(plane, device, sockets);
    for (let isWoken = true; ; isWoken = poller.woken) {
      for (let command = isWoken ? receive() : undefined; command !== undefined; command = receive()) {
        switch (command.type) {
          case "stop":
            return;
          case "endpoint":
            tunnel.setEndpoint(command.mux, command.endpoint);
            break;
          case "sequence":
            sequence.extend(command.range);
            break;
          case "packet-limit":
            plane.packetLimit = command.bytes;
            break;
          case "snapshot":
            send({
              type: "snapshot",
              snapshot: {
                ...reporter.snapshot(
                  tunnel,
                  { deviceErrors: device.writeErrors, tooBigAnswers: plane.tooBigAnswers },
                  poller.now,
                ),
                offloads: offloadCounters(device, sockets),
              },
            });
            break;
        }
      }
      plane.turn(reporter.flush(tunnel, poller.now));
      if (!isRefusalTold && sockets.some(isRefusing)) {
        isRefusalTold = true;
        send({ type: "segments-refused" });
      }
    }
  } finally {
    plane.close();
  }
}

function isRefusing(socket: UdpSocket): boolean {
  return socket.refusedSends > 0;
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

try {
  run(
    workerData as DataPlaneSetup,
    (report) => port.postMessage(report),
    () => receiveMessageOnPort(port)?.message as Command | undefined,
  );
} catch (error) {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  const message = error instanceof Error ? error.message : String(error);
  port.postMessage({ type: "failed", error: { message, code } } satisfies Report);
}
port.close();
