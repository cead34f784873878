import { errorText } from "../error-text.js";
import { EXIT_FAILURE, EXIT_OK } from "./exit-status.js";

/** Names as the log has always shown them. */
const STOP_SIGNALS = { SIGINT: "SIG-Int", SIGQUIT: "SIG-Quit", SIGTERM: "SIG-Term" };
const OTHER_SIGNALS = { SIGHUP: "SIG-Hup", SIGUSR1: "SIG-Usr1", SIGUSR2: "SIG-Usr2" };
/** Longer than the grace of a post-up script. */
const CLOSE_TIMEOUT_MS = 10_000;
/** Runs the daemon to its end and returns the status of the process; never rejects. */
export async function supervise(supervision) {
  const { start, log, signals, closeTimeoutMs = CLOSE_TIMEOUT_MS } = supervision;
  const stop = new AbortController();
  const stopped = new Promise((resolve) => {
    stop.signal.addEventListener("abort", () => resolve("stop"), { once: true });
  });
  let force = () => undefined;
  const forced = new Promise((resolve) => {
    force = resolve;
  });
  let daemon;
  const release = listen(signals, {
    stop: (name) => {
      log.notice(`${name} caught, exiting`);
      if (stop.signal.aborted) force(EXIT_FAILURE);
      else stop.abort();
    },
    other: (name) => {
      log.notice(`${name} caught`);
      if (name === OTHER_SIGNALS.SIGUSR1) void logReport(daemon, log);
    },
  });
  const run = async () => {
    try {
      daemon = await start(stop.signal);
      if (daemon === undefined) return EXIT_OK;
      await Promise.race([daemon.closed, stopped]);
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
export function fatal(error, { log, complain }) {
  const text = errorText(error);
  log.error(`uncaught runtime error, exiting: ${text}`);
  complain(text);
}
function listen(source, on) {
  const listeners = [
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
async function logReport(daemon, log) {
  try {
    for (const line of (await daemon?.report()) ?? []) log.notice(line);
  } catch (error) {
    log.warning(`the counters are not available: ${errorText(error)}`);
  }
}
/** Resolves only when the end takes too long. */
function afterDeadline(ms, running, log) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      log.error(`the end takes longer than ${ms / 1000} sec., giving up`);
      resolve(EXIT_FAILURE);
    }, ms);
    void running.then(() => clearTimeout(timer));
  });
}
//# sourceMappingURL=supervise.js.map
