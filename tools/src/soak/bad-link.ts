// A network that loses, repeats and overtakes: `bad-link.js PEER SEED [LOSS REPEATS LATE]`, shares of 1. Forwards what comes to
// port 4444 to PEER:4444 and its answers back. SIGUSR1 makes it print what it has done, one line of JSON: a `LinkReport`.
import { createSocket, type Socket } from "node:dgram";
import { Random } from "../fuzz/random.ts";

export interface DirectionReport {
  readonly arrived: number;
  readonly lost: number;
  /** Sent on twice. */
  readonly repeated: number;
  /** Sent on later than what came after them. */
  readonly late: number;
  /** Handed to the kernel, in all. */
  readonly forwarded: number;
}

export interface LinkReport {
  readonly there: DirectionReport;
  readonly back: DirectionReport;
}

const port = 4444;
const [peer = "", seed = "1", loss = "0.1", repeats = "0.05", late = "0.1"] = process.argv.slice(2);
const source = new Random(Number(seed));
const random = (): number => source.word() / 2 ** 32;

class Direction {
  arrived = 0;
  lost = 0;
  repeated = 0;
  late = 0;
  forwarded = 0;

  pass(bytes: Buffer, send: (bytes: Buffer) => void): void {
    this.arrived++;
    if (random() < Number(loss)) {
      this.lost++;
      return;
    }
    const forward = (): void => {
      this.forwarded++;
      send(bytes);
    };
    if (random() < Number(repeats)) {
      this.repeated++;
      setTimeout(forward, 5);
    }
    if (random() < Number(late)) {
      this.late++;
      setTimeout(forward, 20 + random() * 20);
    } else forward();
  }
}

const there = new Direction();
const back = new Direction();
let client: { address: string; port: number } | undefined;
const front: Socket = createSocket("udp4");
const rear: Socket = createSocket("udp4");
front.on("message", (bytes, from) => {
  client = from;
  there.pass(bytes, (copy) => rear.send(copy, port, peer));
});
rear.on("message", (bytes) => {
  const to = client;
  if (to !== undefined) back.pass(bytes, (copy) => front.send(copy, to.port, to.address));
});
front.bind(port, () => console.log("ready"));
process.on("SIGUSR1", () => console.log(JSON.stringify({ there, back } satisfies LinkReport)));
