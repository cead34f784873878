/** Which way of telling fits: what was asked for, else a live line on a terminal, else the original's text. */
import { isatty } from "node:tty";
import { LiveProgress } from "../progress/live-line.ts";
import { PlainProgress } from "../progress/plain-text.ts";
import { JsonProgress, type Progress, QuietProgress } from "../progress/progress.ts";
import { VerboseProgress } from "../progress/verbose-lines.ts";
import type { Config } from "./config.ts";
import { writeError } from "./standard-error.ts";

const STDERR = 2;
const USUAL_COLUMNS = 80;

export function chooseProgress({ telling, subject }: Config, encoding: "utf8" | "latin1"): Progress {
  const write = (text: string): void => writeError(text, encoding);
  const now = (): number => performance.now();
  switch (telling) {
    case "json":
      return new JsonProgress(write, subject);
    case "quiet":
      return new QuietProgress(write);
    case "verbose":
      return new VerboseProgress(write, subject, now);
    case "auto": {
      const { TERM, NO_COLOR } = process.env;
      if (!isatty(STDERR) || TERM === "dumb" || encoding !== "utf8") return new PlainProgress(write, subject);
      const columns = process.stderr.columns ?? USUAL_COLUMNS;
      const hasColour = NO_COLOR === undefined || NO_COLOR === "";
      const every = (ms: number, run: () => void): (() => void) => {
        const timer = setInterval(run, ms).unref();
        return () => clearInterval(timer);
      };
      return new LiveProgress({ write, columns, hasColour, now, every }, subject);
    }
  }
}
