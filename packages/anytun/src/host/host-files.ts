/**
 * Files of the host by their paths. As long as the process may, it opens them itself; once it has given up root or sits
 * in a jail, its doorkeeper does.
 */
import { closeSync, openSync, readFile, unlinkSync } from "node:fs";
import { promisify } from "node:util";
import { type Doorkeeper, UnixDatagram } from "tun-native";
import type { AddressFamily } from "../config/config.ts";
import { type Address, type Lookup, literalAddress, systemLookup } from "../daemon/resolver.ts";

const FAMILIES = { any: 0, ipv4: 4, ipv6: 6 } as const;
const readAll = promisify(readFile);

export class HostFiles {
  #doorkeeper: Doorkeeper | undefined;
  /** From now on only what the doorkeeper has the right to open is there. */
  goBehind(doorkeeper: Doorkeeper): void {
    this.#doorkeeper = doorkeeper;
  }

  get isBehind(): boolean {
    return this.#doorkeeper !== undefined;
  }

  /** Like open(2); the caller closes the descriptor. @throws Error of the system */
  open(path: string, flags: number, mode = 0): number {
    return this.#doorkeeper === undefined ? openSync(path, flags, mode) : this.#doorkeeper.open(path, flags, mode);
  }

  unlink(path: string): void {
    if (this.#doorkeeper === undefined) unlinkSync(path);
    else this.#doorkeeper.unlink(path);
  }

  connect(path: string): UnixDatagram {
    return this.#doorkeeper === undefined ? UnixDatagram.open(path) : this.#doorkeeper.connect(path);
  }

  /** The system's resolver. */
  readonly lookup: Lookup = async (host, family) => {
    const doorkeeper = this.#doorkeeper;
    const literal = literalAddress(host);
    if (doorkeeper === undefined || literal !== undefined) return systemLookup(host, family);
    return readAnswers(host, doorkeeper.resolve(host, FAMILIES[family satisfies AddressFamily]));
  };

  /** What the doorkeeper's program writes. */
  async runProgram(): Promise<Uint8Array> {
    if (this.#doorkeeper === undefined) throw new Error("there is no doorkeeper");
    return readAndClose(this.#doorkeeper.run());
  }
}

async function readAnswers(host: string, fd: number): Promise<readonly Address[]> {
  const text = Buffer.from(await readAndClose(fd)).toString("utf8");
  if (text.startsWith("! ")) throw new Error(`${host}: ${text.slice(2).trim()}`);
  const lines = text.split("\n").flatMap((line): Address[] => {
    const [, family, address] = /^([46]) (\S+)$/.exec(line) ?? [];
    return address === undefined ? [] : [{ address, family: family === "4" ? 4 : 6 }];
  });
  if (lines.length === 0) throw new Error(`${host} has no address`);
  return lines;
}

async function readAndClose(fd: number): Promise<Uint8Array> {
  try {
    return await readAll(fd);
  } finally {
    closeSync(fd);
  }
}
