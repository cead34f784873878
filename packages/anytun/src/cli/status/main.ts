/** `anytun status` with the terminal, the signals and the user of this process. */
import { runDirs } from "../../config/status-socket.ts";
import { systemClock } from "../../daemon/clock.ts";
import { EXIT_OK } from "../exit-status.ts";
import { screenSize } from "../screen-size.ts";
import { type StatusScreen, showStatus } from "./command.ts";
import { coloured, plain } from "./render.ts";
import { parseStatusWish, STATUS_USAGE } from "./wish.ts";

const CLEAR_SCREEN = "\x1b[2J";
const HOME = "\x1b[H";
const CLEAR_LINE_END = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
/** A long line is cut: on a second row it would push the others away. */
const WRAP_OFF = "\x1b[?7l";
const WRAP_ON = "\x1b[?7h";

/**
 * @param words behind `status`
 * @returns the exit status
 * @throws UsageError
 */
export async function status(words: readonly string[], complain: (text: string) => void): Promise<number> {
  const wish = parseStatusWish(words);
  const { stdout } = process;
  if (wish === "help") {
    stdout.write(STATUS_USAGE);
    return EXIT_OK;
  }
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  stdout.on("error", () => stop.abort());
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
  // what the reader has not taken would be lost at the end of the process
  const write = (text: string): Promise<void> =>
    Promise.race([new Promise<void>((resolve) => void stdout.write(text, () => resolve())), stopped]);
  return showStatus(wish, {
    dirs: runDirs({ uid: process.geteuid?.() ?? 0, variables: process.env }),
    screen: screenOf(stdout, write, complain),
    stopped: stop.signal,
    sleep: (ms) => systemClock.sleep(ms, stop.signal),
  });
}

function screenOf(
  stdout: typeof process.stdout,
  write: (text: string) => Promise<void>,
  complain: (text: string) => void,
): StatusScreen {
  const hasColours = stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb";
  let isDrawn = false;
  const redraw = (lines: readonly string[]): Promise<void> => {
    const shown = lines.slice(0, Math.max(1, screenSize(stdout).rows - 1));
    const start = isDrawn ? HOME : `${CLEAR_SCREEN}${HOME}`;
    const text = shown.map((line) => `${line}${CLEAR_LINE_END}\n`).join("");
    isDrawn = true;
    return write(`${WRAP_OFF}${start}${text}${CLEAR_BELOW}${WRAP_ON}`);
  };
  return {
    paint: hasColours ? coloured : plain,
    redraw: stdout.isTTY ? redraw : undefined,
    print: write,
    complain,
  };
}
