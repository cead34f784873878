import type { Config } from "../config/config.ts";
import type { Logger } from "../log/logger.ts";
/** A running tunnel. */
export interface Daemon {
  /** Rejects with the first fatal error, resolves after `close()`. */
  readonly closed: Promise<void>;
  /** Counters as log lines; empty once the daemon has ended. */
  report(): Promise<string[]>;
  /** Ends the tunnel and everything that belongs to it. Idempotent. */
  close(): Promise<void>;
}
/**
 * Starts a tunnel and returns when it carries packets (to a peer whose name is still being resolved, as soon as it is).
 * @param signal ends the start when a name of this host cannot be resolved
 * @throws AnytunError, TunNativeError; nothing stays open then
 */
export declare function startDaemon(config: Config, log: Logger, signal: AbortSignal): Promise<Daemon | undefined>;
