import type { Logger } from "../log/logger.ts";
export interface PostUpOptions {
  readonly script: string;
  readonly device: string;
  /** Second argument of the script; the first is the device. */
  readonly node: string;
  readonly log: Logger;
  /** After so long the script is told to end. */
  readonly timeoutMs?: number;
  /** After SIGTERM and so long again it is killed. */
  readonly graceMs?: number;
}
export interface PostUpScript {
  /** Resolves when the script has ended; never rejects. */
  readonly ended: Promise<void>;
  /** Ends a script that still runs. Idempotent. */
  close(): Promise<void>;
}
export declare function startPostUp(options: PostUpOptions): PostUpScript;
