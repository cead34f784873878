/** The life of the daemon between its start and the exit status: signals, the first fatal error, a bounded end. */
import type { Daemon } from "../daemon/daemon.ts";
import type { Logger } from "../log/logger.ts";

/** Names as the log has always shown them. */
declare const STOP_SIGNALS: {
  readonly SIGINT: "SIG-Int";
  readonly SIGQUIT: "SIG-Quit";
  readonly SIGTERM: "SIG-Term";
};
declare const OTHER_SIGNALS: {
  readonly SIGHUP: "SIG-Hup";
  readonly SIGUSR1: "SIG-Usr1";
  readonly SIGUSR2: "SIG-Usr2";
};
type HandledSignal = keyof typeof STOP_SIGNALS | keyof typeof OTHER_SIGNALS;
/** Where signals come from; `process` is one. */
export interface SignalSource {
  on(signal: HandledSignal, listener: () => void): unknown;
  off(signal: HandledSignal, listener: () => void): unknown;
}
export interface Supervision {
  /** Starts the daemon; undefined when `signal` aborted before it was up. */
  readonly start: (signal: AbortSignal) => Promise<Daemon | undefined>;
  readonly log: Logger;
  readonly signals: SignalSource;
  /** Takes the one line about a fatal error for those who do not read the log. */
  readonly complain: (text: string) => void;
  readonly closeTimeoutMs?: number;
}
/** Runs the daemon to its end and returns the status of the process; never rejects. */
export declare function supervise(supervision: Supervision): Promise<number>;
/** The log line of the original and one plain line for the caller. */
export declare function fatal(error: unknown, { log, complain }: Pick<Supervision, "log" | "complain">): void;
