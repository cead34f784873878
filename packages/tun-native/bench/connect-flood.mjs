// TCP connects faster than sockets can make them: `connect-flood.mjs DEVICE HOST PORT AMOUNT PER_SECOND ADDRESSES`. The handshakes are
// made here, on an existing tun device, from 10.66.0.1 on, ADDRESSES of them in turn; whatever comes on an open connection is
// answered with a reset. Prints `at it` once it has begun and `done` with one line of JSON when all was given; ends with stdin.
import { TunDevice } from "../dist/index.js";

const [device = "", host = "", port = "", amount = "", perSecond = "", addresses = "1"] = process.argv.slice(2);
const wanted = Number(amount);
const rate = Number(perSecond);
const sources = Number(addresses);
const FIRST_PORT = 1024;
const PORTS = 64_000;
const [SYN, RST, ACK] = [2, 4, 16];
const HEADER_BYTES = 40;
/** Rounds are as far apart as timers can be. */
const ROUND_MS = 1;

const tun = TunDevice.open({
  kind: "tun",
  name: device,
  maxFrameBytes: 65_535,
  offload: { tunSegmentation: false, coalescing: false },
});
const inbound = Buffer.alloc(65_535);
const outbound = Buffer.alloc(HEADER_BYTES);
outbound.set([0x45, 0, 0, HEADER_BYTES, 0, 0, 0x40, 0, 64, 6]);
outbound.set(host.split(".").map(Number), 16);
outbound.writeUInt16BE(Number(port), 22);
outbound[32] = 0x50;
outbound.writeUInt16BE(65_535, 34);

/** Handshakes that are complete, by source; with the numbers of a reset. */
const open = new Map();
let begun = 0;
let connected = 0;
let refused = 0;
let closed = 0;

function sum(from, to) {
  let total = 0;
  for (let at = from; at < to; at += 2) total += outbound.readUInt16BE(at);
  return total;
}

function folded(total) {
  const once = (total & 0xffff) + (total >>> 16);
  return ~((once & 0xffff) + (once >>> 16)) & 0xffff;
}

/** @param source address and port as one number of 48 bits */
function send(source, flags, sequence, acknowledged) {
  outbound.writeUIntBE(Math.floor(source / 65_536), 12, 4);
  outbound.writeUInt16BE(source % 65_536, 20);
  outbound.writeUInt32BE(sequence, 24);
  outbound.writeUInt32BE(acknowledged, 28);
  outbound[33] = flags;
  outbound.writeUInt16BE(0, 10);
  outbound.writeUInt16BE(folded(sum(0, 20)), 10);
  outbound.writeUInt16BE(0, 36);
  outbound.writeUInt16BE(folded(sum(12, HEADER_BYTES) + 6 + 20), 36);
  tun.writeFrame(outbound);
}

function begin() {
  const address = 0x0a420001 + (begun % sources);
  send(address * 65_536 + FIRST_PORT + (Math.floor(begun / sources) % PORTS), SYN, (begun * 1000) >>> 0, 0);
  begun++;
}

function receive() {
  for (let bytes = tun.readFrame(inbound); bytes > 0; bytes = tun.readFrame(inbound)) {
    if (bytes < HEADER_BYTES || inbound[9] !== 6) continue;
    const source = inbound.readUInt32BE(16) * 65_536 + inbound.readUInt16BE(22);
    const flags = inbound[33] ?? 0;
    const next = inbound.readUInt32BE(28);
    if ((flags & RST) !== 0) {
      if (open.delete(source)) closed++;
      else refused++;
    } else if ((flags & SYN) !== 0) {
      const acknowledged = (inbound.readUInt32BE(24) + 1) >>> 0;
      send(source, ACK, next, acknowledged);
      if (!open.has(source)) connected++;
      open.set(source, next);
    } else if (open.delete(source)) {
      // what it knows, or its end
      closed++;
      send(source, RST, next, 0);
    }
  }
}

const startedMs = performance.now();
const seconds = () => (performance.now() - startedMs) / 1000;
console.log("at it");
process.stdin.resume().once("end", () => process.exit(0));
while (begun < wanted) {
  const due = Math.min(wanted, Math.floor(seconds() * rate));
  while (begun < due) {
    begin();
    if (begun % 64 === 0) receive();
  }
  receive();
  await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
}
const tookSeconds = seconds();
// answers that are still under way
for (let waitedMs = 0; waitedMs < 1500; waitedMs += 10) {
  receive();
  await new Promise((resolve) => setTimeout(resolve, 10));
}
const held = open.size;
for (const [source, next] of open) send(source, RST, next, 0);
console.log(`done ${JSON.stringify({ begun, connected, refused, closed, held, seconds: tookSeconds })}`);
