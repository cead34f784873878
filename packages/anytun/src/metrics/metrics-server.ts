/** Serves `GET /metrics` and nothing else. Made for one monitoring system; whoever else connects is bounded and finds nothing. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { errorText } from "../error-text.ts";
import { AnytunError } from "../errors.ts";
import type { Logger } from "../log/logger.ts";
import type { MetricsText } from "./metrics-text.ts";

/** Scrapers keep one connection. */
const MOST_CONNECTIONS = 16;
const REQUEST_MS = 5_000;
const IDLE_MS = 120_000;
const ANSWER_MS = 30_000;
const MAX_HEADER_BYTES = 8_192;
/** A scrape that comes so soon gets the last answer: nobody can keep the daemon busy with them. */
const FRESH_MS = 1_000;

export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly log: Logger;
  /** Monotonic milliseconds. */
  now(): number;
  /** Undefined once the tunnel has ended. */
  text(): Promise<MetricsText | undefined>;
}

export class MetricsServer {
  readonly #options: MetricsServerOptions;
  readonly #server: Server;
  #latest: { readonly at: number; readonly text: Promise<MetricsText | undefined> } | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: MetricsServerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: REQUEST_MS,
        requestTimeout: REQUEST_MS,
        keepAliveTimeout: IDLE_MS,
        connectionsCheckingInterval: REQUEST_MS,
      },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.maxConnections = MOST_CONNECTIONS;
    // ends whoever does not read the answer
    this.#server.timeout = ANSWER_MS;
  }

  /** @throws AnytunError `start` when the address cannot be used */
  static async open(options: MetricsServerOptions): Promise<MetricsServer> {
    const server = new MetricsServer(options);
    await server.#listen();
    return server;
  }

  /** `127.0.0.1:9464`, with the port that the kernel chose for 0. */
  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") return "";
    return address.family === "IPv6" ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`;
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    return this.#closing;
  }

  #listen(): Promise<void> {
    const { host, port, log } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", (error) => {
        reject(new AnytunError("start", `--metrics ${host}:${port}: ${errorText(error)}`, { cause: error }));
      });
      this.#server.listen({ host, port }, () => {
        this.#server.removeAllListeners("error");
        this.#server.on("error", (error) => log.warning(`metrics: ${errorText(error)}`));
        resolve();
      });
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    try {
      const [path] = (request.url ?? "").split("?");
      if (path !== "/metrics") return end(response, 404, "metrics are at /metrics\n");
      if (request.method !== "GET" && request.method !== "HEAD") {
        response.setHeader("Allow", "GET, HEAD");
        return end(response, 405, "GET or HEAD\n");
      }
      const metrics = await this.#text();
      if (metrics === undefined) return end(response, 503, "the tunnel has just ended\n");
      end(response, 200, metrics.text, metrics.contentType);
    } catch (error) {
      end(response, 500, `${errorText(error)}\n`);
    }
  }

  /** One answer for all who ask at the same time. */
  #text(): Promise<MetricsText | undefined> {
    const at = this.#options.now();
    if (this.#latest === undefined || at - this.#latest.at >= FRESH_MS) {
      this.#latest = { at, text: this.#options.text() };
    }
    return this.#latest.text;
  }
}

function end(response: ServerResponse, status: number, text: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(text) });
  response.end(text);
}
