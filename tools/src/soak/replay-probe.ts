// Repeats recorded datagrams: `replay-probe.js HOST PORT INTERVAL_MS`, hexadecimal lines on stdin, one datagram each, sent when all are
// there. Prints `ready`, and one line of JSON when all are sent: when each was, in milliseconds since 1970.
import { createSocket } from "node:dgram";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

const [host = "", port = "", interval = ""] = process.argv.slice(2);
const socket = createSocket("udp4");
const times: number[] = [];
console.log("ready");
for (const line of (await text(process.stdin)).trim().split("\n")) {
  times.push(Date.now());
  socket.send(Buffer.from(line, "hex"), Number(port), host);
  await sleep(Number(interval));
}
console.log(JSON.stringify(times));
socket.close();
