/**
 * Answers `anytun status` on a unix socket. Whoever may connect can still do no harm: questions are short and must come
 * soon, answers are written as fast as they are read and no faster, and nobody holds a place for long.
 */
import { createServer, type Server, type Socket } from "node:net";
import { errorText } from "../error-text.ts";
import type { Logger } from "../log/logger.ts";
import { MAX_REQUEST_BYTES, parseRequest, type StatusLine, type StatusRequest } from "./protocol.ts";

export interface StatusServerLimits {
  readonly clients: number;
  /** For the question, and for each portion of the answer to be taken. */
  readonly waitMs: number;
  /** For all of it. */
  readonly lifeMs: number;
}

const LIMITS: StatusServerLimits = { clients: 16, waitMs: 5_000, lifeMs: 60_000 };

/** Makes the lines of an answer, when they are asked for. */
export type Answer = (request: StatusRequest) => AsyncIterable<StatusLine>;

export class StatusServer {
  readonly #server: Server;
  readonly #answer: Answer;
  readonly #limits: StatusServerLimits;
  readonly #clients = new Set<Socket>();
  #path = "";
  #closing: Promise<void> | undefined;

  constructor(answer: Answer, log: Logger, limits: StatusServerLimits = LIMITS) {
    this.#answer = answer;
    this.#limits = limits;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => void this.#serve(socket));
    this.#server.maxConnections = limits.clients;
    let told = false;
    this.#server.on("error", (error) => {
      if (!told && this.#server.listening) log.warning(`status socket: ${errorText(error)}`);
      told = true;
    });
  }

  /** Where it listens. */
  get path(): string {
    return this.#path;
  }

  /** Binds at once, resolves when it is listening. */
  listen(path: string): Promise<void> {
    this.#path = path;
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ path }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  /**
   * Ends every connection and removes the file. Idempotent.
   * @param unlink removes it where the process itself may not any more; without it the next start does
   */
  close(unlink?: (path: string) => void): Promise<void> {
    this.#closing ??= this.#close(unlink);
    return this.#closing;
  }

  async #close(unlink: ((path: string) => void) | undefined): Promise<void> {
    const { listening } = this.#server;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#clients) socket.destroy();
    });
    try {
      if (listening) unlink?.(this.#path);
    } catch {
      // it is gone already, which is what happens unless privileges were given up
    }
  }

  async #serve(socket: Socket): Promise<void> {
    const { waitMs, lifeMs } = this.#limits;
    this.#clients.add(socket);
    socket.once("close", () => this.#clients.delete(socket));
    // a client that went away has no more wishes
    socket.on("error", () => undefined);
    const life = setTimeout(() => socket.destroy(), lifeMs);
    socket.once("close", () => clearTimeout(life));
    try {
      const line = await within(waitMs, socket, readLine(socket));
      const request = line === undefined ? undefined : parseRequest(line);
      if (request === undefined) write(socket, { error: "this is not a question that anytun status would ask" });
      else {
        for await (const part of this.#answer(request)) {
          if (socket.destroyed) return;
          if (!write(socket, part)) await within(waitMs, socket, drained(socket));
        }
      }
      socket.end();
      await within(waitMs, socket, closed(socket));
    } catch (error) {
      if (!socket.destroyed) write(socket, { error: errorText(error) });
    }
    socket.destroy();
  }
}

function write(socket: Socket, line: StatusLine): boolean {
  return socket.write(`${JSON.stringify(line)}\n`);
}

/** The first line; undefined when it is too long or does not come. */
function readLine(socket: Socket): Promise<string | undefined> {
  let text = "";
  return new Promise((resolve) => {
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
      const end = text.indexOf("\n");
      if (end < 0 && text.length <= MAX_REQUEST_BYTES) return;
      // whatever else it has to say is left to the kernel's buffer
      socket.pause();
      socket.removeAllListeners("data");
      resolve(end < 0 || end > MAX_REQUEST_BYTES ? undefined : text.slice(0, end));
    });
    socket.once("end", () => resolve(undefined));
  });
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.once("drain", resolve));
}

function closed(socket: Socket): Promise<void> {
  // an end that is not read does not come
  socket.resume();
  return new Promise((resolve) => void socket.once("close", resolve));
}

/** Rejects when it takes too long; ends with the connection. */
function within<T>(ms: number, socket: Socket, action: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error("the client does not read or write"));
    }, ms);
    const done = (value: T | undefined): void => {
      clearTimeout(timer);
      socket.off("close", gone);
      resolve(value);
    };
    const gone = (): void => done(undefined);
    socket.once("close", gone);
    void action.then(done);
  });
}
