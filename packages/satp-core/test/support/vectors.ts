/** Reads the vector files of the repository and checks every field on the way in: nothing is assumed of their shape. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export class VectorRecord {
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #where: string;

  constructor(value: unknown, where: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${where}: not an object`);
    this.#fields = new Map(Object.entries(value));
    this.#where = where;
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  keys(): string[] {
    return [...this.#fields.keys()];
  }

  text(name: string): string {
    const value = this.#fields.get(name);
    if (typeof value !== "string") throw this.#wrong(name, "a string");
    return value;
  }

  number(name: string): number {
    const value = this.#fields.get(name);
    if (typeof value !== "number") throw this.#wrong(name, "a number");
    return value;
  }

  bytes(name: string): Uint8Array {
    return fromHex(this.text(name));
  }

  /** The bytes of a hex string, or undefined where the file says null. */
  optionalBytes(name: string): Uint8Array | undefined {
    return this.#fields.get(name) === null ? undefined : this.bytes(name);
  }

  optionalNumber(name: string): number | undefined {
    return this.#fields.get(name) === null ? undefined : this.number(name);
  }

  record(name: string): VectorRecord {
    return new VectorRecord(this.#fields.get(name), `${this.#where}.${name}`);
  }

  texts(name: string): string[] {
    return this.#list(name).map((value, i) => {
      if (typeof value !== "string") throw this.#wrong(`${name}[${i}]`, "a string");
      return value;
    });
  }

  /** The list `name`, which must have as many entries as the field `count` says. */
  records(name: string, count?: number): VectorRecord[] {
    const list = this.#list(name);
    if (count !== undefined && list.length !== count) {
      throw new Error(`${this.#where}.${name} has ${list.length} entries, its header says ${count}`);
    }
    return list.map((value, i) => new VectorRecord(value, `${this.#where}.${name}[${i}]`));
  }

  #list(name: string): unknown[] {
    const value = this.#fields.get(name);
    if (!Array.isArray(value)) throw this.#wrong(name, "a list");
    return value;
  }

  #wrong(name: string, expected: string): Error {
    return new Error(`${this.#where}.${name} is not ${expected}`);
  }
}

export function readVectors(file: string): VectorRecord {
  const path = fileURLToPath(new URL(`../../../../vectors/${file}`, import.meta.url));
  const parsed: unknown = JSON.parse(readFileSync(path, "utf8"));
  return new VectorRecord(parsed, file);
}

export function fromHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(hex, "hex"));
  if (bytes.length * 2 !== hex.length) throw new Error(`not hex: ${hex}`);
  return bytes;
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** The value, or an error: for what a test knows to be there. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`missing: ${what}`);
  return value;
}
