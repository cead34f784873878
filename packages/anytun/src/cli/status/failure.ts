/** What ends a command that asks a daemon: nobody is there, or somebody who does not answer. */
import { quoted } from "../../errors.ts";
import type { Answers } from "../../status/ask-daemons.ts";
import { socketName } from "../../status/socket-path.ts";

/** A daemon is there and cannot be asked. */
export const EXIT_UNAVAILABLE = 1;
/** As init scripts say it: the program is not running. */
export const EXIT_NOT_RUNNING = 3;

/**
 * The status to end with when nobody answers, after the line that says so.
 * @param name that was asked for; absent = all were
 */
export function failureOf(
  command: string,
  name: string | undefined,
  found: Answers,
  complain: (text: string) => void,
): number | undefined {
  const answers = [...found];
  if (answers.some(([, answer]) => "daemon" in answer)) return undefined;
  for (const [path, answer] of answers) {
    if ("daemon" in answer || answer.reason === "not-running") continue;
    complain(`${command} ${quoted(socketName(path))}: ${answer.text}`);
    return EXIT_UNAVAILABLE;
  }
  complain(
    name === undefined ? `${command}: no daemon is running` : `${command} ${quoted(name)}: no such daemon is running`,
  );
  return EXIT_NOT_RUNNING;
}
