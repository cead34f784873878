// What one thread does per second, without a network: node bench/bench.mjs (after npm run build and build:native).
// Prints the best of several rounds, which is what the code costs when the machine is not busy with other things.
import { Worker } from "node:worker_threads";
import {
  createPacketBatch,
  createSatpCipher,
  EventSignal,
  parseAddress,
  UdpSocket,
  writeEndpoint,
} from "../dist/index.js";

const ROUNDS = 9;
const BATCH = 48;
const SPACING = 1984;

function best(work) {
  let shortest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ROUNDS; i++) shortest = Math.min(shortest, work());
  return shortest;
}

function sealNanoseconds(payloadBytes, change) {
  const cipher = createSatpCipher();
  const id = cipher.addContext({
    masterKey: new Uint8Array(16),
    masterSalt: new Uint8Array(14),
    cipherKeyBytes: 16,
    tagBytes: 10,
    sealLabels: [0x356a192b, 0x77de68da, 0xac3478d6],
    openLabels: [0xda4b9237, 0x1b645389, 0xc1dfd96e],
    ...change,
  });
  const batch = createPacketBatch({ capacity: BATCH, bytes: BATCH * 2048 });
  const result = best(() => {
    const started = performance.now();
    for (let turn = 0; turn < 500; turn++) {
      for (let i = 0; i < BATCH; i++) batch.descriptors.set([i * SPACING, 10 + payloadBytes, id, 0], i * 4);
      cipher.seal(batch, 0, BATCH);
    }
    return ((performance.now() - started) * 1e6) / 500 / BATCH;
  });
  cipher.close();
  return result;
}

// Sends and receives in the same thread, so one datagram here is one of each.
function udpKpps(bytes) {
  const [sender, receiver] = [0, 1].map((id) => UdpSocket.open({ family: 4, address: "127.0.0.1", id }));
  const out = createPacketBatch({ capacity: 128, bytes: 128 * 2048 });
  const into = createPacketBatch({ capacity: 128, bytes: 128 * 2048 });
  for (let i = 0; i < 128; i++) {
    out.descriptors.set([i * 2048, bytes, 0, 0], i * 4);
    writeEndpoint(out.endpoints, i, parseAddress("127.0.0.1"), receiver.port, 0);
  }
  const milliseconds = best(() => {
    const started = performance.now();
    let received = 0;
    for (let turn = 0; turn < 400; turn++) {
      sender.send(out, 0, 128);
      received += receiver.receive(into);
    }
    return (performance.now() - started) / received;
  });
  sender.close();
  receiver.close();
  return 1 / milliseconds;
}

// One way: from signal() here to the return of wait() in a worker.
async function wakeMicroseconds() {
  const signal = EventSignal.create();
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    import(workerData.module).then(({ EventSignal, FdPoller }) => {
      const poller = new FdPoller([], EventSignal.attach(workerData.fd));
      for (;;) {
        poller.wait(-1);
        parentPort.postMessage(performance.timeOrigin + performance.now());
      }
    });`;
  const module = new URL("../dist/index.js", import.meta.url).href;
  const worker = new Worker(code, { eval: true, workerData: { module, fd: signal.fd } });
  const delays = [];
  await new Promise((resolve) => worker.once("online", resolve));
  for (let i = 0; i < 200; i++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    const woken = new Promise((resolve) => worker.once("message", resolve));
    const sent = performance.timeOrigin + performance.now();
    signal.signal();
    delays.push(((await woken) - sent) * 1000);
  }
  const end = worker.terminate();
  signal.signal();
  await end;
  return delays.sort((a, b) => a - b)[100];
}

console.log(`node ${process.version}, OpenSSL ${process.versions.openssl}`);
console.log(`seal 1400 bytes, batch ${BATCH}   ${sealNanoseconds(1400, {}).toFixed(0)} ns/packet`);
console.log(`seal 64 bytes, batch ${BATCH}     ${sealNanoseconds(64, {}).toFixed(0)} ns/packet`);
console.log(`  1400 bytes without tag   ${sealNanoseconds(1400, { tagBytes: 0 }).toFixed(0)} ns/packet`);
console.log(`  1400 bytes, tag only     ${sealNanoseconds(1400, { cipherKeyBytes: 0 }).toFixed(0)} ns/packet`);
console.log(`udp loopback, 1400 bytes   ${udpKpps(1400).toFixed(0)} kpps sent and received`);
console.log(`udp loopback, 64 bytes     ${udpKpps(64).toFixed(0)} kpps sent and received`);
console.log(`wake a sleeping worker     ${(await wakeMicroseconds()).toFixed(0)} us (median)`);
