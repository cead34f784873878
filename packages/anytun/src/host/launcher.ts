/** In the background: the process that started this one and waits. */
import { closeSync, openSync, writeSync } from "node:fs";
import { replaceStandardStreams } from "tun-native";
import { AnytunError } from "../errors.ts";

/** Its streams are this process's until it is told that the tunnel is up. */
export class Launcher {
  readonly #fd: number;
  /** Opened while there is one: a jail has no /dev. */
  readonly #null: number;
  #isTold = false;

  /** @param fd of the pipe that it reads */
  constructor(fd: number) {
    this.#fd = fd;
    this.#null = openSync("/dev/null", "r+");
  }

  /** The tunnel is up. @throws AnytunError `start` when nobody waits any more */
  release(): void {
    replaceStandardStreams(this.#null);
    closeSync(this.#null);
    if (this.tell(0)) return;
    throw new AnytunError("start", "the process that started the daemon was killed before the tunnel was up");
  }

  /**
   * The exit status that it ends with; later calls change nothing.
   * @returns false when nobody waits any more
   */
  tell(status: number): boolean {
    if (this.#isTold) return true;
    this.#isTold = true;
    try {
      writeSync(this.#fd, Uint8Array.of(status));
      return true;
    } catch {
      return false;
    } finally {
      closeSync(this.#fd);
    }
  }
}
