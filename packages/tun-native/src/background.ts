import { Descriptor } from "./descriptor.ts";
import { argumentError } from "./errors.ts";
import { loadBinding } from "./load-binding.ts";
import { check } from "./system-error.ts";

export interface DetachedProcess {
  /** Absolute path of the program. */
  readonly path: string;
  /** Its words, the first being its name. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Descriptors that it gets under the same numbers, besides the standard ones. */
  readonly keep: readonly number[];
}

/**
 * Starts a program that is nobody's child: in a session of its own that it does not lead, so that it never gets a
 * terminal. Standard streams, working directory and umask are the caller's.
 * @returns its process id, once it runs
 * @throws TunNativeError of fork or execve
 */
export function spawnDetached({ path, words, environment, keep }: DetachedProcess): number {
  const variables = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  const pid = loadBinding().spawnDetached(
    path,
    block("word", words),
    block("variable", variables),
    Int32Array.from(keep),
  );
  return check(pid, "execve", path);
}

/** A file in memory, without a name. The owner of the number is the calling thread until `closeDescriptor`. */
export class MemoryFile {
  readonly #descriptor: Descriptor;

  /** @throws TunNativeError */
  constructor(name: string) {
    this.#descriptor = new Descriptor(check(loadBinding().createMemoryFile(name), "memfd_create", name), name);
  }

  get fd(): number {
    return this.#descriptor.fd;
  }

  /** Idempotent. */
  close(): void {
    this.#descriptor.close();
  }
}

/** A pipe whose ends no child inherits by accident. */
export class Pipe {
  readonly #reader: Descriptor;
  readonly #writer: Descriptor;

  /** @throws TunNativeError */
  constructor() {
    const ends = new Int32Array(2);
    check(loadBinding().createPipe(ends), "pipe2", "pipe");
    const [reader = -1, writer = -1] = ends;
    this.#reader = new Descriptor(reader, "pipe");
    this.#writer = new Descriptor(writer, "pipe");
  }

  get readFd(): number {
    return this.#reader.fd;
  }

  get writeFd(): number {
    return this.#writer.fd;
  }

  closeReader(): void {
    this.#reader.close();
  }

  closeWriter(): void {
    this.#writer.close();
  }
}

/** Puts another file in the place of standard input, output and error. @throws TunNativeError */
export function replaceStandardStreams(fd: number): void {
  check(loadBinding().replaceStandardStreams(fd), "dup2", `descriptor ${fd}`);
}

/** Each text with a zero byte behind it. */
function block(what: string, texts: readonly string[]): Uint8Array {
  const wrong = texts.find((text) => text.includes("\0"));
  if (wrong !== undefined) throw argumentError(what, JSON.stringify(wrong), "a text without zero bytes");
  return new Uint8Array(Buffer.from(texts.map((text) => `${text}\0`).join("")));
}
