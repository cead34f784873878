/**
 * The original's text, byte for byte (specification, section 4): what programs that read our standard error know. A
 * dot for each packet and for each attempt to read; with a new peer both phases may be short.
 */
import { diagnosisLines, type ProgramEvent, type Progress, type Subject } from "./progress.ts";

export class PlainProgress implements Progress {
  readonly #write: (text: string) => void;
  readonly #subject: Subject;
  #phase: "before" | "sending" | "waiting" | "connected" = "before";

  constructor(write: (text: string) => void, subject: Subject) {
    this.#write = write;
    this.#subject = subject;
  }

  tell(event: ProgramEvent): void {
    const { localPort, peer, remotePort, window } = this.#subject;
    switch (event.event) {
      case "creating":
        this.#write(`> Creating socket localhost:${localPort} <-> ${peer}:${remotePort}... `);
        break;
      case "socket":
        if (this.#phase !== "before") break;
        this.#phase = "sending";
        this.#write(`done.\n> Sending ${window} initial packets... `);
        break;
      case "garbage":
        if (this.#phase === "sending") this.#write(".");
        break;
      case "ack":
        this.#wait();
        break;
      case "waiting":
        if (this.#phase === "waiting") this.#write(".");
        break;
      case "connected":
        this.#wait();
        this.#phase = "connected";
        this.#write(" done.\n> Connection established.\n");
        break;
      case "quit":
        this.#write("> Exiting.\n");
        break;
      case "redirecting":
        this.#write("> Redirecting STDIN and STDOUT... ");
        break;
      case "redirected":
        this.#write("done.\n");
        break;
      case "executing":
        this.#write(`> exec()ing "${event.command}"...\n`);
        break;
      case "relaying":
        this.#write("> Type ahead.\n");
        break;
      case "relayed":
        this.#write("> Exiting; sending SIGTERM to child process... done.\n");
        break;
      case "failed":
        this.#write(`${event.text}\n`);
        for (const line of event.diagnosis === undefined ? [] : diagnosisLines(event.diagnosis)) {
          this.#write(`nat-traverse: ${line}\n`);
        }
        break;
    }
  }

  #wait(): void {
    if (this.#phase !== "sending") return;
    this.#phase = "waiting";
    this.#write(` done.\n> Waiting for ACK (timeout: ${this.#subject.timeout}s)... .`);
  }
}
