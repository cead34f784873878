import { requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { inNamespace } from "./support/namespace.ts";

describe("Tun", requires("root", "tun", "unshare", "ip"), () => {
  it("has the properties of the interface, and loses it with release()", async () => {
    const result = await inNamespace(async ({ tun, run, silence, failure }) => {
      silence();
      const device = new tun.Tun({ name: "vpn%d" });
      const fresh = [device.name, device.mac, device.mtu, device.ipv4, device.ipv6, device.isUp];
      run("sysctl", "-qw", "net.ipv6.conf.vpn0.disable_ipv6=0");
      device.mtu = 1400;
      device.ipv4 = "10.0.0.1/24";
      device.ipv4 = "10.0.1.1/30";
      device.ipv6 = "fd00::1/64";
      device.isUp = true;
      const set = [device.mtu, device.ipv4, device.ipv6, device.isUp];
      const seen = run("ip", "-br", "addr", "show", "vpn0");
      const wrong = failure(() => {
        device.ipv4 = "fd00::1/64";
      }).code;
      const closed = new Promise((resolve) => device.once("close", resolve));
      device.release();
      device.release();
      await closed;
      return { fresh, set, seen, wrong, left: new tun.NetworkInterface("vpn0").exists };
    });
    expect(result.fresh).toEqual(["vpn0", "", 1500, "", "", false]);
    expect(result.set).toEqual([1400, "10.0.1.1/30", "fd00::1/64", true]);
    expect(result.seen).toMatch(/10\.0\.1\.1\/30 fd00::1\/64/);
    expect(result.seen).not.toMatch(/10\.0\.0\.1/);
    expect(result.wrong).toBe("ERR_ARGUMENT");
    expect(result.left).toBe(false);
  });

  it("writes an echo request and reads the kernel's reply", async () => {
    const reply = await inNamespace(async ({ tun, silence }) => {
      silence();
      const device = new tun.Tun();
      device.ipv4 = "10.0.0.1/24";
      device.isUp = true;
      const request = Buffer.from("4500001c000100004001000000000000000000000800000000010001", "hex");
      request.set([10, 0, 0, 2, 10, 0, 0, 1], 12);
      const checksum = (bytes: Buffer): number => {
        let sum = 0;
        for (let i = 0; i < bytes.length; i += 2) sum += bytes.readUInt16BE(i);
        while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
        return ~sum & 0xffff;
      };
      request.writeUInt16BE(checksum(request.subarray(0, 20)), 10);
      request.writeUInt16BE(checksum(request.subarray(20)), 22);
      const heard = new Promise<Buffer>((resolve) => device.once("data", resolve));
      device.write(request);
      const frame = await heard;
      device.release();
      return {
        type: frame[20],
        from: [...frame.subarray(12, 16)],
        to: [...frame.subarray(16, 20)],
        length: frame.length,
      };
    });
    expect(reply).toEqual({ type: 0, from: [10, 0, 0, 1], to: [10, 0, 0, 2], length: 28 });
  });

  it("gives one frame per event, keeps order, and waits for a slow reader", async () => {
    const result = await inNamespace(async ({ tun, silence, sleep }) => {
      silence();
      const device = new tun.Tun();
      device.ipv4 = "10.0.0.1/24";
      device.isUp = true;
      const socket = tun.UdpSocket.open({ family: 4, id: 0 });
      const batch = tun.createPacketBatch({ capacity: 200, bytes: 200 * 64 });
      for (let i = 0; i < 200; i++) {
        batch.bytes[i * 64] = i;
        batch.descriptors.set([i * 64, 1 + (i % 3), 0, 0], i * 4);
        tun.writeEndpoint(batch.endpoints, i, tun.parseAddress("10.0.0.2"), 9, 0);
      }
      // First nobody reads: the kernel keeps what does not fit the stream's buffer of 64 frames.
      device.once("readable", () => undefined);
      socket.send(batch, 0, 200);
      await sleep(100);
      const buffered = device.readableLength;
      const frames: string[] = [];
      for await (const frame of device) {
        frames.push(`${(frame as Buffer)[28]}:${(frame as Buffer).length - 28}`);
        if (frames.length === 200) break;
      }
      return { buffered, frames, destroyed: device.destroyed };
    });
    expect(result.buffered).toBeGreaterThan(0);
    expect(result.buffered).toBeLessThanOrEqual(65);
    expect(result.frames).toEqual(Array.from({ length: 200 }, (_, i) => `${i}:${1 + (i % 3)}`));
    expect(result.destroyed).toBe(true);
  });

  it("ends in an error when the kernel refuses a frame or the interface is deleted", async () => {
    const errors = await inNamespace(async ({ tun, run, silence }) => {
      silence();
      const failureOf = (device: InstanceType<typeof tun.Tun>): Promise<string> =>
        new Promise((resolve) => device.once("error", (error) => resolve(error.message)));
      const refused = new tun.Tun();
      refused.isUp = true;
      const first = failureOf(refused);
      refused.write(Buffer.alloc(20));
      const text = new tun.Tun();
      const second = failureOf(text);
      text.write("a frame of text");
      const deleted = new tun.Tun({ name: "gone" });
      deleted.resume();
      const third = failureOf(deleted);
      run("ip", "link", "del", "gone");
      return [await first, await second, await third];
    });
    expect(errors[0]).toMatch(/^write tun\d: EINVAL/);
    expect(errors[1]).toMatch(/^frame string: expected a Uint8Array/);
    expect(errors[2]).toBe("read gone: EBADFD (File descriptor in bad state)");
  });

  it("keeps the process alive while open, and not after release() or end()", async () => {
    const ms = await inNamespace(async ({ tun, sleep }) => {
      const started = performance.now();
      const ended = new tun.Tun();
      ended.resume();
      const closed = new Promise((resolve) => ended.once("close", resolve));
      ended.end();
      await closed;
      const other = new tun.Tun();
      other.resume();
      const unread = new tun.Tun();
      unread.end();
      setTimeout(() => other.release(), 150).unref();
      process.on("exit", () => {
        if (performance.now() - started < 140) process.exitCode = 9;
      });
      await sleep(1);
      return performance.now() - started;
    });
    expect(ms).toBeLessThan(1000);
  });
});

describe("Tap", requires("root", "tun", "unshare", "ip"), () => {
  it("carries Ethernet frames and takes a MAC address", async () => {
    const result = await inNamespace(async ({ tun, silence }) => {
      silence();
      const device = new tun.Tap({ name: "eth7" });
      device.mac = "02:00:5e:10:00:07";
      device.ipv4 = "10.0.0.1/24";
      device.isUp = true;
      const heard = new Promise<Buffer>((resolve) => device.once("data", resolve));
      // Who has 10.0.0.1? Tell 10.0.0.2.
      const request = Buffer.alloc(42);
      request.set([
        255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 10, 0, 0, 2,
      ]);
      request.set([10, 0, 0, 1], 38);
      device.write(request);
      const reply = await heard;
      device.release();
      return {
        mac: device.name,
        to: reply.subarray(0, 6).toString("hex"),
        sender: reply.subarray(22, 28).toString("hex"),
      };
    });
    expect(result).toEqual({ mac: "eth7", to: "020000000009", sender: "02005e100007" });
  });
});
