import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { hexDump } from "../src/demo/hex-dump.ts";
import { lacking, requires } from "../src/lab/index.ts";
import { PcapReader, type UdpDatagram } from "../src/lab/pcap.ts";
import { readPings } from "../src/measure/latency.ts";
import { cpuSeconds, residentMib, threadSeconds } from "../src/measure/process-usage.ts";
import { median, quantile, spread } from "../src/measure/statistics.ts";
import { markdownTable, textTable } from "../src/terminal/text-table.ts";

describe("statistics", () => {
  it.each([
    [[3], 3],
    [[1, 9], 5],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
  ])("the median of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it("quantiles lie between the values", () => {
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(quantile([5, 1, 3], 1)).toBe(5);
    expect(median([])).toBeNaN();
    expect(spread([90, 100, 120])).toBeCloseTo(0.2);
  });
});

describe("the usage of a process", () => {
  it("grows with the work it does", () => {
    const [before, threadsBefore] = [cpuSeconds(process.pid), threadSeconds(process.pid)];
    for (const end = performance.now() + 150; performance.now() < end; );
    expect(cpuSeconds(process.pid) - before).toBeGreaterThan(0.05);
    const grown = [...threadSeconds(process.pid)].map(([thread, sum]) => sum - (threadsBefore.get(thread) ?? 0));
    expect(Math.max(...grown)).toBeGreaterThan(0.05);
    expect(residentMib(process.pid)).toBeGreaterThan(10);
  });
});

describe("a table", () => {
  it("is aligned as text and as Markdown", () => {
    const rows = [
      ["", "a"],
      ["long", "10"],
    ];
    expect(textTable(rows)).toBe("       a\nlong  10");
    expect(markdownTable(rows)).toBe("|  | a |\n| --- | ---: |\n| long | 10 |");
  });
});

describe("the output of ping", () => {
  it("gives the median and the losses", () => {
    const text = `64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.30 ms
64 bytes from 10.0.0.2: icmp_seq=2 ttl=64 time=0.10 ms
64 bytes from 10.0.0.2: icmp_seq=4 ttl=64 time=0.20 ms

4 packets transmitted, 3 received, 25% packet loss, time 30ms`;
    expect(readPings(text)).toEqual({ median: 0.2, sent: 4, lost: 1 });
  });

  it("of a host that does not answer gives no median", () => {
    const silent = readPings("10 packets transmitted, 0 received, 100% packet loss, time 90ms");
    expect(silent).toEqual({ median: Number.NaN, sent: 10, lost: 10 });
  });
});

describe("the hex dump", () => {
  it("shows offsets, bytes and characters, and says what it left out", () => {
    const bytes = Uint8Array.from({ length: 40 }, (_, index) => index + 0x40);
    const [first, second, rest] = hexDump(bytes, 2);
    expect(first).toBe("0000  40 41 42 43 44 45 46 47  48 49 4a 4b 4c 4d 4e 4f  @ABCDEFGHIJKLMNO");
    expect(second?.startsWith("0010  50 51")).toBe(true);
    expect(rest).toBe("…     8 more bytes");
    expect(hexDump(bytes.subarray(0, 3), 2)).toEqual([`0000  40 41 42${" ".repeat(40)}  @AB`]);
  });
});

describe("a pcap stream", () => {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt32LE(1, 20);
  const record = (frame: Buffer): Buffer => {
    const head = Buffer.alloc(16);
    head.writeUInt32LE(10, 0);
    head.writeUInt32LE(500_000, 4);
    head.writeUInt32LE(frame.length, 8);
    return Buffer.concat([head, frame]);
  };
  const ethernet = Buffer.from("020000000001020000000002 0800".replace(" ", ""), "hex");
  // IPv4 header of 20 bytes, 192.0.2.1 → 192.0.2.2, UDP 4444 → 4445 with the payload 01 02 03.
  const ipv4 = Buffer.from(
    "4500001f000000004011 0000c0000201c0000202 115c115d000b0000 010203".replaceAll(" ", ""),
    "hex",
  );
  const padding = Buffer.alloc(15);

  it("is read in any pieces", () => {
    const stream = Buffer.concat([header, record(Buffer.concat([ethernet, ipv4, padding])), record(ethernet)]);
    for (const piece of [1, 7, 1000]) {
      const seen: UdpDatagram[] = [];
      const reader = new PcapReader((datagram) => seen.push(datagram));
      for (let at = 0; at < stream.length; at += piece) reader.push(stream.subarray(at, at + piece));
      expect(seen).toEqual([
        {
          time: 10.5,
          family: 4,
          source: "192.0.2.1",
          sourcePort: 4444,
          destination: "192.0.2.2",
          destinationPort: 4445,
          payload: Uint8Array.of(1, 2, 3),
        },
      ]);
    }
  });

  it("gives nothing for a later fragment, and refuses what is not pcap", () => {
    const fragment = Buffer.from(ipv4);
    fragment.writeUInt16BE(0x00b9, 6);
    const seen: UdpDatagram[] = [];
    const reader = new PcapReader((datagram) => seen.push(datagram));
    reader.push(Buffer.concat([header, record(Buffer.concat([ethernet, fragment]))]));
    expect(seen).toEqual([]);
    expect(() => new PcapReader(() => {}).push(Buffer.alloc(24))).toThrow(/not a little-endian pcap/);
  });
});

describe("requirements", () => {
  it("name what is missing and the command that provides it", () => {
    const script =
      'import("./dist/lab/index.js").then((lab) => console.log(JSON.stringify(lab.requires("ping", "unshare", "iperf3"))))';
    // Without PATH only the folders of system programs are searched.
    const { stdout } = spawnSync(process.execPath, ["-e", script], {
      cwd: `${import.meta.dirname}/..`,
      env: { PATH: "" },
    });
    const { skip, meta } = JSON.parse(stdout.toString());
    expect(skip).toBe(true);
    expect(meta.lacks).toContainEqual({ name: "iperf3", command: "sudo tools/install-peers.sh" });
  });

  it("do not skip what is there", () => {
    expect(lacking()).toEqual([]);
    expect(requires()).toEqual({ skip: false, meta: { lacks: [] } });
  });
});
