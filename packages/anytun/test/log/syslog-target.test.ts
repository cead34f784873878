import { rmSync } from "node:fs";
import { join } from "node:path";
import { UnixDatagram } from "tun-native";
import { UnixReceiver } from "tun-native/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { facilityNames, isFacility } from "../../src/log/facility.ts";
import type { LogLevel } from "../../src/log/level.ts";
import { type SyslogSender, syslogLine, syslogTarget } from "../../src/log/syslog-target.ts";
import { scratchDir } from "../support/scratch.ts";
import { until } from "../support/until.ts";

const at = new Date(2026, 10, 2, 6, 4, 9).getTime();
const OPTIONS = { level: 5, ident: "anytun", facility: "daemon", pid: 4711 } as const;
const PREFIX = "<29>Nov  2 06:04:09 anytun[4711]: ";

const plain = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/^<\d+>.*?\]: /, ""));
const numbered = (count: number, first = 0): string[] => Array.from({ length: count }, (_, i) => `line ${first + i}`);

describe("a line of the system log", () => {
  it.each<[LogLevel, number]>([
    [1, 27],
    [2, 28],
    [3, 29],
    [4, 30],
    [5, 31],
  ])("of level %i has priority %i and no level word", (level, priority) => {
    expect(syslogLine(OPTIONS, at, level, "text")).toBe(`<${priority}>Nov  2 06:04:09 anytun[4711]: text`);
  });

  it("has the facility in its priority", () => {
    const priorities = facilityNames.map((name) => {
      if (!isFacility(name)) throw new Error(name);
      return /^<(\d+)>/.exec(syslogLine({ ...OPTIONS, facility: name }, at, 3, ""))?.[1];
    });
    // 8 times the facility of RFC 3164, and 5 for a notice
    const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23];
    expect(priorities).toEqual(numbers.map((number) => `${number * 8 + 5}`));
  });

  it("is one line of plain text", () => {
    const line = syslogLine({ ...OPTIONS, ident: "a\nb" }, at, 3, "x\n<0>Nov  2 06:04:09 kernel: y");
    expect(line).toBe("<29>Nov  2 06:04:09 a\\x0ab[4711]: x\\x0a<0>Nov  2 06:04:09 kernel: y");
  });
});

/** A system log at a path of its own. */
function service() {
  const path = join(scratchDir(), "log");
  let socket: UnixReceiver | undefined;
  const received: string[] = [];
  return {
    path,
    received,
    start(): void {
      socket = new UnixReceiver(path);
    },
    /** Dies as a process does: its socket stays in the file system. */
    stop(): void {
      socket?.close();
      socket = undefined;
    },
    restart(): void {
      this.stop();
      rmSync(path, { force: true });
      this.start();
    },
    drain(): string[] {
      received.push(...(socket?.drain() ?? []));
      return received;
    },
    open() {
      const target = syslogTarget(OPTIONS, () => UnixDatagram.open(path));
      onTestFinished(() => {
        target.close();
        this.stop();
      });
      return target;
    },
  };
}

describe("the system log", () => {
  it("gets each line as one datagram", () => {
    const log = service();
    log.start();
    const target = log.open();
    expect(target.problem).toBeUndefined();
    target.write(at, 3, "one");
    target.write(at, 3, "zwei ß");
    expect(log.drain()).toEqual([`${PREFIX}one`, `${PREFIX}zwei ß`]);
  });

  it("gets what was said before it came", async () => {
    const log = service();
    const target = log.open();
    expect(target.problem).toBe(`connect ${log.path}: ENOENT (No such file or directory)`);
    target.write(at, 3, "early");
    log.start();
    await until(() => log.drain().length > 0);
    target.write(at, 3, "late");
    expect(plain(log.drain())).toEqual(["early", "late"]);
  });

  it("that was restarted between two lines misses none", () => {
    const log = service();
    log.start();
    const target = log.open();
    for (let round = 0; round < 5; round++) {
      target.write(at, 3, `line ${round}`);
      log.drain();
      log.restart();
    }
    target.write(at, 3, "line 5");
    expect(plain(log.drain())).toEqual(numbered(6));
  });

  it("that was away gets the lines that could be kept, and how many could not", async () => {
    const log = service();
    log.start();
    const target = log.open();
    target.write(at, 3, "first");
    log.drain();
    log.stop();
    for (const text of numbered(300)) target.write(at, 3, text);
    log.restart();
    await until(() => log.drain().length >= 258);
    target.write(at, 3, "last");
    const lines = plain(log.drain());
    expect(lines.slice(0, 257)).toEqual(["first", ...numbered(256)]);
    expect(lines.slice(257)).toEqual(["44 log lines were lost: the system log did not take them", "last"]);
    expect(log.received[257]).toMatch(/^<28>/);
  });

  it("whose queue is full gets all of a burst, in order", async () => {
    const log = service();
    log.start();
    const target = log.open();
    // the queue of a unix socket holds 10 datagrams unless the system says otherwise, or what fits into the send buffer
    const padding = "x".repeat(20_000);
    for (const text of numbered(200)) target.write(at, 3, `${text} ${padding}`);
    expect(log.drain().length).toBeLessThan(200);
    await until(() => log.drain().length >= 200);
    expect(plain(log.received)).toEqual(numbered(200).map((text) => `${text} ${padding}`));
  });

  it("costs no time while it is stuck", () => {
    const log = service();
    log.start();
    const target = log.open();
    const started = performance.now();
    for (const text of numbered(20_000)) target.write(at, 3, text);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it("gets what is left at the end", () => {
    const sent: string[] = [];
    let busy = 3;
    const target = syslogTarget(OPTIONS, () => ({
      send: (bytes) => {
        if (busy-- > 0) return "EAGAIN";
        sent.push(Buffer.from(bytes).toString());
        return undefined;
      },
      close: () => void sent.push("closed"),
    }));
    target.write(at, 3, "last words");
    target.close();
    target.close();
    target.write(at, 3, "too late");
    expect(sent).toEqual([`${PREFIX}last words`, "closed"]);
  });

  it("that stays stuck delays the end by a tenth of a second at most", () => {
    const target = syslogTarget(OPTIONS, () => ({ send: () => "EAGAIN", close: () => {} }));
    target.write(at, 3, "never sent");
    const started = performance.now();
    target.close();
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it("loses a line that it can never take, and no other", () => {
    const log = service();
    log.start();
    const target = log.open();
    target.write(at, 3, "x".repeat(16 << 20));
    target.write(at, 3, "next");
    expect(plain(log.drain())).toEqual(["1 log lines were lost: the system log did not take them", "next"]);
  });

  it("is looked for once a second, however much is written", () => {
    let tries = 0;
    const nobody = (): SyslogSender => {
      tries++;
      throw new Error("nobody");
    };
    const target = syslogTarget(OPTIONS, nobody);
    onTestFinished(() => target.close());
    for (const text of numbered(1000)) target.write(at, 3, text);
    expect(tries).toBeLessThanOrEqual(3);
  });
});
