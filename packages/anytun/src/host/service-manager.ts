/** The service manager's protocol, sd_notify(3): lines `NAME=value` in datagrams to the socket that it named. */
import type { UnixDatagram } from "tun-native";

const SOCKET = "NOTIFY_SOCKET";
const WATCHDOG = "WATCHDOG_USEC";
const WATCHDOG_PID = "WATCHDOG_PID";

/** Part of a datagram sender that is needed here. */
export type NotifySender = Pick<UnixDatagram, "send" | "close">;

export interface ServiceManagerOptions {
  /** Lose what the manager said: it was meant for this process alone. */
  readonly variables: Record<string, string | undefined>;
  /** Processes that the manager may have meant when it named one. */
  readonly pids: readonly number[];
  /** @throws Error when nobody listens */
  readonly connect: (path: string) => NotifySender;
  readonly complain: (text: string) => void;
  /** CLOCK_MONOTONIC in microseconds. */
  readonly monotonic: () => bigint;
}

export class ServiceManager {
  readonly #sender: NotifySender | undefined;
  readonly #monotonic: () => bigint;
  /** How often it wants to hear that all is well, in milliseconds; undefined = never. */
  readonly watchdogMs: number | undefined;

  constructor({ variables, pids, connect, complain, monotonic }: ServiceManagerOptions) {
    const take = (name: string): string | undefined => {
      const value = variables[name];
      Reflect.deleteProperty(variables, name);
      return value;
    };
    const path = take(SOCKET);
    const [watchdog, watched] = [take(WATCHDOG), take(WATCHDOG_PID)];
    this.#monotonic = monotonic;
    if (path === undefined || !/^[/@]./.test(path)) return;
    try {
      this.#sender = connect(path);
    } catch (error) {
      complain(`the service manager cannot be told: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    const isMeant = watched === undefined || pids.includes(Number(watched));
    const ms = Number(watchdog) / 1000;
    if (isMeant && ms > 0) this.watchdogMs = ms;
  }

  /** The tunnel carries packets. @param pid of the daemon */
  ready(pid: number, status: string): void {
    this.#send(`READY=1\nMAINPID=${pid}\nSTATUS=${status}`);
  }

  /** Between this and `ready` the configuration changes. */
  reloading(): void {
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${this.#monotonic()}\nSTATUS=reloading`);
  }

  stopping(): void {
    this.#send("STOPPING=1\nSTATUS=stopping");
  }

  status(text: string): void {
    this.#send(`STATUS=${text}`);
  }

  alive(): void {
    this.#send("WATCHDOG=1");
  }

  /** Idempotent. */
  close(): void {
    this.#sender?.close();
  }

  #send(text: string): void {
    this.#sender?.send(Buffer.from(text));
  }
}
