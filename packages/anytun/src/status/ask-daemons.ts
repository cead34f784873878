/** Asks several daemons, or the one with a name. */
import { askDaemon, type DaemonAnswer, type NoAnswer } from "./ask-daemon.ts";
import { allSockets, socketPaths } from "./find-daemons.ts";
import { PROTOCOL_VERSION, type StatusRequest } from "./protocol.ts";

/** Answers by path. */
export type Answers = ReadonlyMap<string, DaemonAnswer | NoAnswer>;

/** @param name of a tunnel or its interface, or the path of a status socket */
export async function askNamed(name: string, dirs: readonly string[], peers: StatusRequest["peers"]): Promise<Answers> {
  const named = await askAll(socketPaths(name, dirs), peers);
  const isThere = [...named.values()].some((answer) => "daemon" in answer || answer.reason !== "not-running");
  if (isThere || name.includes("/")) return named;
  // a tunnel with a name of its own is found by its interface too
  const all = await askAll(allSockets(dirs), 0);
  const paths = [...all].flatMap(([path, answer]) =>
    "daemon" in answer && answer.daemon.device.name === name ? [path] : [],
  );
  return askAll(paths, peers);
}

export async function askAll(paths: readonly string[], peers: StatusRequest["peers"]): Promise<Answers> {
  const request: StatusRequest = { version: PROTOCOL_VERSION, peers };
  return new Map(await Promise.all(paths.map(async (path) => [path, await askDaemon(path, request)] as const)));
}
