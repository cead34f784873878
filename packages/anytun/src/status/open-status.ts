/** Opens the status socket of a starting daemon at the place that its configuration names. */
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { MAX_SOCKET_PATH_BYTES } from "../config/status-socket.ts";
import type { FileLock } from "../daemon/state-file.ts";
import { errorText } from "../error-text.ts";
import { AnytunError } from "../errors.ts";
import type { Logger } from "../log/logger.ts";
import { claimSocket, socketName } from "./socket-path.ts";
import { type Answer, StatusServer } from "./status-server.ts";

export interface OpenStatusOptions {
  readonly socket: Config["statusSocket"];
  /** The number of a group; undefined when there is none of this name. */
  findGroup(name: string): number | undefined;
  /** What the daemon is called unless the path says otherwise. */
  readonly name: string;
  readonly pid: number;
  readonly lock: FileLock;
  readonly log: Logger;
  /** @param name by which the daemon is asked */
  answer(name: string): Answer;
}

/**
 * A path that was asked for must be free, and a group be there; a place chosen by ourselves is no reason not to start.
 * @returns the server, for the caller to close; undefined when there is none
 * @throws AnytunError `start`
 */
export async function openStatus(options: OpenStatusOptions): Promise<StatusServer | undefined> {
  const { socket, name, pid, log } = options;
  if (socket === undefined) return undefined;
  const gid = socket.group === undefined ? undefined : options.findGroup(socket.group);
  if (socket.group !== undefined && gid === undefined) {
    throw new AnytunError("start", `--status-group ${socket.group}: unknown group`);
  }
  if ("path" in socket) {
    const server = await claim(socket.path, options, gid);
    if (server !== undefined) return server;
    throw new AnytunError("start", `--status-socket ${socket.path}: another daemon answers there`);
  }
  try {
    // two interfaces may have the same name, in network namespaces of their own
    for (const one of [name, `${name}-${pid}`]) {
      const server = await claim(join(socket.dir, `${one}.sock`), options, gid);
      if (server !== undefined) return server;
    }
    throw new AnytunError("start", `status socket ${name}: another daemon answers there`);
  } catch (error) {
    log.warning(`anytun status will not find this daemon: ${errorText(error)}`);
    return undefined;
  }
}

async function claim(
  path: string,
  { lock, log, answer }: OpenStatusOptions,
  gid: number | undefined,
): Promise<StatusServer | undefined> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new AnytunError("start", `status socket ${path}: longer than ${MAX_SOCKET_PATH_BYTES} bytes`);
  }
  const server = new StatusServer(answer(socketName(path)), log);
  if (await claimSocket(path, lock, () => server.listen(path), gid)) {
    log.info(`status socket: ${path}`);
    return server;
  }
  return undefined;
}
