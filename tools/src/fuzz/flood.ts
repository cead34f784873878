// Sends fuzzed datagrams from inside a host: `flood.js ADDRESS PORT COUNT SEED`, one real datagram per line of standard
// input as hexadecimal text. Prints one line of JSON: what was sent.
import { createSocket } from "node:dgram";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { DatagramFuzzer, type Mutation } from "./datagram-fuzzer.ts";

export interface Flood {
  readonly sent: number;
  readonly seconds: number;
  readonly made: Readonly<Record<Mutation, number>>;
}

/** Sent at one go; a receiver's buffer holds several of these. */
const burst = 64;

const [address = "", port = "", count = "", seed = ""] = process.argv.slice(2);
const lines = (await text(process.stdin)).split("\n").filter((line) => line !== "");
const [first, ...others] = lines.map((line) => new Uint8Array(Buffer.from(line, "hex")));
if (first === undefined) throw new Error("no real datagram on standard input");
const fuzzer = new DatagramFuzzer(Number(seed), [first, ...others]);
const socket = createSocket({ type: address.includes(":") ? "udp6" : "udp4", sendBufferSize: 4 << 20 });
await new Promise<void>((resolve) => socket.connect(Number(port), address, resolve));

const begun = performance.now();
let sent = 0;
let refused = 0;
const done = (error: Error | null): void => {
  if (error === null) sent += 1;
  else refused += 1;
};
for (let made = 0; made < Number(count); ) {
  for (let inBurst = 0; inBurst < burst && made < Number(count); inBurst += 1, made += 1)
    socket.send(fuzzer.next(), done);
  do await sleep(socket.getSendQueueCount() > burst ? 1 : 0);
  while (sent + refused < made);
}
const flood: Flood = { sent, seconds: (performance.now() - begun) / 1000, made: fuzzer.made };
socket.close();
console.log(JSON.stringify(flood));
