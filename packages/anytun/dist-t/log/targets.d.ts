import { type OpenLog, type WallClock } from "./logger.ts";
import type { LogTargetSpec } from "./target-spec.ts";
/** The part of a process stream that a log needs. */
export interface LogStream {
  write(text: string): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}
export interface LogStreams {
  readonly stdout: LogStream;
  readonly stderr: LogStream;
}
/**
 * Opens all targets in order.
 * @throws AnytunError `log` naming the file that cannot be opened; what was open by then is closed
 */
export declare function openLog(specs: readonly LogTargetSpec[], streams: LogStreams, now?: WallClock): OpenLog;
