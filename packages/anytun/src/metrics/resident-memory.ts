import { closeSync, openSync, readSync } from "node:fs";

/** The kernel's page about this process, kept open: in a jail there is no /proc to look it up in. */
export class ResidentMemory {
  readonly #fd: number | undefined = openStatus();
  #isOpen = true;

  /** Undefined where the kernel does not tell. */
  get bytes(): number | undefined {
    if (this.#fd === undefined || !this.#isOpen) return undefined;
    const page = Buffer.alloc(8192);
    const length = readSync(this.#fd, page, 0, page.length, 0);
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(page.toString("latin1", 0, length)) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  }

  /** Idempotent. */
  close(): void {
    if (this.#fd !== undefined && this.#isOpen) closeSync(this.#fd);
    this.#isOpen = false;
  }
}

function openStatus(): number | undefined {
  try {
    return openSync("/proc/self/status", "r");
  } catch {
    return undefined;
  }
}
