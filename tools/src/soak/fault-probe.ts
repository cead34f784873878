// One end of the traffic that faults are measured by, a process in each host: `fault-probe.js PEER INTERVAL_MS`. Sends a
// numbered datagram every interval, answers those of the other end, prints `flowing` with the first answer, ends with
// the first line on stdin and prints one line of JSON: a `ProbeReport`.
import { createSocket } from "node:dgram";

/** Numbers in a row that were not answered. */
export interface Gap {
  /** When the first and the last of them were sent, in milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly lost: number;
}

export interface ProbeReport {
  readonly sent: number;
  readonly answered: number;
  /** Answers that came more than once. */
  readonly repeated: number;
  /** Numbers that were not answered, all of them. */
  readonly lost: number;
  /** The first thousand of them. */
  readonly gaps: readonly Gap[];
}

const port = 5300;
const lateMs = 1_500;
const mostGaps = 1_000;
const probeMark = 0x50;
const answerMark = 0x41;

const [peer = "", interval = "10"] = process.argv.slice(2);
const sentAt: number[] = [];
const answers: number[] = [];
const socket = createSocket("udp4");

// An interface that is away for a while takes its address along: nothing is bound to it.
socket.bind(port);
socket.on("error", () => {});
socket.on("message", (bytes, from) => {
  if (bytes.length !== 8 || from.address !== peer) return;
  const number = bytes.readUInt32BE(4);
  if (bytes[0] === probeMark) {
    bytes[0] = answerMark;
    socket.send(bytes, port, peer, () => {});
  } else if (bytes[0] === answerMark && number < sentAt.length) {
    if (answers.every((count) => count === 0)) console.log("flowing");
    answers[number] = (answers[number] ?? 0) + 1;
  }
});

const timer = setInterval(() => {
  const bytes = Buffer.alloc(8);
  bytes[0] = probeMark;
  bytes.writeUInt32BE(sentAt.length, 4);
  answers[sentAt.length] = 0;
  sentAt.push(Date.now());
  socket.send(bytes, port, peer, () => {});
}, Number(interval));

process.stdin.once("data", () => {
  clearInterval(timer);
  const mine = sentAt.length;
  setTimeout(() => {
    console.log(JSON.stringify(report(mine)));
    // no exit: a pipe takes so long a line in several pieces
    socket.close();
    process.stdin.destroy();
  }, lateMs);
});

function report(sent: number): ProbeReport {
  const gaps: Gap[] = [];
  let lost = 0;
  let from = -1;
  // what was sent before the first answer found a tunnel that was not up yet
  const first = answers.findIndex((count) => count > 0);
  for (let number = Math.max(0, first); number <= sent; number++) {
    const isLost = number < sent && answers[number] === 0;
    if (isLost && from < 0) from = number;
    if (isLost) lost++;
    if (!isLost && from >= 0) {
      if (gaps.length < mostGaps)
        gaps.push({ fromMs: sentAt[from] ?? 0, toMs: sentAt[number - 1] ?? 0, lost: number - from });
      from = -1;
    }
  }
  return {
    sent: first < 0 ? sent : sent - first,
    answered: answers.filter((count) => count > 0).length,
    repeated: answers.reduce((sum, count) => sum + Math.max(0, count - 1), 0),
    lost,
    gaps,
  };
}
