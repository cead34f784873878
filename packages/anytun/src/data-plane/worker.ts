/** Entry of the worker thread: builds a data plane from descriptors and runs it until told to stop. */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { SequenceCounter, Tunnel } from "satp-core";
import { createPacketBatch, createSatpCipher, EventSignal, FdPoller, TunDevice, UdpSocket } from "tun-native";
import { DataPlane } from "./data-plane.ts";
import type { Command, DataPlaneSetup, Report } from "./messages.ts";
import { PlaneReporter } from "./reporter.ts";

/** Packets a burst can hold: long enough to amortise the calls, short enough to stay in the second-level cache. */
const BURST_PACKETS = 128;
/** Arena of one direction: room for a burst of jumbo frames. */
const ARENA_BYTES = BURST_PACKETS * 9728;

const port = parentPort;
if (port === null) throw new Error("data-plane-worker.js runs only as a worker thread");

/** Runs until a `stop` command; closes all it was given, whatever happens. */
function run(setup: DataPlaneSetup, send: (report: Report) => void, receive: () => Command | undefined): void {
  const device = TunDevice.attach(setup.device);
  const sockets = setup.sockets.map((socket) => UdpSocket.attach(socket));
  const cipher = createSatpCipher();
  const signal = EventSignal.attach(setup.signal);
  const poller = new FdPoller([device, ...sockets], signal);
  const sequence = new SequenceCounter();
  sequence.extend(setup.sequence);
  const context = cipher.addContext(setup.context);
  const keys = { context, tagBytes: setup.context.tagBytes, sequence };
  const reporter = new PlaneReporter(send);
  const tunnel = new Tunnel({
    ...setup.tunnel,
    routing: "single",
    autodetect: setup.configuredMux === undefined ? keys : undefined,
    events: reporter,
  });
  if (setup.configuredMux !== undefined) tunnel.addPeer({ ...keys, mux: setup.configuredMux });
  const plane = new DataPlane({
    device,
    sockets,
    poller,
    cipher,
    tunnel,
    frames: createPacketBatch({ capacity: BURST_PACKETS, bytes: ARENA_BYTES }),
    datagrams: createPacketBatch({ capacity: BURST_PACKETS, bytes: ARENA_BYTES }),
    now: () => performance.now(),
  });
  try {
    send({ type: "running" });
    for (;;) {
      for (let command = receive(); command !== undefined; command = receive()) {
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
              snapshot: reporter.snapshot(tunnel, sockets, device.writeErrors, performance.now()),
            });
            break;
        }
      }
      plane.turn(reporter.flush(tunnel, performance.now()));
    }
  } finally {
    plane.close();
  }
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
