/** Tables of a cluster for people and programs. Secrets are never shown (spec: anytun-suite-cli.md 3). */
import {
  type Command,
  type ConnectionCommand,
  decodeCommand,
  type Extension,
  FrameReader,
  formatHostAddress,
  formatHostEndpoint,
  isUnspecified,
  type RouteCommand,
} from "satp-sync";

export type Layout = "text" | "json";

/** Errors that are told one by one; the rest is a number. */
const MAX_ERRORS = 10;

/** Where lines and errors go. */
export interface ShowOutput {
  line(text: string): void;
  error(text: string): void;
}

/** The line of a command; undefined for one that is not shown. */
export function showCommand(command: Command, layout: Layout): string | undefined {
  switch (command.type) {
    case "connection":
      return layout === "json" ? connectionJson(command) : `Client ${command.mux}: ${place(command)}`;
    case "route":
      return layout === "json" ? routeJson(command) : `Route: ${prefixText(command)} -> ${command.mux}`;
    case "ethernet-route":
      return layout === "json" ? undefined : `Route: /${command.length} -> ${command.mux}`;
    case "unknown":
      return undefined;
  }
}

/** What only our own servers say, as JSON; undefined for what nobody wants to know. */
export function showExtension(extension: Extension): string | undefined {
  switch (extension.type) {
    case "complete":
      return JSON.stringify({ type: "complete" });
    case "withdraw-connection":
      return JSON.stringify({ type: "connection-gone", mux: extension.mux });
    case "withdraw-route":
      return JSON.stringify({ type: "route-gone", prefix: prefixText(extension) });
    default:
      return undefined;
  }
}

/** `192.0.2.1:4444`, or `not registered`. */
export function place({ host, port }: ConnectionCommand): string {
  return isUnspecified(host) ? "not registered" : formatHostEndpoint(host, port);
}

export function prefixText({ address, length }: Pick<RouteCommand, "address" | "length">): string {
  return `${formatHostAddress(address)}/${length}`;
}

/** Shows a stream of frames as it comes, from wherever it comes. */
export class StreamShow {
  /** Frames that could not be shown. */
  errors = 0;
  readonly #reader = new FrameReader();
  readonly #layout: Layout;
  readonly #output: ShowOutput;
  #frames = 0;

  constructor(layout: Layout, output: ShowOutput) {
    this.#layout = layout;
    this.#output = output;
  }

  /** @returns false when nothing that follows can be understood */
  push(chunk: Uint8Array): boolean {
    const goesOn = this.#reader.push(chunk, (archive) => {
      this.#show(archive);
      return true;
    });
    if (!goesOn) this.#fail("the length is negative; what follows is not looked at");
    return goesOn;
  }

  /** The end of the stream. */
  end(): void {
    if (this.#reader.isInsideFrame) {
      this.#frames++;
      this.#fail("the end is missing");
    }
    if (this.errors > MAX_ERRORS) this.#output.error(`${this.errors - MAX_ERRORS} more frames could not be read`);
  }

  #show(archive: Uint8Array): void {
    this.#frames++;
    if (archive.length === 0) return;
    const command = decodeCommand(archive);
    if (command.type === "refused") {
      this.#fail(command.fault);
      return;
    }
    const line = showCommand(command, this.#layout);
    if (line !== undefined) this.#output.line(line);
  }

  #fail(text: string): void {
    this.errors++;
    if (this.errors <= MAX_ERRORS) this.#output.error(`frame ${this.#frames}: ${text}`);
  }
}

function connectionJson(command: ConnectionCommand): string {
  const { mux, role, keyBits, windowSize, sequence, host } = command;
  return JSON.stringify({
    type: "connection",
    mux,
    endpoint: isUnspecified(host) ? null : place(command),
    role: role === 0 ? "left" : role === 1 ? "right" : role,
    kd_prf: keyBits === 0 ? "null" : `aes-ctr-${keyBits}`,
    window_packets: windowSize,
    sequence,
  });
}

function routeJson(route: RouteCommand): string {
  return JSON.stringify({ type: "route", prefix: prefixText(route), mux: route.mux });
}
