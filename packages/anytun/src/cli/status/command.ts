/** `anytun status`: asks the running daemons and shows what they say, once or again and again. */
import { type Answers, askAll, askNamed } from "../../status/ask-daemons.ts";
import { allSockets } from "../../status/find-daemons.ts";
import { PROTOCOL_VERSION } from "../../status/protocol.ts";
import { type RatedDaemon, withRates } from "../../status/rates.ts";
import { EXIT_OK } from "../exit-status.ts";
import { failureOf } from "./failure.ts";
import { daemonLines, overviewLines, type Paint } from "./render.ts";
import type { StatusWish } from "./wish.ts";

/** Where the answers go. */
export interface StatusScreen {
  readonly paint: Paint;
  /** Shows everything anew in place of what was shown before; for a terminal. */
  readonly redraw: ((lines: readonly string[]) => Promise<void>) | undefined;
  /** Resolves when the reader took it, or nobody reads any more. */
  print(text: string): Promise<void>;
  complain(text: string): void;
}

export interface StatusEnvironment {
  /** Directories in which status sockets are looked for. */
  readonly dirs: readonly string[];
  readonly screen: StatusScreen;
  /** Resolves after so long, or at once when nobody wants more. */
  sleep(ms: number): Promise<void>;
  /** Nobody wants more. */
  readonly stopped: { readonly aborted: boolean };
}

/** Returns the exit status; never rejects. */
export async function showStatus(wish: StatusWish, environment: StatusEnvironment): Promise<number> {
  let before = await look(wish, environment.dirs);
  const failure = failureOf("status", wish.name, before, environment.screen.complain);
  if (failure !== undefined) return failure;
  if (wish.watch || wish.intervalSeconds === 0) await show(before, undefined, wish, environment.screen);
  while (wish.watch || wish.intervalSeconds > 0) {
    await environment.sleep(wish.intervalSeconds * 1000);
    if (environment.stopped.aborted) return EXIT_OK;
    const now = await look(wish, environment.dirs);
    if (environment.stopped.aborted) return EXIT_OK;
    if (!wish.watch) {
      const ended = failureOf("status", wish.name, now, environment.screen.complain);
      if (ended !== undefined) return ended;
    }
    await show(now, before, wish, environment.screen);
    if (!wish.watch) break;
    before = now;
  }
  return EXIT_OK;
}

function look({ name, peers }: StatusWish, dirs: readonly string[]): Promise<Answers> {
  // one line a daemon: with one peer its state is shown
  return name === undefined ? askAll(allSockets(dirs), 1) : askNamed(name, dirs, peers);
}

function show(now: Answers, before: Answers | undefined, wish: StatusWish, screen: StatusScreen): Promise<void> {
  const daemons = [...now].flatMap(([path, answer]): RatedDaemon[] => {
    if (!("daemon" in answer)) return [];
    const earlier = before?.get(path);
    return [withRates(answer, earlier !== undefined && "daemon" in earlier ? earlier : undefined)];
  });
  if (wish.json) {
    return screen.print(`${JSON.stringify(jsonOf(daemons, wish))}\n`);
  }
  const [first] = daemons;
  const lines =
    first === undefined
      ? [`${wish.name ?? "no daemon"}: not running`]
      : wish.name === undefined
        ? overviewLines(daemons, screen.paint)
        : daemonLines(first, screen.paint);
  if (wish.watch && screen.redraw !== undefined) return screen.redraw(lines);
  return screen.print(`${lines.join("\n")}\n${wish.watch ? "\n" : ""}`);
}

function jsonOf(daemons: readonly RatedDaemon[], { name }: StatusWish): object {
  const version = { schema_version: PROTOCOL_VERSION };
  if (name === undefined) return { ...version, daemons };
  return { ...version, ...(daemons[0] ?? { name, running: false }) };
}
