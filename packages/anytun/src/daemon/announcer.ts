/**
 * Tells whoever announces the address of this node (a BGP speaker, a load balancer) that it can be reached, and that it
 * cannot any more: `SCRIPT announce|withdraw DEVICE`, one call after the other.
 */
import type { Logger } from "../log/logger.ts";

export interface AnnouncerOptions {
  /** Absent = nobody is told. */
  readonly script: string | undefined;
  readonly device: string;
  readonly log: Logger;
}

/** Together shorter than the end of a daemon may take. */
const TIMEOUT_MS = 5_000;
const GRACE_MS = 1_000;

type Word = "announce" | "withdraw";

export class Announcer {
  readonly #options: AnnouncerOptions;
  #script: string | undefined;
  #last: Word = "withdraw";
  #calls: Promise<void> = Promise.resolve();

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#script = options.script;
  }

  /** Resolves when the script has ended; never rejects, and neither does `withdraw`. */
  announce(): Promise<void> {
    return this.#say("announce");
  }

  /** Nothing happens unless the last word was `announce`. */
  withdraw(): Promise<void> {
    return this.#say("withdraw");
  }

  /** Another one from now on: what the old one announced it withdraws, and the new one announces it. */
  setScript(script: string | undefined): void {
    if (script === this.#script) return;
    const isAnnounced = this.#last === "announce";
    if (isAnnounced) void this.withdraw();
    this.#script = script;
    if (isAnnounced) void this.announce();
  }

  #say(word: Word): Promise<void> {
    if (word !== this.#last) {
      this.#last = word;
      const script = this.#script;
      if (script !== undefined) this.#calls = this.#calls.then(() => this.#call(script, word));
    }
    return this.#calls;
  }

  async #call(script: string, word: Word): Promise<void> {
    const { device, log } = this.#options;
    // loaded when it is needed: most nodes have no script
    const { startScript } = await import("./script.ts");
    const call = {
      kind: "announce",
      script,
      args: [word, device],
      log,
      timeoutMs: TIMEOUT_MS,
      graceMs: GRACE_MS,
    } as const;
    if ((await startScript(call).ended) === 0) return;
    log.warning(`script '${script}' failed to ${word} this node`);
  }
}
