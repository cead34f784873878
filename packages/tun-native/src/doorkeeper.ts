import { spawnDetached } from "./background.ts";
import { Descriptor } from "./descriptor.ts";
import { doorkeeperFile, loadBinding } from "./load-binding.ts";
import { check, systemError } from "./system-error.ts";
import { UnixDatagram } from "./unix-datagram.ts";

/** What a doorkeeper will open; all paths are absolute. */
export interface DoorkeeperRights {
  /** Files that it opens, without emptying them. */
  readonly files: readonly string[];
  /** Files that it removes. */
  readonly removable: readonly string[];
  /** Datagram sockets. */
  readonly sockets: readonly string[];
  /** A program that it runs when asked, and the descriptor that this program gets besides. */
  readonly program?: { readonly words: readonly string[]; readonly memory: number };
  /** Of the program. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const OPERATION = { open: 1, unlink: 2, connect: 3, resolve: 4, run: 5 } as const;

/**
 * A small process that keeps the rights which this one is about to give up, and uses them only for what was named at
 * its start. Calls wait for its answer, at most ten seconds. It ends with `close()` or with this process.
 */
export class Doorkeeper {
  readonly #socket: Descriptor;
  #number = 0;

  private constructor(socket: Descriptor) {
    this.#socket = socket;
  }

  /** @throws TunNativeError */
  static start({ files, removable, sockets, program, environment }: DoorkeeperRights): Doorkeeper {
    const ends = new Int32Array(2);
    check(loadBinding().createPacketPair(ends), "socketpair", "doorkeeper");
    const [own = -1, other = -1] = ends;
    const socket = new Descriptor(own, "doorkeeper");
    const theirs = new Descriptor(other, "doorkeeper");
    try {
      const path = doorkeeperFile();
      spawnDetached({
        path,
        words: [
          path,
          `${other}`,
          ...files.map((file) => `file:${file}`),
          ...removable.map((file) => `remove:${file}`),
          ...sockets.map((name) => `socket:${name}`),
          ...(program === undefined ? [] : [`memory:${program.memory}`, "--", ...program.words]),
        ],
        environment,
        keep: program === undefined ? [other] : [other, program.memory],
      });
      return new Doorkeeper(socket);
    } catch (error) {
      socket.close();
      throw error;
    } finally {
      theirs.close();
    }
  }

  /**
   * Like open(2).
   * @returns a descriptor that the caller closes
   * @throws TunNativeError; `EPERM` for what was not named
   */
  open(path: string, flags: number, mode = 0): number {
    return this.#ask("open", OPERATION.open, path, flags, mode);
  }

  /** @throws TunNativeError */
  unlink(path: string): void {
    this.#ask("unlink", OPERATION.unlink, path);
  }

  /** @throws TunNativeError like `UnixDatagram.open` */
  connect(path: string): UnixDatagram {
    return UnixDatagram.own(this.#ask("connect", OPERATION.connect, path), path);
  }

  /**
   * Asks the system for a name's addresses.
   * @param family 0 = both
   * @returns where the answer comes: lines `4 ADDRESS` and `6 ADDRESS`, or `! REASON`; the caller reads and closes it
   */
  resolve(name: string, family: 0 | 4 | 6): number {
    return this.#ask("resolve", OPERATION.resolve, name, family);
  }

  /** Runs the program. @returns its standard output; the caller reads and closes it */
  run(): number {
    return this.#ask("run", OPERATION.run, "program");
  }

  /** Idempotent. */
  close(): void {
    this.#socket.close();
  }

  #ask(call: string, operation: number, text: string, flags = 0, mode = 0): number {
    const tail = Buffer.from(`${text}\0`);
    this.#number = (this.#number + 1) & 0x7fffffff;
    // both are on one machine, so the order of bytes is the machine's
    const head = Int32Array.of(this.#number, operation, flags, mode);
    const request = new Uint8Array(head.byteLength + tail.length);
    request.set(new Uint8Array(head.buffer));
    request.set(tail, head.byteLength);
    const result = loadBinding().askDoorkeeper(this.#socket.fd, request);
    if (result < 0) throw systemError(result, call, text);
    return result;
  }
}
