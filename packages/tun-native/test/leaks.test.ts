import { requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { inNamespace } from "./support/namespace.ts";

describe("opening and closing 2000 times", requires("root", "tun", "unshare", "ip"), () => {
  it("leaves neither descriptors nor memory behind", async () => {
    const result = await inNamespace(({ tun, silence, entries }) => {
      silence();
      const batch = tun.createPacketBatch({ capacity: 4, bytes: 64 * 1024 });
      const context = {
        masterKey: new Uint8Array(16),
        masterSalt: new Uint8Array(14),
        cipherKeyBytes: 16,
        tagBytes: 10,
        sealLabels: [1, 2, 3] as const,
        openLabels: [4, 5, 6] as const,
      };
      const round = (): void => {
        const socket = tun.UdpSocket.open({ family: 4, address: "127.0.0.1", id: 0 });
        const signal = tun.EventSignal.create();
        const poller = new tun.FdPoller([socket], signal);
        const cipher = tun.createSatpCipher();
        for (let i = 0; i < 5; i++) cipher.addContext(context);
        batch.descriptors.set([0, 100, 0, 0]);
        cipher.seal(batch, 0, 1);
        poller.wait(0);
        try {
          tun.UdpSocket.open({ family: 4, address: "127.0.0.1", port: socket.port, id: 0 });
        } catch {
          // Expected: the failed opening must not leak either.
        }
        for (const resource of [poller, signal, socket, cipher]) resource.close();
      };
      const measure = () => ({ fds: entries("/proc/self/fd"), rss: process.memoryUsage().rss });
      for (let i = 0; i < 500; i++) round();
      const before = measure();
      for (let i = 0; i < 2000; i++) round();
      const after = measure();
      return { fds: after.fds - before.fds, megabytes: (after.rss - before.rss) / 2 ** 20 };
    });
    expect(result.fds).toBe(0);
    expect(result.megabytes).toBeLessThan(24);
  });

  it("is true of devices and streams as well", { timeout: 60_000 }, async () => {
    const result = await inNamespace(async ({ tun, silence, entries }) => {
      silence();
      const measure = () => ({
        fds: entries("/proc/self/fd"),
        tasks: entries("/proc/self/task"),
      });
      const round = async (): Promise<void> => {
        const device = tun.TunDevice.open({ kind: "tun", name: "t0" });
        tun.TunDevice.attach(device.detach()).close();
        const stream = new tun.Tun({ name: "t1" });
        stream.resume();
        const closed = new Promise((resolve) => stream.once("close", resolve));
        stream.release();
        await closed;
      };
      await round();
      const before = measure();
      for (let i = 0; i < 40; i++) await round();
      const after = measure();
      return { fds: after.fds - before.fds, tasks: after.tasks - before.tasks };
    });
    expect(result).toEqual({ fds: 0, tasks: 0 });
  });
});
