/** The life of the daemon between its start and the exit status: signals, the first fatal error, a bounded end. */
import type { Daemon } from "../daemon/daemon.ts";
import { errorText } from "../error-text.ts";
import type { Logger, OpenLog } from "../log/logger.ts";
import { EXIT_FAILURE, EXIT_OK } from "./exit-status.ts";

/** Names as the log has always shown them. */
const STOP_SIGNALS = { SIGINT: "SIG-Int", SIGQUIT: "SIG-Quit", SIGTERM: "SIG-Term" } as const;
const OTHER_SIGNALS = { SIGHUP: "SIG-Hup", SIGUSR1: "SIG-Usr1", SIGUSR2: "SIG-Usr2" } as const;

/** Longer than the grace of a post-up script. */
const CLOSE_TIMEOUT_MS = 10_000;
const BURST_MS = 300;

type HandledSignal = keyof typeof STOP_SIGNALS | keyof typeof OTHER_SIGNALS;

/** Where signals come from; `process` is one. */
export interface SignalSource {
  on(signal: HandledSignal, listener: () => void): unknown;
  off(signal: HandledSignal, listener: () => void): unknown;
}

/** What runs until it is closed: the daemon, or anytun-controld. */
export type Supervised = Pick<Daemon, "closed" | "report" | "close">;

export interface Supervision {
  /** Starts it; undefined when `signal` aborted before it was up. */
  readonly start: (signal: AbortSignal) => Promise<Supervised | undefined>;
  readonly log: Omit<OpenLog, "close">;
  readonly signals: SignalSource;
  /** Takes the one line about a fatal error for those who do not read the log. */
  readonly complain: (text: string) => void;
  /** SIGHUP, once log files were reopened; only while there is a daemon. */
  readonly reload?: () => void;
  /** The end begins. */
  readonly stopping?: () => void;
  readonly closeTimeoutMs?: number;
  /** Signals to stop that follow the first so soon are part of it: `timeout` and terminals send them twice. */
  readonly burstMs?: number;
}

/** Runs the daemon to its end and returns the status of the process; never rejects. */
export async function supervise(supervision: Supervision): Promise<number> {
  const { start, log, signals, closeTimeoutMs = CLOSE_TIMEOUT_MS, burstMs = BURST_MS } = supervision;
  const stop = new AbortController();
  const stopped = new Promise<"stop">((resolve) => {
    stop.signal.addEventListener("abort", () => resolve("stop"), { once: true });
  });
  let force: (status: number) => void = () => undefined;
  const forced = new Promise<number>((resolve) => {
    force = resolve;
  });
  let daemon: Supervised | undefined;
  let burstEnd = Number.NEGATIVE_INFINITY;
  let isReportDue = false;
  const report = (): void => {
    // asked during the start: as soon as there is something to tell
    isReportDue = daemon === undefined;
    if (daemon !== undefined) void logReport(daemon, log);
  };
  const release = listen(signals, {
    stop: (name) => {
      if (performance.now() < burstEnd) return;
      log.notice(`${name} caught, exiting`);
      if (stop.signal.aborted) force(EXIT_FAILURE);
      burstEnd = performance.now() + burstMs;
      stop.abort();
    },
    other: (name) => {
      log.notice(`${name} caught`);
      if (name === OTHER_SIGNALS.SIGHUP) {
        log.reopen();
        if (daemon !== undefined) supervision.reload?.();
      } else if (name === OTHER_SIGNALS.SIGUSR1) report();
      else log.notice(`debug lines are ${log.toggleDebug() ? "on" : "off"}`);
    },
  });
  const run = async (): Promise<number> => {
    try {
      daemon = await start(stop.signal);
      if (daemon === undefined) return EXIT_OK;
      if (isReportDue) report();
      await Promise.race([daemon.closed, stopped]);
      supervision.stopping?.();
      await daemon.close();
      return EXIT_OK;
    } catch (error) {
      fatal(error, supervision);
      await daemon?.close().catch(() => undefined);
      return EXIT_FAILURE;
    }
  };
  const running = run();
  const deadline = stopped.then(() => afterDeadline(closeTimeoutMs, running, log));
  const status = await Promise.race([running, forced, deadline]);
  release();
  return status;
}

/** The log line of the original and one plain line for the caller. */
export function fatal(error: unknown, { log, complain }: { log: Logger; complain: (text: string) => void }): void {
  const text = errorText(error);
  log.error(`uncaught runtime error, exiting: ${text}`);
  complain(text);
}

function listen(source: SignalSource, on: { stop: (name: string) => void; other: (name: string) => void }): () => void {
  const listeners: [HandledSignal, () => void][] = [
    ["SIGINT", () => on.stop(STOP_SIGNALS.SIGINT)],
    ["SIGQUIT", () => on.stop(STOP_SIGNALS.SIGQUIT)],
    ["SIGTERM", () => on.stop(STOP_SIGNALS.SIGTERM)],
    ["SIGHUP", () => on.other(OTHER_SIGNALS.SIGHUP)],
    ["SIGUSR1", () => on.other(OTHER_SIGNALS.SIGUSR1)],
    ["SIGUSR2", () => on.other(OTHER_SIGNALS.SIGUSR2)],
  ];
  for (const [signal, listener] of listeners) source.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) source.off(signal, listener);
  };
}

async function logReport(daemon: Supervised, log: Logger): Promise<void> {
  try {
    for (const line of await daemon.report()) log.notice(line);
  } catch (error) {
    log.warning(`the counters are not available: ${errorText(error)}`);
  }
}

/** Resolves only when the end takes too long. */
function afterDeadline(ms: number, running: Promise<number>, log: Logger): Promise<number> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      log.error(`the end takes longer than ${ms / 1000} sec., giving up`);
      resolve(EXIT_FAILURE);
    }, ms);
    void running.then(() => clearTimeout(timer));
  });
}
