import type { SequencePosition } from "./sequence-space.ts";
/** flock(2) without waiting. */
export interface FileLock {
  /** False when somebody else holds it. */
  lockFile(fd: number): boolean;
  unlockFile(fd: number): void;
}
export declare class StateFile {
  #private;
  readonly path: string;
  private constructor();
  /**
   * Opens the file of this fingerprint, or makes it with `first` in it.
   * @throws AnytunError `state` naming path, system call and errno
   */
  static open(dir: string, fingerprint: string, first: () => SequencePosition, lock: FileLock): StateFile;
  /**
   * Reads the position, stores what `change` makes of it and returns when that is on the disk. Nobody else's change
   * comes in between.
   * @throws AnytunError `state`; and whatever `change` throws, with nothing stored
   */
  update<T>(
    change: (position: SequencePosition) => {
      readonly next: SequencePosition;
      readonly result: T;
    },
  ): T;
  /** Idempotent. */
  close(): void;
}
