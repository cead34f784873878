import { describe, expect, it } from "vitest";
import type { HoleEvent } from "../../src/hole-types.ts";
import { LiveProgress } from "../../src/progress/live-line.ts";
import { PlainProgress } from "../../src/progress/plain-text.ts";
import { JsonProgress, type ProgramEvent, type Progress, QuietProgress } from "../../src/progress/progress.ts";
import { VerboseProgress } from "../../src/progress/verbose-lines.ts";

const subject = { localPort: "40000", peer: "198.51.100.2", remotePort: "40001", window: 3, timeout: 5 };
const local = { address: "0.0.0.0", port: 40000 };
const peer = { address: "198.51.100.2", port: 40001 };
const creating = { event: "creating" } as const;
const socket: HoleEvent = { event: "socket", local, peer };
const garbage = [1, 2, 3].map((count): HoleEvent => ({ event: "garbage", count }));
const ack: HoleEvent = { event: "ack", because: "window" };
const waiting: HoleEvent = { event: "waiting" };
const connected: HoleEvent = { event: "connected", local, peer, ms: 312 };
const heard: HoleEvent = { event: "heard", peer: "new", from: { ...peer, port: 5 }, expected: false };
const counters = { sentBytes: 10, sentDatagrams: 2, lostDatagrams: 1, receivedBytes: 30, receivedDatagrams: 3 };
const timeout: ProgramEvent = {
  event: "failed",
  text: " timeout.",
  status: 4,
  diagnosis: { code: "nothing-arrived", seen: ["Nothing arrived."], meaning: ["It is off."], advice: ["Start it."] },
};

function told(make: (write: (text: string) => void) => Progress, events: readonly ProgramEvent[]): string {
  let text = "";
  const progress = make((more) => {
    text += more;
  });
  for (const event of events) progress.tell(event);
  return text;
}
const plain = (events: readonly ProgramEvent[], of = subject): string =>
  told((write) => new PlainProgress(write, of), events);

const opening = "> Creating socket localhost:40000 <-> 198.51.100.2:40001... ";
const sending = `${opening}done.\n> Sending 3 initial packets... `;
const established = `${sending}... done.\n> Waiting for ACK (timeout: 5s)... ... done.\n> Connection established.\n`;
const connecting = [creating, socket, ...garbage, ack, waiting, waiting, connected];

describe("the original's text", () => {
  it.each<[string, ProgramEvent[], string]>([
    ["that ends at once", [...connecting, { event: "quit" }], `${established}> Exiting.\n`],
    [
      "with a relay",
      [...connecting, { event: "relaying" }, { event: "relayed", end: "done", counters }],
      `${established}> Type ahead.\n> Exiting; sending SIGTERM to child process... done.\n`,
    ],
    [
      "with a command",
      [...connecting, { event: "redirecting" }, { event: "redirected" }, { event: "executing", command: "cat -n" }],
      `${established}> Redirecting STDIN and STDOUT... done.\n> exec()ing "cat -n"...\n`,
    ],
    [
      "with a peer that comes before the window is over",
      [creating, socket, ...garbage.slice(0, 1), heard, connected],
      `${sending}. done.\n> Waiting for ACK (timeout: 5s)... . done.\n> Connection established.\n`,
    ],
    [
      "with repeated acknowledgements",
      [creating, socket, ack, ack, waiting, ack, connected],
      `${sending} done.\n> Waiting for ACK (timeout: 5s)... .. done.\n> Connection established.\n`,
    ],
    [
      "of a timeout, and what was seen",
      [creating, socket, ...garbage, ack, timeout],
      `${sending}... done.\n> Waiting for ACK (timeout: 5s)... . timeout.\n` +
        "nat-traverse: Nothing arrived.\nnat-traverse: It is off.\nnat-traverse: try: Start it.\n",
    ],
    [
      "of a failure",
      [creating, { event: "failed", text: "Couldn't create socket: Address already in use", status: 98 }],
      `${opening}Couldn't create socket: Address already in use\n`,
    ],
  ])("%s", (_, events, text) => {
    expect(plain(events)).toBe(text);
  });

  it("has two blanks where no packet is sent", () => {
    expect(plain([creating, socket, ack], { ...subject, window: 0 })).toContain(
      "Sending 0 initial packets...  done.\n",
    );
  });
});

describe("--quiet", () => {
  it("tells failures only", () => {
    const quiet = (events: readonly ProgramEvent[]): string => told((write) => new QuietProgress(write), events);
    expect(quiet(connecting)).toBe("");
    expect(quiet([...connecting, timeout])).toBe("nat-traverse: timeout.\n");
  });
});

describe("--json", () => {
  it("tells each event as one object in a line", () => {
    const text = told((write) => new JsonProgress(write, subject), [...connecting, timeout]);
    const lines = text.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).event)).toEqual([
      ...["creating", "socket", "garbage", "garbage", "garbage", "ack", "waiting", "waiting", "connected", "failed"],
    ]);
    expect(JSON.parse(lines[0] ?? "")).toEqual({ event: "creating", ...subject });
    expect(JSON.parse(lines.at(-1) ?? "")).toEqual({ ...timeout, text: "timeout." });
  });
});

describe("--verbose", () => {
  it("tells each event in a line with its time", () => {
    let now = 5_000;
    const events: ProgramEvent[] = [creating, socket, heard, connected, { event: "relayed", end: "done", counters }];
    const text = told((write) => new VerboseProgress(write, subject, () => (now += 250)), [...events, timeout]);
    expect(text.split("\n")).toEqual([
      "   0.250  port 40000 to 198.51.100.2:40001",
      "   0.500  sending from 0.0.0.0:40000 to 198.51.100.2:40001",
      "   0.750  heard a new peer at 198.51.100.2:5, not where it was expected",
      "   1.000  connected to 198.51.100.2:40001 after 0.31 s",
      "   1.250  both sides are done; sent 10 bytes in 2 datagrams, 1 of them lost, received 30 in 3",
      "   1.500  timeout.",
      "          Nothing arrived.",
      "          It is off.",
      "          try: Start it.",
      "",
    ]);
  });
});

describe("the live line of a terminal", () => {
  function live(events: readonly ProgramEvent[], hasColour: boolean): { text: string; timers: number } {
    let timers = 0;
    const text = told(
      (write) =>
        new LiveProgress(
          {
            ...{ write, columns: 30, hasColour, now: () => 0 },
            every: () => {
              timers += 1;
              return () => {
                timers -= 1;
              };
            },
          },
          subject,
        ),
      events,
    );
    return { text, timers };
  }

  it("is drawn over itself and leaves one line", () => {
    const { text, timers } = live(connecting, false);
    const [line, ...rest] = text.split("\n");
    expect(rest).toEqual([""]);
    expect(line?.split("\r\u001b[K").at(-1)).toBe("✓ connected to 198.51.100.2:40001 after 0.31 s");
    expect(timers).toBe(0);
  });

  it("is never longer than the terminal is wide", () => {
    const frames = live([creating, socket, ...garbage], false).text.split("\r\u001b[K");
    expect(frames.length).toBeGreaterThan(4);
    expect(Math.max(...frames.map((frame) => frame.length))).toBeLessThan(30);
  });

  it("has colours only where they are wanted", () => {
    expect(live(connecting, true).text).toContain("\u001b[32m✓\u001b[0m");
    expect(live(connecting, false).text).not.toContain("\u001b[3");
  });

  it("ends with what was seen when it fails", () => {
    const { text } = live([creating, socket, timeout], false);
    expect(text.split("\r\u001b[K").at(-1)).toBe("✗ timeout.\n  Nothing arrived.\n  It is off.\n  try: Start it.\n");
  });
});
