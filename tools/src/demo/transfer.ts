// One TCP transfer, each end its own process: `transfer.js receive PORT BYTES` and `transfer.js send HOST PORT BYTES`.
// Prints one line of JSON. Hashing happens before and after, so that the rate is the tunnel's.
import { createHash, randomFillSync } from "node:crypto";
import { connect, createServer } from "node:net";

export interface Sent {
  readonly sha256: string;
}

export interface Received extends Sent {
  readonly bytes: number;
  /** From the first byte to the last. */
  readonly seconds: number;
}

const [task, ...words] = process.argv.slice(2);
if (task === "receive") receive(Number(words[0]), Number(words[1]));
else send(words[0] ?? "", Number(words[1]), Number(words[2]));

function receive(port: number, bytes: number): void {
  const body = Buffer.allocUnsafe(bytes);
  const server = createServer((socket) => {
    let filled = 0;
    let begun = 0;
    socket.on("data", (chunk) => {
      if (filled === 0) begun = performance.now();
      filled += chunk.copy(body, filled);
    });
    socket.on("end", () => {
      const seconds = (performance.now() - begun) / 1000;
      const result: Received = { bytes: filled, seconds, sha256: sha256(body.subarray(0, filled)) };
      console.log(JSON.stringify(result));
      socket.end();
      server.close();
    });
  });
  server.listen(port, () => console.log("listening"));
}

function send(host: string, port: number, bytes: number): void {
  const body = randomFillSync(Buffer.allocUnsafe(bytes));
  const result: Sent = { sha256: sha256(body) };
  const socket = connect({ host, port }, () => socket.end(body));
  socket.on("close", () => console.log(JSON.stringify(result)));
  socket.resume();
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
