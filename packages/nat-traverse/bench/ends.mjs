// Ends of holes, one after the other, in a process that stays: a program's start costs more than everything it does until it is
// connected. For tools/src/soak/punch-matrix.ts, in one host of a laboratory. Each line of standard input is a request:
//   {"id": 1, "program": "ours" | "original", "localPort": …, "peer": "…", "peerPort": …, "timeout"?: …, "lowPorts"?: false}
// Answers "began ID" when the first packet is sent, and "ended ID {status, ms?, text}" as a program with
// --quit-after-connect would have ended; `ms` is the time until the connection.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { HoleTimeout, openHole } from "../dist/index.js";

const EXIT_TIMEOUT = 4;
const EXIT_FAILURE = 255;
const say = (word, id, value) => process.stdout.write(`${word} ${id}${value ? ` ${JSON.stringify(value)}` : ""}\n`);

async function ours({ id, localPort, peer, peerPort, timeout, lowPorts }) {
  const lines = [];
  const options = { ...(timeout === undefined ? {} : { timeout }), ...(lowPorts === undefined ? {} : { lowPorts }) };
  let ms;
  try {
    const opening = openHole({
      ...{ localPort, peerAddresses: [peer], peerPort, purpose: "quit", ...options },
      onEvent: (event) => {
        lines.push(JSON.stringify(event));
        if (event.event === "connected") ms = event.ms;
      },
    });
    // the first packets are sent before openHole returns
    say("began", id);
    const hole = await opening;
    await hole.settled();
    hole.close();
    return { status: 0, ms, text: lines.join("\n") };
  } catch (error) {
    lines.push(JSON.stringify(error instanceof HoleTimeout ? error.diagnosis : String(error)));
    return { status: error instanceof HoleTimeout ? EXIT_TIMEOUT : EXIT_FAILURE, text: lines.join("\n") };
  }
}

function original({ id, localPort, peer, peerPort, timeout }) {
  const options = timeout === undefined ? [] : ["--timeout", `${timeout}`];
  const words = [...options, "--quit-after-connect", `${localPort}:${peer}:${peerPort}`];
  const child = spawn("nat-traverse", words, { stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  let hasBegun = false;
  child.stderr.setEncoding("latin1").on("data", (chunk) => {
    text += chunk;
    if (!hasBegun && text.includes("Sending")) {
      hasBegun = true;
      say("began", id);
    }
  });
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ status: EXIT_FAILURE, text: String(error) }));
    child.on("close", (status) => resolve({ status: status ?? EXIT_FAILURE, text }));
  });
}

createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const request = JSON.parse(line);
    say("ended", request.id, await (request.program === "ours" ? ours(request) : original(request)));
  })
  .on("close", () => process.exit());
console.log("ready");
