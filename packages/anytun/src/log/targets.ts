/** Opens what `-L` asked for. Streams are lent by the command line, everything else is opened and owned here. */
import { fileTarget, type OpenFile } from "./file-target.ts";
import { type FormatLine, formatLine, jsonLines, type LogFormat } from "./line.ts";
import { createLog, type LogTarget, type OpenLog, type WallClock } from "./logger.ts";
import { type ConnectSyslog, syslogTarget } from "./syslog-target.ts";
import type { LogTargetSpec, SyslogSpec } from "./target-spec.ts";

/** The part of a process stream that a log needs. */
export interface LogStream {
  write(text: string): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** What logs go to and what their lines say of the process. */
export interface LogOutputs {
  readonly stdout: LogStream;
  readonly stderr: LogStream;
  /** Layout of streams and files. */
  readonly format: LogFormat;
  readonly pid: number;
  readonly openFile: OpenFile;
  readonly connectSyslog: ConnectSyslog;
  /** Takes one line for the user when the system log is not there. */
  readonly complain: (text: string) => void;
}

/**
 * Opens all targets in order.
 * @throws AnytunError `log` naming the file that cannot be opened; what was open by then is closed
 */
export function openTargets(specs: readonly LogTargetSpec[], outputs: LogOutputs): LogTarget[] {
  const format = outputs.format === "json" ? jsonLines(outputs.pid) : formatLine;
  const targets: LogTarget[] = [];
  try {
    for (const spec of specs) targets.push(openTarget(spec, outputs, format));
  } catch (error) {
    for (const target of targets) target.close();
    throw error;
  }
  return targets;
}

/** A log of these targets. @throws AnytunError `log` */
export function openLog(specs: readonly LogTargetSpec[], outputs: LogOutputs, now: WallClock = Date.now): OpenLog {
  return createLog(openTargets(specs, outputs), now);
}

function openTarget(spec: LogTargetSpec, outputs: LogOutputs, format: FormatLine): LogTarget {
  switch (spec.type) {
    case "stdout":
    case "stderr":
      return streamTarget(outputs[spec.type], spec.level, format);
    case "file":
      return fileTarget(spec.path, spec.level, format, outputs.openFile);
    case "syslog":
      return openSyslog(spec, outputs, format);
  }
}

function openSyslog(spec: SyslogSpec, outputs: LogOutputs, format: FormatLine): LogTarget {
  const { level, ident, facility } = spec;
  const target = syslogTarget({ level, ident, facility, pid: outputs.pid }, outputs.connectSyslog);
  if (target.problem === undefined || level === 0) return target;
  const then = spec.orStderr ? "logging to stderr" : "trying again every second";
  outputs.complain(`the system log is not there (${target.problem}), ${then}`);
  if (!spec.orStderr) return target;
  target.close();
  return streamTarget(outputs.stderr, level, format);
}

/** A reader that goes away (EPIPE) silences the target and nothing else. */
function streamTarget(stream: LogStream, level: number, format: FormatLine): LogTarget {
  let alive = true;
  stream.on("error", () => {
    alive = false;
  });
  return {
    level,
    write: (time, lineLevel, text) => {
      if (alive) stream.write(format(time, lineLevel, text));
    },
    close: () => undefined,
  };
}
