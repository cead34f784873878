// What one thread does per second, without a network: node bench/bench.mjs (after npm run build and build:native).
// Prints the best of several rounds, which is what the code costs when the machine is not busy with other things.
import { Worker } from "node:worker_threads";
import { cipherKernel, createPacketBatch, EventSignal, parseAddress, UdpSocket, writeEndpoint } from "../dist/index.js";
import { BATCHES, measure, measureKernels, SIZES } from "./cipher-kernels.mjs";

const ROUNDS = 9;

function best(work) {
  let shortest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ROUNDS; i++) shortest = Math.min(shortest, work());
  return shortest;
}

function printKernels() {
  const results = measureKernels();
  const cells = (texts) => texts.map((text) => String(text).padStart(12)).join("");
  for (const bytes of SIZES) {
    console.log(`\n${bytes} bytes, ns per packet, seal + open; batches of`);
    console.log(`  ${"".padEnd(8)}${cells(BATCHES)}`);
    for (const kernel of new Set(results.map((result) => result.kernel))) {
      const row = results.filter((result) => result.kernel === kernel && result.bytes === bytes);
      console.log(
        `  ${kernel.padEnd(8)}${cells(row.map(({ seal, open }) => `${seal.toFixed(0)} + ${open.toFixed(0)}`))}`,
      );
    }
  }
  const kernel = cipherKernel();
  const one = (suite) => measure({ kernel, bytes: 1400, batch: 48, suite }).seal.toFixed(0).padStart(6);
  console.log(`\nparts of ${kernel} at 1400 bytes, batch 48, seal`);
  console.log(
    `  cipher and tag ${one({})}   no tag ${one({ tagBytes: 0 })}   tag only ${one({ cipherKeyBytes: 0 })}\n`,
  );
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
printKernels();
console.log(`udp loopback, 1400 bytes   ${udpKpps(1400).toFixed(0)} kpps sent and received`);
console.log(`udp loopback, 64 bytes     ${udpKpps(64).toFixed(0)} kpps sent and received`);
console.log(`wake a sleeping worker     ${(await wakeMicroseconds()).toFixed(0)} us (median)`);
