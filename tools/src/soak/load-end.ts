// One end of the traffic of interop-load.ts, a process in each host: `load-end.js OWN PEER SECONDS`. Listens, prints
// `listening`, begins with the first line on stdin, and prints one line of JSON when both directions have ended.
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Of one TCP stream, as its sender or its receiver saw it. */
export interface StreamDigest {
  readonly bytes: number;
  readonly sha256: string;
}

export interface LoadEnd {
  readonly sent: readonly StreamDigest[];
  readonly received: readonly StreamDigest[];
  readonly datagramsSent: number;
  readonly datagramsReceived: number;
  /** Datagrams that are none of those that were sent: another length, or a byte of another value. */
  readonly datagramsWrong: number;
  readonly datagramsRepeated: number;
  /** Datagrams that came after one that was sent later. */
  readonly datagramsOvertaken: number;
}

const port = 5300;
const streams = 2;
/** Datagrams of one size in a row: what a tunnel may move in one piece. */
const run = 32;
const runEveryMs = 8;
const sizes = [1352, 1352, 200, 1000, 12, 1351, 577] as const;
/** A datagram is its number and, from a place that depends on it, so much of this as fills its size. */
const pattern = createCipheriv("aes-128-ctr", Buffer.alloc(16, 7), Buffer.alloc(16)).update(
  Buffer.alloc(0x10000 + 1400),
);

const [own = "", peer = "", duration = ""] = process.argv.slice(2);
const seconds = Number(duration);

const received: StreamDigest[] = [];
const allReceived = new Promise<void>((resolve) => {
  const server = createServer((socket) => {
    receive(socket, (digest) => {
      received.push(digest);
      if (received.length < streams) return;
      server.close();
      resolve();
    });
  });
  server.listen({ host: own, port }, () => udp.bind(port, own, () => console.log("listening")));
});

const udp = createSocket({ type: own.includes(":") ? "udp6" : "udp4", recvBufferSize: 1 << 22 });
const seen = new Uint8Array(Math.ceil((seconds + 10) * run * (1000 / runEveryMs)));
const datagrams = { received: 0, wrong: 0, repeated: 0, overtaken: 0, highest: -1 };
udp.on("message", check);

process.stdin.once("data", () => void work());

async function work(): Promise<void> {
  const end = performance.now() + seconds * 1000;
  const sending = Array.from({ length: streams }, () => send(end));
  const [datagramsSent, ...sent] = await Promise.all([sendDatagrams(end), ...sending, allReceived]);
  // The last datagrams are on their way still, perhaps behind a queue.
  await sleep(500);
  const result: LoadEnd = {
    sent: sent.filter((digest) => digest !== undefined),
    received,
    datagramsSent,
    datagramsReceived: datagrams.received,
    datagramsWrong: datagrams.wrong,
    datagramsRepeated: datagrams.repeated,
    datagramsOvertaken: datagrams.overtaken,
  };
  console.log(JSON.stringify(result));
  process.exit();
}

function receive(socket: Socket, done: (digest: StreamDigest) => void): void {
  const hash = createHash("sha256");
  let bytes = 0;
  socket.on("data", (chunk) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  socket.on("end", () => {
    socket.end();
    done({ bytes, sha256: hash.digest("hex") });
  });
}

/** A stream of random bytes that nothing can foresee, until time is up. */
async function send(end: number): Promise<StreamDigest> {
  const hash = createHash("sha256");
  const source = createCipheriv("aes-128-ctr", randomBytes(16), randomBytes(16));
  const zeros = Buffer.alloc(64 * 1024);
  const socket = connect({ host: peer, port });
  const failed = new Promise<never>((_, reject) => socket.once("error", reject));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.resume();
  let bytes = 0;
  while (performance.now() < end) {
    const chunk = source.update(zeros);
    hash.update(chunk);
    bytes += chunk.length;
    const written = new Promise((resolve) => socket.write(chunk, resolve));
    await Promise.race([written, failed]);
  }
  socket.end();
  await Promise.race([closed, failed]);
  return { bytes, sha256: hash.digest("hex") };
}

async function sendDatagrams(end: number): Promise<number> {
  let next = 0;
  while (performance.now() < end) {
    for (let i = 0; i < run; i++) {
      udp.send(datagram(next), port, peer);
      next++;
    }
    await sleep(runEveryMs);
  }
  return next;
}

function datagram(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(sizeOf(number));
  bytes.writeUInt32BE(number, 0);
  const from = placeOf(number);
  pattern.copy(bytes, 4, from, from + bytes.length - 4);
  return bytes;
}

function check(bytes: Buffer): void {
  datagrams.received++;
  const number = bytes.length < 4 ? Number.MAX_SAFE_INTEGER : bytes.readUInt32BE(0);
  const from = placeOf(number);
  if (
    number >= seen.length ||
    bytes.length !== sizeOf(number) ||
    bytes.compare(pattern, from, from + bytes.length - 4, 4) !== 0
  ) {
    datagrams.wrong++;
    return;
  }
  if (seen[number] === 1) datagrams.repeated++;
  else if (number < datagrams.highest) datagrams.overtaken++;
  seen[number] = 1;
  datagrams.highest = Math.max(datagrams.highest, number);
}

function sizeOf(number: number): number {
  return sizes[Math.floor(number / run) % sizes.length] ?? sizes[0];
}

function placeOf(number: number): number {
  return Math.imul(number, 97) & 0xffff;
}
