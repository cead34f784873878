/** One log line in the original's layout: `2026-Nov-22 06:40:00 NOTICE: text`, local time, English month. */
import type { LogLevel } from "./level.ts";
/**
 * @param time milliseconds since the epoch
 * @returns the line with its newline
 */
export declare function formatLine(time: number, level: LogLevel, text: string): string;
/**
 * Text from outside (host names, script output) must not forge lines or steer a terminal:
 * control characters other than the tab are shown as `\xNN`.
 */
export declare function printable(text: string): string;
