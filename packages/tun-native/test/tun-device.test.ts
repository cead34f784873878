import { statSync } from "node:fs";
import { requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { createPacketBatch, DESCRIPTOR_WORDS, TunDevice } from "../src/index.ts";
import { inNamespace } from "./support/namespace.ts";

describe("the name of a device", () => {
  it.each(["sixteen-bytes-xx", "a/b", "a b", "tun%s", "%d%d", ".", "..", "a:b"])(
    "%s is refused before the kernel sees it",
    (name) => {
      expect(() => TunDevice.open({ kind: "tun", name })).toThrow(expect.objectContaining({ code: "ERR_ARGUMENT" }));
    },
  );

  it.each([0, 63, 65536, 1500.5])("maxFrameBytes %d is refused", (maxFrameBytes) => {
    expect(() => TunDevice.open({ kind: "tun", maxFrameBytes })).toThrow(/maxFrameBytes/);
  });
});

describe("a pair of devices", () => {
  it("hands frames from one end to the other, and ends with both", () => {
    const [one, other] = TunDevice.pair("tun");
    const batch = createPacketBatch({ capacity: 4, bytes: 4 * 9728 });
    const frames = [Uint8Array.of(0x45, 1, 2), Uint8Array.of(0x60, 3)];
    for (const [row, frame] of frames.entries()) {
      batch.bytes.set(frame, row * 64);
      batch.descriptors.set([row * 64, frame.length, 0, 0], row * DESCRIPTOR_WORDS);
    }
    expect(one.write(batch, 0, 2)).toBe(2);
    expect(one.read(batch)).toBe(0);
    expect(other.read(batch)).toBe(2);
    const read = frames.map((_, row) => {
      const [offset = 0, length = 0] = batch.descriptors.subarray(row * DESCRIPTOR_WORDS);
      return batch.bytes.slice(offset, offset + length);
    });
    expect(read).toEqual(frames);
    one.close();
    other.close();
    expect(() => one.read(batch)).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  });
});

describe("opening a device", requires("root", "tun", "unshare", "ip"), () => {
  it("takes an exact name, a pattern, or the kernel's choice", async () => {
    const names = await inNamespace(({ tun, run }) => {
      const devices = [
        tun.TunDevice.open({ kind: "tun", name: "exact" }),
        tun.TunDevice.open({ kind: "tun", name: "vpn%d" }),
        tun.TunDevice.open({ kind: "tun", name: "vpn%d" }),
        tun.TunDevice.open({ kind: "tun" }),
        tun.TunDevice.open({ kind: "tap" }),
      ];
      const listed = (JSON.parse(run("ip", "-j", "link")) as { ifname: string }[]).map(({ ifname }) => ifname);
      const names = devices.map((device) => `${device.kind} ${device.name} ${listed.includes(device.name)}`);
      for (const device of devices) device.close();
      for (const device of devices) device.close();
      const left = (JSON.parse(run("ip", "-j", "link")) as unknown[]).length;
      return [...names, `${left} left`];
    });
    expect(names).toEqual([
      "tun exact true",
      "tun vpn0 true",
      "tun vpn1 true",
      "tun tun0 true",
      "tap tap0 true",
      "1 left",
    ]);
  });

  it("names operation, device and errno when it fails", async () => {
    const errors = await inNamespace(({ tun, failure, run }) => {
      const device = tun.TunDevice.open({ kind: "tun", name: "busy" });
      run("ip", "link", "add", "other", "type", "veth", "peer", "name", "end");
      const busy = failure(() => tun.TunDevice.open({ kind: "tun", name: "busy" }));
      const other = failure(() => tun.TunDevice.open({ kind: "tun", name: "other" }));
      device.close();
      const closed = failure(() => device.fd);
      process.setgid?.(65534);
      process.setuid?.(65534);
      const forbidden = failure(() => tun.TunDevice.open({ kind: "tun", name: "mine" }));
      return { busy, other, closed, forbidden };
    });
    expect(errors.busy).toEqual({
      code: "EBUSY",
      errno: 16,
      syscall: "ioctl(TUNSETIFF)",
      object: "busy",
      message: "ioctl(TUNSETIFF) busy: EBUSY (Device or resource busy)",
    });
    expect(errors.other).toMatchObject({ code: "EINVAL", object: "other" });
    expect(errors.closed).toMatchObject({ code: "ERR_CLOSED", message: "busy is closed" });
    // who may open the file is the machine's choice; who may make a device is the kernel's
    const open = (statSync("/dev/net/tun").mode & 0o006) === 0o006;
    const refused = open
      ? { code: "EPERM", errno: 1, syscall: "ioctl(TUNSETIFF)", object: "mine" }
      : { code: "EACCES", errno: 13, syscall: "open", object: "/dev/net/tun" };
    expect(errors.forbidden).toMatchObject(refused);
  });

  it("says so when there is no device file", async () => {
    const error = await inNamespace(
      ({ tun, failure, run }) => {
        run("mount", "-t", "tmpfs", "tmpfs", "/dev/net");
        return failure(() => tun.TunDevice.open({ kind: "tun" }));
      },
      ["--mount"],
    );
    expect(error).toMatchObject({
      code: "ENOENT",
      syscall: "open",
      message: "open /dev/net/tun: ENOENT (No such file or directory)",
    });
  });
});

describe("frames", requires("root", "tun", "unshare", "ip"), () => {
  it("come one behind the other with headroom, tailroom and aligned starts", async () => {
    const rows = await inNamespace(({ tun, same, silence }) => {
      silence();
      const device = tun.TunDevice.open({ kind: "tun", name: "t0" });
      const set = new tun.NetworkInterface("t0");
      const batch = tun.createPacketBatch({ capacity: 64, bytes: 256 * 1024 });
      same(device.read(batch), 0);
      set.addAddress({ address: "10.0.0.1", prefixLength: 24 });
      set.isUp = true;
      while (device.read(batch) > 0);
      const socket = tun.UdpSocket.open({ family: 4, id: 0 });
      const out = tun.createPacketBatch({ capacity: 8, bytes: 8 * 2048 });
      for (let i = 0; i < 8; i++) {
        out.bytes.fill(i, i * 2048, (i + 1) * 2048);
        out.descriptors.set([i * 2048, 100 * i + 1, 0, 0], i * 4);
        tun.writeEndpoint(out.endpoints, i, tun.parseAddress("10.0.0.2"), 9, 0);
      }
      same(socket.send(out, 0, 8), 8);
      const count = device.read(batch);
      const result = Array.from({ length: count }, (_, i) => {
        const [offset = 0, length = 0, , flags = 0] = batch.descriptors.subarray(i * 4);
        return {
          offset,
          length,
          flags,
          last: batch.bytes[offset + length - 1],
          version: (batch.bytes[offset] ?? 0) >> 4,
        };
      });
      same(device.read(batch), 0);
      socket.close();
      device.close();
      return result;
    });
    expect(rows.map(({ length, flags, last, version }) => ({ length, flags, last, version }))).toEqual(
      Array.from({ length: 8 }, (_, i) => ({ length: 28 + 100 * i + 1, flags: 0, last: i, version: 4 })),
    );
    let end = 0;
    for (const { offset, length } of rows) {
      expect(offset % 64).toBe(16);
      expect(offset).toBeGreaterThanOrEqual(end + 16);
      end = offset + length + 32;
    }
  });

  it("longer than wanted are cut and flagged, and a burst leaves room for a whole one", async () => {
    const result = await inNamespace(({ tun, same, silence }) => {
      silence();
      const device = tun.TunDevice.open({ kind: "tun", name: "t0", maxFrameBytes: 1000 });
      const set = new tun.NetworkInterface("t0");
      set.mtu = 9000;
      set.addAddress({ address: "10.0.0.1", prefixLength: 24 });
      set.isUp = true;
      const batch = tun.createPacketBatch({ capacity: 64, bytes: 4096 });
      while (device.read(batch) > 0);
      const socket = tun.UdpSocket.open({ family: 4, id: 0, offload: { udpSegmentation: false } });
      const out = tun.createPacketBatch({ capacity: 5, bytes: 5 * 8192 });
      [972, 973, 8000, 1, 972].forEach((bytes, i) => {
        out.descriptors.set([i * 8192, bytes, 0, 0], i * 4);
        tun.writeEndpoint(out.endpoints, i, tun.parseAddress("10.0.0.2"), 9, 0);
      });
      same(socket.send(out, 0, 5), 5);
      const frames: string[] = [];
      const bursts: number[] = [];
      for (let count = device.read(batch); count > 0; count = device.read(batch)) {
        bursts.push(count);
        for (let i = 0; i < count; i++) frames.push(`${batch.descriptors[i * 4 + 1]}/${batch.descriptors[i * 4 + 3]}`);
      }
      const tooSmall = tun.createPacketBatch({ capacity: 4, bytes: 1047 });
      let refused = "";
      try {
        device.read(tooSmall);
      } catch (error) {
        refused = error instanceof tun.TunNativeError ? error.code : String(error);
      }
      return { frames, bursts, refused };
    });
    expect(result.frames).toEqual(["1000/0", "1000/2", "1000/2", "29/0", "1000/0"]);
    expect(result.bursts).toEqual([3, 2]);
    expect(result.refused).toBe("ERR_BATCH");
  });

  it("jumbo frames pass whole", async () => {
    const lengths = await inNamespace(({ tun, silence }) => {
      silence();
      const device = tun.TunDevice.open({ kind: "tun", name: "t0", maxFrameBytes: 65535 });
      const set = new tun.NetworkInterface("t0");
      set.mtu = 65535;
      set.addAddress({ address: "10.0.0.1", prefixLength: 24 });
      set.isUp = true;
      const batch = tun.createPacketBatch({ capacity: 4, bytes: 512 * 1024 });
      while (device.read(batch) > 0);
      const socket = tun.UdpSocket.open({ family: 4, id: 0 });
      const out = tun.createPacketBatch({ capacity: 1, bytes: 65536 });
      out.descriptors.set([0, 65507, 0, 0]);
      tun.writeEndpoint(out.endpoints, 0, tun.parseAddress("10.0.0.2"), 9, 0);
      socket.send(out, 0, 1);
      return [device.read(batch), batch.descriptors[1], batch.descriptors[3]];
    });
    expect(lengths).toEqual([1, 65535, 0]);
  });

  it("are written; what the kernel refuses is counted and the rest goes on", async () => {
    const result = await inNamespace(({ tun, run, failure, silence }) => {
      silence();
      const device = tun.TunDevice.open({ kind: "tun", name: "t0" });
      const set = new tun.NetworkInterface("t0");
      set.addAddress({ address: "10.0.0.1", prefixLength: 24 });
      const batch = tun.createPacketBatch({ capacity: 4, bytes: 8192 });
      for (let i = 0; i < 4; i++) {
        batch.bytes.set(
          [i === 1 ? 0x00 : 0x45, 0, 0, 20, 0, 0, 0, 0, 64, 253, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1],
          i * 2048,
        );
        batch.descriptors.set([i * 2048, 20, 0, 0], i * 4);
      }
      const down = [device.write(batch, 0, 4), device.writeErrors, device.lastWriteErrno];
      set.isUp = true;
      const up = [device.write(batch, 0, 4), device.writeErrors, device.lastWriteErrno];
      const part = [device.write(batch, 1, 2), device.writeErrors];
      const [link] = JSON.parse(run("ip", "-j", "-s", "link", "show", "t0")) as {
        stats64: { rx: { packets: number } };
      }[];
      batch.descriptors.set([8190, 20], 4);
      const outside = failure(() => device.write(batch, 0, 2)).code;
      const noRows = failure(() => device.write(batch, 3, 2)).code;
      return { down, up, part, received: link?.stats64.rx.packets, outside, noRows };
    });
    expect(result).toEqual({
      down: [0, 4, 5],
      up: [3, 5, 22],
      part: [1, 6],
      received: 4,
      outside: "ERR_BATCH",
      noRows: "ERR_BATCH",
    });
  });
});

describe("a device", requires("root", "tun", "unshare", "ip"), () => {
  it("that was deleted throws from every operation", async () => {
    const errors = await inNamespace(({ tun, run, failure, silence }) => {
      silence();
      const device = tun.TunDevice.open({ kind: "tun", name: "t0" });
      const signal = tun.EventSignal.create();
      const poller = new tun.FdPoller([device], signal);
      const batch = tun.createPacketBatch({ capacity: 4, bytes: 64 * 1024 });
      batch.descriptors.set([0, 20, 0, 0]);
      run("ip", "link", "del", "t0");
      const offload = { tunSegmentation: false, coalescing: false };
      const plain = tun.TunDevice.open({ kind: "tun", name: "t0", offload });
      run("ip", "link", "del", "t0");
      return [
        failure(() => device.read(batch)),
        failure(() => device.write(batch, 0, 1)),
        failure(() => poller.wait(1000)),
        failure(() => plain.read(batch)),
        failure(() => plain.write(batch, 0, 1)),
        failure(() => plain.readFrame(batch.bytes)),
        failure(() => plain.writeFrame(batch.bytes)),
      ];
    });
    for (const error of errors) expect(error).toMatchObject({ code: "EBADFD", object: "t0" });
    expect(errors[2]?.message).toBe("poll(POLLERR) t0: EBADFD (File descriptor in bad state)");
  });

  it("goes from one owner to another", async () => {
    const result = await inNamespace(({ tun, failure, silence }) => {
      silence();
      const device = tun.TunDevice.open({ kind: "tap", name: "t0", maxFrameBytes: 2000 });
      const detached = device.detach();
      const closed = failure(() => device.detach()).code;
      device.close();
      const attached = tun.TunDevice.attach(detached);
      const twice = failure(() => tun.TunDevice.attach(detached)).code;
      const { kind, name, maxFrameBytes } = attached;
      const exists = new tun.NetworkInterface("t0").exists;
      attached.close();
      const stale = failure(() => tun.TunDevice.attach(detached)).code;
      return { closed, twice, kind, name, maxFrameBytes, exists, stale, left: new tun.NetworkInterface("t0").exists };
    });
    expect(result).toEqual({
      closed: "ERR_CLOSED",
      twice: "EEXIST",
      kind: "tap",
      name: "t0",
      maxFrameBytes: 2000,
      exists: true,
      stale: "EBADF",
      left: false,
    });
  });
});
