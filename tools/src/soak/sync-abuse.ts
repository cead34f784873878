// A client of the sync port that nobody wants: `sync-abuse.js HOST PORT silent|garbage AMOUNT`. AMOUNT is connections that never
// read, or bytes of garbage. Prints `at it` once it has begun and `done` with one line of JSON, an `AbuseReport`, when all was given;
// ends with the first line on stdin.
import { randomFillSync } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface AbuseReport {
  /** Connections that the kernel of the other end took. */
  readonly connected: number;
  /** Bytes that this end's kernel took. */
  readonly bytes: number;
  readonly seconds: number;
}

const [host = "", port = "", what = "", amount = ""] = process.argv.slice(2);
const wanted = Number(amount);
const startedMs = performance.now();
let connected = 0;
let bytes = 0;

function open(): Socket {
  const socket = connect({ host, port: Number(port) });
  socket.on("connect", () => connected++);
  socket.on("error", () => undefined);
  return socket;
}

/** They are held until the process ends. */
async function silent(): Promise<void> {
  for (let i = 0; i < wanted; i++) {
    const socket = open();
    socket.pause();
    await once(socket, "connect");
  }
}

async function garbage(): Promise<void> {
  const block = randomFillSync(Buffer.alloc(65_536));
  while (bytes < wanted) {
    const socket = open();
    let isOpen = true;
    const closed = new Promise<void>((resolve) => {
      socket.on("close", () => {
        isOpen = false;
        resolve();
      });
    });
    socket.resume();
    while (isOpen && bytes < wanted) {
      const written = new Promise<boolean>((resolve) => socket.write(block, (error) => resolve(!error)));
      if (await Promise.race([written, closed.then(() => false)])) bytes += block.length;
      else break;
    }
    socket.destroy();
    await closed;
  }
}

console.log("at it");
process.stdin.once("data", () => process.exit(0));
process.stdin.once("end", () => process.exit(0));
if (what === "silent") await silent();
else await garbage();
const report: AbuseReport = { connected, bytes, seconds: (performance.now() - startedMs) / 1000 };
console.log(`done ${JSON.stringify(report)}`);
