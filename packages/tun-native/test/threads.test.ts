import { readdirSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { bundledLibrary, inNamespace } from "./support/namespace.ts";

async function worker(body: string): Promise<unknown> {
  const { file, env } = await bundledLibrary();
  const code = `
    const { parentPort } = require("node:worker_threads");
    import(${JSON.stringify(file)}).then(async (tun) => parentPort.postMessage(await (async () => { ${body} })()));`;
  const thread = new Worker(code, { eval: true, env });
  try {
    return await new Promise((resolve, reject) => {
      thread.once("message", resolve);
      thread.once("error", reject);
    });
  } finally {
    await thread.terminate();
  }
}

const UDP_ECHO = `
  const { UdpSocket, FdPoller, EventSignal, createPacketBatch, createSatpCipher } = tun;
  const cipher = createSatpCipher();
  const context = { masterKey: new Uint8Array(16), masterSalt: new Uint8Array(14), cipherKeyBytes: 16, tagBytes: 10, sealLabels: [1, 2, 3], openLabels: [1, 2, 3] };
  const id = cipher.addContext(context);
  const socket = UdpSocket.open({ family: 4, address: "127.0.0.1", id: 0 });
  const poller = new FdPoller([socket], EventSignal.create());
  const batch = createPacketBatch({ capacity: 16, bytes: 16 * 256 });
  let opened = 0;
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < 16; i++) {
      batch.descriptors.set([i * 256, 100, id, 0], i * 4);
      tun.writeEndpoint(batch.endpoints, i, tun.parseAddress("127.0.0.1"), socket.port, 0);
    }
    cipher.seal(batch, 0, 16);
    socket.send(batch, 0, 16);
    poller.wait(1000);
    const count = socket.receive(batch);
    for (let i = 0; i < count; i++) batch.descriptors[i * 4 + 2] = id;
    cipher.open(batch, 0, count);
    for (let i = 0; i < count; i++) if (batch.descriptors[i * 4 + 3] === 0) opened++;
  }
  return opened;`;

describe("several threads", () => {
  it("load the addon at once and work side by side", async () => {
    const results = await Promise.all([UDP_ECHO, UDP_ECHO, UDP_ECHO, UDP_ECHO].map(worker));
    expect(results).toEqual([3200, 3200, 3200, 3200]);
  });

  it("leave nothing open when they are terminated", async () => {
    const open = () => readdirSync("/proc/self/fd").length;
    await worker("return 1;");
    const before = open();
    for (let i = 0; i < 10; i++) {
      await worker(
        "globalThis.kept = Array.from({ length: 20 }, () => tun.UdpSocket.open({ family: 4, id: 0 })); return 1;",
      );
    }
    expect(open()).toBe(before);
  });
});

describe("a thread with devices", requires("root", "tun", "unshare", "ip"), () => {
  it("takes its interface with it when it is terminated", async () => {
    const result = await inNamespace(async ({ tun, sleep, Worker }) => {
      const code = `
        const { parentPort } = require("node:worker_threads");
        import(${JSON.stringify(process.env["TUN_LIBRARY"])}).then(({ TunDevice, Tun }) => {
          globalThis.kept = [TunDevice.open({ kind: "tun", name: "w0" }), new Tun({ name: "w1" })];
          kept[1].resume();
          parentPort.postMessage("open");
        });`;
      const thread = new Worker(code, { eval: true, execArgv: [] });
      await new Promise((resolve) => thread.once("message", resolve));
      const during = ["w0", "w1"].map((name) => new tun.NetworkInterface(name).exists);
      await thread.terminate();
      await sleep(10);
      return { during, after: ["w0", "w1"].map((name) => new tun.NetworkInterface(name).exists) };
    });
    expect(result).toEqual({ during: [true, true], after: [false, false] });
  });

  it("hands a device over to another", async () => {
    const result = await inNamespace(async ({ tun, silence, Worker }) => {
      silence();
      const device = tun.TunDevice.open({ kind: "tun", name: "t0" });
      const set = new tun.NetworkInterface("t0");
      set.addAddress({ address: "10.0.0.1", prefixLength: 24 });
      set.isUp = true;
      const signal = tun.EventSignal.create();
      const code = `
        const { parentPort, workerData } = require("node:worker_threads");
        import(${JSON.stringify(process.env["TUN_LIBRARY"])}).then(({ TunDevice, EventSignal, FdPoller, createPacketBatch }) => {
          const device = TunDevice.attach(workerData.device);
          const poller = new FdPoller([device], EventSignal.attach(workerData.signal));
          const batch = createPacketBatch({ capacity: 8, bytes: 128 * 1024 });
          parentPort.postMessage("ready");
          const readable = poller.wait(5000);
          const count = device.read(batch);
          const woken = poller.wait(5000);
          parentPort.postMessage({ readable, count, woken });
        });`;
      const thread = new Worker(code, {
        eval: true,
        execArgv: [],
        workerData: { device: device.detach(), signal: signal.fd },
      });
      await new Promise((resolve) => thread.once("message", resolve));
      const socket = tun.UdpSocket.open({ family: 4, id: 0 });
      const batch = tun.createPacketBatch({ capacity: 1, bytes: 64 });
      batch.descriptors.set([0, 5, 0, 0]);
      tun.writeEndpoint(batch.endpoints, 0, tun.parseAddress("10.0.0.2"), 9, 0);
      const answer = new Promise((resolve) => thread.once("message", resolve));
      socket.send(batch, 0, 1);
      setTimeout(() => signal.signal(), 50);
      return answer;
    });
    expect(result).toEqual({ readable: 1, count: 1, woken: 0 });
  });
});
