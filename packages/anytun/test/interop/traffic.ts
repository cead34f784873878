/** Traffic through a tunnel, judged by what comes out. */
import { createHash } from "node:crypto";
import type { Host } from "satp-tools/lab";
import { expect } from "vitest";

/** Prints `listening`, then the SHA-256 and the number of the bytes of one connection. */
const RECEIVER = `
const { createHash } = require("node:crypto");
const [address, port] = process.argv.slice(1);
const server = require("node:net").createServer((socket) => {
  const hash = createHash("sha256");
  let bytes = 0;
  socket.on("data", (chunk) => { hash.update(chunk); bytes += chunk.length; });
  socket.on("end", () => { console.log(hash.digest("hex") + " " + bytes); socket.end(); server.close(); });
});
server.listen({ host: address, port: Number(port) }, () => console.log("listening"));
`;

/** Sends the given number of bytes, the same for each seed, and prints their SHA-256 once the other end has them all. */
const SENDER = `
const { createCipheriv, createHash } = require("node:crypto");
const [address, port, bytes, seed] = process.argv.slice(1);
const key = createHash("sha256").update(seed).digest();
const body = createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(Number(bytes)));
const socket = require("node:net").connect({ host: address, port: Number(port) }, () => socket.end(body));
socket.on("close", () => console.log(createHash("sha256").update(body).digest("hex") + " " + body.length));
socket.resume();
`;

export const TRANSFER_BYTES = 20_000_000;
const PORT = "5201";

/** Sends `bytes` over TCP to an address of `to` and expects every byte to arrive as it left. */
export async function transfer(from: Host, to: Host, address: string, bytes: number = TRANSFER_BYTES): Promise<void> {
  const receiver = to.spawn(process.execPath, ["-e", RECEIVER, address, PORT]);
  try {
    await receiver.waitFor(/listening/);
    const seed = createHash("sha256").update(`${from.name} ${address} ${process.hrtime.bigint()}`).digest("hex");
    const sent = await from.run(process.execPath, ["-e", SENDER, address, PORT, `${bytes}`, seed], { timeout: 60_000 });
    const received = await receiver.result(30_000);
    expect(received.stdout.trim().split("\n").at(-1)).toBe(sent.stdout.trim());
    expect(sent.stdout.trim()).toMatch(new RegExp(` ${bytes}$`));
  } finally {
    await receiver.stop("SIGKILL");
  }
}

/** Expects every one of a few pings to be answered. */
export async function pings(from: Host, address: string, count = 3): Promise<void> {
  // with a deadline (-w) ping goes on until it has so many answers; without one it gives the last only two round trips,
  // which is too little on a busy machine
  const { stdout } = await from.run("ping", ["-n", "-c", `${count}`, "-i", "0.05", "-w", "5", address]);
  const answered = [...stdout.matchAll(/icmp_seq=(\d+) ttl/g)].map(([, number]) => Number(number));
  expect(answered.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
}

/** Sends datagrams (hex) from a host's UDP socket of its own, in order. */
export async function sendRaw(from: Host, address: string, port: number, datagrams: readonly string[]): Promise<void> {
  const script = `
    const socket = require("node:dgram").createSocket(${JSON.stringify(address.includes(":") ? "udp6" : "udp4")});
    const lines = require("node:fs").readFileSync(0, "utf8").trim().split("\\n");
    const next = (i) => i === lines.length ? socket.close()
      : socket.send(Buffer.from(lines[i], "hex"), ${port}, ${JSON.stringify(address)}, () => setTimeout(next, 2, i + 1));
    next(0);`;
  await from.check(process.execPath, ["-e", script], { input: datagrams.join("\n") });
}
