/** Transfers between two kernels, with the batch interface as the cable: super-frames out of one device, joined into the other. */
import { requires } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeviceOffload, TunDevice } from "../src/index.ts";
import { inNamespace } from "./support/namespace.ts";
import { type Refusal, refusingKernel } from "./support/refusing-kernel.ts";

interface Wish {
  readonly kind: "tun" | "tap";
  readonly family: 4 | 6;
  readonly streams: number;
  readonly tunSegmentation: boolean;
  readonly coalescing: boolean;
  readonly ring: boolean;
}

interface Outcome {
  readonly equal: boolean;
  readonly bytes: number;
  readonly checksumErrors: number;
  readonly offloads: readonly DeviceOffload[];
  readonly sending: TunDevice["offloadCounters"];
  readonly receiving: TunDevice["offloadCounters"];
}

let kernel: ReturnType<typeof refusingKernel>;
beforeAll(() => {
  kernel = refusingKernel();
});
afterAll(() => kernel.remove());

/** Two megabytes each way for each stream, from a stack with one device to a stack with the other. */
async function transfer(wish: Wish, refusals: readonly Refusal[] = []): Promise<Outcome> {
  const piece = async ({ tun, run, sleep }: Parameters<Parameters<typeof inNamespace>[0]>[0]): Promise<unknown> => {
    const { spawn } = process.getBuiltinModule("node:child_process");
    const { createHash, randomBytes } = process.getBuiltinModule("node:crypto");
    const { createConnection } = process.getBuiltinModule("node:net");
    const { readFileSync } = process.getBuiltinModule("node:fs");
    const { kind, family, streams, tunSegmentation, coalescing, ring } = JSON.parse(process.env["WISH"] ?? "");
    const offload = { tunSegmentation, coalescing, ring };
    const [near, far] = ["near", "far"].map((name) => tun.TunDevice.open({ kind, name, offload }));
    if (near === undefined || far === undefined) throw new Error("no devices");

    // the far stack: sends back what it hears
    const echo = `
      const { createServer } = require("node:net");
      process.stdin.once("data", () => createServer((socket) => socket.pipe(socket)).listen(5000, () => console.log("up")));
      process.stdin.once("end", () => process.exit());
      console.log("ready");`;
    const server = spawn("unshare", ["--net", process.execPath, "-e", echo], { stdio: ["pipe", "pipe", "inherit"] });
    const said = (): Promise<unknown> => new Promise((resolve) => server.stdout.once("data", resolve));
    await said();
    run("ip", "link", "set", "far", "netns", String(server.pid));
    const there = ["nsenter", "-t", String(server.pid), "-n"];
    const place = (prefix: string[], device: string, host: number): void => {
      const address = family === 4 ? `10.7.0.${host}/24` : `fd07::${host}/64`;
      const nodad = family === 4 ? [] : ["nodad"];
      const [command = "", ...rest] = [...prefix, "ip"];
      run(command, ...rest, "addr", "add", address, "dev", device, ...nodad);
      run(command, ...rest, "link", "set", device, "mtu", "1400", "up");
    };
    place([], "near", 1);
    place(there, "far", 2);
    server.stdin.write("go\n");
    await said();

    const poller = new tun.FdPoller([near, far], tun.EventSignal.create());
    // few rows, so that super-frames do not fit
    const batch = tun.createPacketBatch({ capacity: 40, bytes: 40 * 9728 });
    const move = (from: TunDevice, to: TunDevice): void => {
      do {
        const count = from.read(batch);
        to.write(batch, 0, count);
      } while (from.pending);
    };
    let isOpen = true;
    const pump = (): void => {
      if (!isOpen) return;
      poller.wait(1);
      move(near, far);
      move(far, near);
      setImmediate(pump);
    };
    pump();

    const one = async (): Promise<{ equal: boolean; bytes: number }> => {
      const sent = randomBytes(2 << 20);
      const socket = createConnection(5000, family === 4 ? "10.7.0.2" : "fd07::2");
      const hash = createHash("sha256");
      let bytes = 0;
      socket.on("data", (chunk) => {
        hash.update(chunk);
        bytes += chunk.length;
        if (bytes === sent.length) socket.end();
      });
      socket.write(sent);
      await new Promise((resolve, reject) => socket.once("close", resolve).once("error", reject));
      return { equal: hash.digest("hex") === createHash("sha256").update(sent).digest("hex"), bytes };
    };
    const all = await Promise.all(Array.from({ length: streams }, one));
    const checksumErrors = (text: string): number => {
      const [names = [], values = []] = text
        .split("\n")
        .filter((line) => line.startsWith("Tcp:"))
        .map((line) => line.split(" "));
      return Number(values[names.indexOf("InCsumErrors")]);
    };
    const errors =
      checksumErrors(readFileSync("/proc/self/net/snmp", "utf8")) +
      checksumErrors(readFileSync(`/proc/${server.pid}/net/snmp`, "utf8"));
    isOpen = false;
    await sleep(5);
    const result = {
      equal: all.every(({ equal }) => equal),
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      checksumErrors: errors,
      offloads: near.offloads,
      sending: near.offloadCounters,
      receiving: far.offloadCounters,
    };
    server.stdin.end();
    near.close();
    far.close();
    return result;
  };
  const variables = { WISH: JSON.stringify(wish), ...(refusals.length === 0 ? {} : kernel.env(refusals)) };
  return (await inNamespace(piece, [], variables)) as Outcome;
}

const EVERYTHING: Wish = { ring: true, kind: "tun", family: 4, streams: 1, tunSegmentation: true, coalescing: true };
const ALL_OFFLOADS = ["checksum", "tso4", "tso6", "tso-ecn", "uso", "coalesce-tcp", "coalesce-udp", "io-uring"];

describe("TCP between two kernels", requires("root", "tun", "unshare", "ip"), () => {
  it.each<[string, Partial<Wish>]>([
    ["IPv4", {}],
    ["IPv6", { family: 6 }],
    ["Ethernet", { kind: "tap" }],
    ["IPv6 over Ethernet", { kind: "tap", family: 6 }],
    ["four streams", { streams: 4 }],
  ])("%s arrives whole, cut here and joined here", async (_name, wish) => {
    const given = { ...EVERYTHING, ...wish };
    const result = await transfer(given);
    expect(result).toMatchObject({ equal: true, bytes: given.streams * (2 << 20), checksumErrors: 0 });
    expect(result.offloads).toEqual(ALL_OFFLOADS);
    expect(result.sending.segments / result.sending.superFrames).toBeGreaterThan(4);
    expect(result.receiving.joinedFrames / result.receiving.joinedWrites).toBeGreaterThan(4);
  });

  it.each<[string, Partial<Wish>, Refusal[], readonly string[]]>([
    ["without anything", { tunSegmentation: false, coalescing: false }, [], []],
    ["without segmentation", { tunSegmentation: false }, [], ["coalesce-tcp", "coalesce-udp", "io-uring"]],
    ["without joining", { coalescing: false }, [], [...ALL_OFFLOADS.slice(0, 5), "io-uring"]],
    ["without a ring", { ring: false }, [], ALL_OFFLOADS.slice(0, 7)],
    ["on a kernel that lets nobody have a ring", {}, ["io-uring"], ALL_OFFLOADS.slice(0, 7)],
    ["on a kernel without vnet headers", {}, ["vnet"], []],
    [
      "on a kernel without checksums and what needs them",
      {},
      ["checksum", "tso", "ecn", "uso"],
      ["coalesce-tcp", "io-uring"],
    ],
    [
      "on a kernel without TCP segmentation",
      {},
      ["tso", "ecn"],
      ["checksum", "uso", "coalesce-tcp", "coalesce-udp", "io-uring"],
    ],
    [
      "on a kernel without ECN and UDP segmentation",
      {},
      ["ecn", "uso"],
      ["checksum", "tso4", "tso6", "coalesce-tcp", "io-uring"],
    ],
    [
      "on a kernel that takes no joined frames",
      { ring: false },
      ["joined"],
      [...ALL_OFFLOADS.slice(0, 5), "coalesce-udp"],
    ],
  ])("arrives whole %s", async (_name, wish, refusals, offloads) => {
    const result = await transfer({ ...EVERYTHING, ...wish }, refusals);
    expect(result).toMatchObject({ equal: true, checksumErrors: 0, offloads });
    if (!offloads.includes("tso4")) expect(result.sending.superFrames).toBe(0);
    if (!offloads.includes("coalesce-tcp")) expect(result.receiving.joinedWrites).toBe(0);
    if (!offloads.includes("io-uring")) expect(result.receiving.ringCalls).toBe(0);
  });
});

describe("datagrams on kernels that lack something", requires("root", "unshare", "ip"), () => {
  it.each<[Refusal[], string[], number, number]>([
    [[], ["segmentation", "coalescing"], 40, 0],
    [["udp-segment"], ["coalescing"], 0, 0],
    [["udp-gro"], ["segmentation"], 40, 0],
    // what refuses with EIO is asked once, a path that is too narrow once for each size
    [["eio"], ["coalescing"], 0, 1],
    [["einval"], ["segmentation", "coalescing"], 0, 1],
  ])("%j leave and arrive all the same", async (refusals, offloads, segmented, refused) => {
    const result = await inNamespace(
      ({ tun }) => {
        const offload = { udpCoalescing: true };
        const [sender, receiver] = [0, 1].map((id) =>
          tun.UdpSocket.open({ family: 4, address: "127.0.0.1", id, offload }),
        );
        if (sender === undefined || receiver === undefined) throw new Error("no sockets");
        const batch = tun.createPacketBatch({ capacity: 20, bytes: 20 * 2048 });
        const into = tun.createPacketBatch(tun.joinedBatchSize());
        const counts = [1, 2].map(() => {
          for (let i = 0; i < 20; i++) {
            batch.descriptors.set([i * 2048, 1000, 0, 0], i * 4);
            tun.writeEndpoint(batch.endpoints, i, tun.parseAddress("127.0.0.1"), receiver.port, 0);
          }
          const sent = sender.send(batch, 0, 20);
          let received = 0;
          for (let count = receiver.receive(into); count > 0; count = receiver.receive(into)) received += count;
          return [sent, received];
        });
        const { segmentedDatagrams, refusedSends } = sender.offloadCounters;
        return { counts, segmentedDatagrams, refusedSends, offloads: sender.offloads };
      },
      [],
      refusals.length === 0 ? {} : kernel.env(refusals),
    );
    const counts = [
      [20, 20],
      [20, 20],
    ];
    expect(result).toEqual({ counts, segmentedDatagrams: segmented, refusedSends: refused, offloads });
  });
});
