/**
 * The system log: `<PRI>Mon DD HH:MM:SS ident[PID]: text` in one datagram to /dev/log, as syslog(3) sends it (RFC 3164).
 *
 * Nobody waits for it. What it does not take now (its queue is full, it is being restarted) is kept and sent later in the
 * same order; what does not fit is counted, and the count takes the place of the lines that are missing.
 */
import { errorText } from "../error-text.ts";
import { facilityNumber, type SyslogFacility } from "./facility.ts";
import { LOG_WARNING, type LogLevel } from "./level.ts";
import { printable, syslogTime } from "./line.ts";
import type { LogTarget } from "./logger.ts";

/** A connection to the system log; `UnixDatagram` is one. */
export interface SyslogSender {
  /** @returns undefined, or the errno's name */
  send(bytes: Uint8Array): string | undefined;
  close(): void;
}

/** @throws Error when nobody listens there */
export type ConnectSyslog = () => SyslogSender;

export interface SyslogOptions {
  readonly level: number;
  readonly ident: string;
  readonly facility: SyslogFacility;
  readonly pid: number;
}

export interface SyslogTarget extends LogTarget {
  /** Why it could not be reached when it was opened. */
  readonly problem: string | undefined;
}

/** Enough for what a start says at debug level, while the queue of a small system holds ten. */
const MAX_KEPT = 256;
const FULL_RETRY_MS = 20;
const GONE_RETRY_MS = 1000;
/** How long the end waits for a full queue, at most. */
const CLOSE_WAIT_MS = 100;

/** Numbers of RFC 3164: err, warning, notice, info, debug. */
const SEVERITIES: Readonly<Record<LogLevel, number>> = { 1: 3, 2: 4, 3: 5, 4: 6, 5: 7 };

type SendResult = "sent" | "full" | "gone" | "refused";

/** Opens the target; that the system log is not there is no failure, it is tried again every second. */
export function syslogTarget(options: SyslogOptions, connect: ConnectSyslog): SyslogTarget {
  return new Syslog(options, connect);
}

/** @param time milliseconds since the epoch */
export function syslogLine(options: SyslogOptions, time: number, level: LogLevel, text: string): string {
  const priority = facilityNumber(options.facility) * 8 + SEVERITIES[level];
  const tag = `${printable(options.ident)}[${options.pid}]`;
  return `<${priority}>${syslogTime(new Date(time))} ${tag}: ${printable(text)}`;
}

class Syslog implements SyslogTarget {
  readonly level: number;
  readonly problem: string | undefined;
  readonly #options: SyslogOptions;
  readonly #connect: ConnectSyslog;
  readonly #kept: Uint8Array[] = [];
  #sender: SyslogSender | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lost = 0;
  #isClosed = false;

  constructor(options: SyslogOptions, connect: ConnectSyslog) {
    this.level = options.level;
    this.#options = options;
    this.#connect = connect;
    this.problem = this.#reconnect();
  }

  write(time: number, level: LogLevel, text: string): void {
    if (this.#isClosed) return;
    if (this.#lost > 0 && this.#kept.length + 2 <= MAX_KEPT) this.#announceLoss(time);
    const line = this.#encode(time, level, text);
    if (this.#lost > 0 || this.#kept.length >= MAX_KEPT) this.#lost++;
    else this.#kept.push(line);
    // while a try is due, trying at each line would only cost
    if (this.#timer === undefined) this.#sendKept();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    if (this.#lost > 0) this.#announceLoss(Date.now());
    let result = this.#sendAll();
    for (let waited = 0; result === "full" && waited < CLOSE_WAIT_MS; waited += FULL_RETRY_MS) {
      Atomics.wait(sleeper, 0, 0, FULL_RETRY_MS);
      result = this.#sendAll();
    }
    this.#sender?.close();
  }

  #encode(time: number, level: LogLevel, text: string): Uint8Array {
    return Buffer.from(syslogLine(this.#options, time, level, text));
  }

  #announceLoss(time: number): void {
    const text = `${this.#lost} log lines were lost: the system log did not take them`;
    this.#lost = 0;
    this.#kept.push(this.#encode(time, LOG_WARNING, text));
  }

  /** Sends what it can; what is left gets another try later. */
  #sendKept(): void {
    const result = this.#sendAll();
    if (result === "sent") return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#sendKept();
        if (this.#lost > 0 && this.#kept.length === 0) {
          this.#announceLoss(Date.now());
          this.#sendKept();
        }
      },
      result === "full" ? FULL_RETRY_MS : GONE_RETRY_MS,
    );
    // lines that wait must not keep a process alive
    this.#timer.unref();
  }

  #sendAll(): Exclude<SendResult, "refused"> {
    let sent = 0;
    let result: SendResult = "sent";
    for (const line of this.#kept) {
      result = this.#send(line);
      if (result === "refused") this.#lost++;
      else if (result !== "sent") break;
      sent++;
    }
    this.#kept.splice(0, sent);
    return result === "refused" ? "sent" : result;
  }

  /** A system log that was restarted is another socket: one new connection is tried at once. */
  #send(line: Uint8Array): SendResult {
    const first = this.#sendOnce(line);
    if (first !== "gone") return first;
    return this.#reconnect() === undefined ? this.#sendOnce(line) : "gone";
  }

  #sendOnce(line: Uint8Array): SendResult {
    if (this.#sender === undefined) return "gone";
    const error = this.#sender.send(line);
    switch (error) {
      case undefined:
        return "sent";
      case "EAGAIN":
      case "ENOBUFS":
      case "ENOMEM":
        return "full";
      case "EMSGSIZE":
        return "refused";
      default:
        this.#sender.close();
        this.#sender = undefined;
        return "gone";
    }
  }

  #reconnect(): string | undefined {
    try {
      this.#sender = this.#connect();
      return undefined;
    } catch (error) {
      return errorText(error);
    }
  }
}
