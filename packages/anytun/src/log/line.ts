/**
 * How a line of the log is laid out: the original's `2026-Nov-22 06:40:00 NOTICE: text` in local time with English month,
 * or JSON for collectors. The system log has a layout of its own.
 */
import type { LogLevel } from "./level.ts";

/** What `--log-format` takes. */
export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

const LEVEL_NAMES: Readonly<Record<LogLevel, string>> = {
  1: "ERROR",
  2: "WARNING",
  3: "NOTICE",
  4: "INFO",
  5: "DEBUG",
};

/**
 * @param time milliseconds since the epoch
 * @returns the line with its newline
 */
export type FormatLine = (time: number, level: LogLevel, text: string) => string;

/** The layout of files and streams. */
export const formatLine: FormatLine = (time, level, text) =>
  `${formatTime(new Date(time))} ${LEVEL_NAMES[level]}: ${printable(text)}\n`;

/** One JSON object a line: `time` (ISO 8601 with milliseconds and zone), `level` in lower case, `pid`, `text`. */
export function jsonLines(pid: number): FormatLine {
  return (time, level, text) => {
    const entry = { time: isoTime(new Date(time)), level: LEVEL_NAMES[level].toLowerCase(), pid, text };
    // JSON escapes the lower control characters; the upper ones steer terminals too
    const line = JSON.stringify(entry).replace(
      /[\x7f-\x9f]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    return `${line}\n`;
  };
}

/** `Nov  2 06:40:00`, as syslog(3) writes it (RFC 3164 section 4.1.2). */
export function syslogTime(date: Date): string {
  return `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${formatClock(date)}`;
}

function formatTime(date: Date): string {
  return `${date.getFullYear()}-${MONTHS[date.getMonth()]}-${two(date.getDate())} ${formatClock(date)}`;
}

function formatClock(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function isoTime(date: Date): string {
  // the zone is counted the other way round, in minutes
  const zone = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + zone * 60_000).toISOString().slice(0, -1);
  const distance = Math.abs(zone);
  return `${local}${zone < 0 ? "-" : "+"}${two(Math.floor(distance / 60))}:${two(Math.floor(distance % 60))}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

/**
 * Text from outside (host names, script output) must not forge lines or steer a terminal:
 * control characters other than the tab are shown as `\xNN`.
 */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
