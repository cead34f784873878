/**
 * Own sequence numbers that are used at most once, whatever happens to the process: a block is on the disk as used
 * before its first number is handed out, so a crash skips numbers and never repeats one.
 *
 * Not covered: a state directory that is set back (a restored backup, a cloned machine), and two machines that
 * share key, role, mux and sender id.
 */
import { randomInt } from "node:crypto";
import { fingerprint } from "./sequence-identity.js";
import { firstPosition, later, takeRange } from "./sequence-space.js";
import { StateFile } from "./state-file.js";
export class SequenceStore {
  #space;
  #file;
  /** The first number that this process has not seen reserved: a file that was set back is not followed. */
  #position;
  constructor(space, file, position) {
    this.#space = space;
    this.#file = file;
    this.#position = position;
  }
  /** @throws AnytunError `state` when the numbers cannot be kept */
  static open(options) {
    const { dir, identity, lock, log, cluster = false, random = randomInt } = options;
    const kept = dir !== "none";
    const space = { baseSenderId: identity.senderId, cluster, kept, random };
    if (kept) {
      const file = StateFile.open(dir, fingerprint(identity), () => firstPosition(space), lock);
      return new SequenceStore(space, file, { epoch: 0, next: 0 });
    }
    if (identity.kdPrf !== "null") {
      log.warning("used sequence numbers are not kept (--state-dir none): a restart may repeat keystreams");
    }
    return new SequenceStore(space, undefined, firstPosition(space));
  }
  /** The file in use; absent when nothing is kept. */
  get path() {
    return this.#file?.path;
  }
  /**
   * Reserves up to `count` numbers, fewer at the end of an epoch, at least one. Blocks until that is on the disk.
   * @throws AnytunError `state` or `sequence-exhausted`; no number is handed out then
   */
  reserve(count) {
    const take = (position) => {
      const { range, next } = takeRange(this.#space, later(position, this.#position), count);
      this.#position = next;
      return { next, result: range };
    };
    return this.#file === undefined ? take(this.#position).result : this.#file.update(take);
  }
  /** Idempotent. */
  close() {
    this.#file?.close();
  }
}
//# sourceMappingURL=sequence-store.js.map
