import type { NativeBinding, NativeHandle } from "./binding.ts";
import { callWords, RESULT } from "./call-words.ts";
import type { PacketBatch } from "./contracts.ts";
import { argumentError, closedError, TunNativeError } from "./errors.ts";
import { loadBinding } from "./load-binding.ts";
import { PinnedBatch } from "./pinned-memory.ts";
import { check } from "./system-error.ts";

const EINVAL = 22;

/** Keys and rules of one connection. Key sizes in bytes; labels as unsigned 32-bit numbers. */
export interface SatpCipherContext {
  /** 16, 24 or 32 bytes; empty: all session keys are zero. */
  readonly masterKey: Uint8Array;
  /** 14 bytes; empty when the key is. */
  readonly masterSalt: Uint8Array;
  /** 16, 24 or 32; 0 leaves the body clear. */
  readonly cipherKeyBytes: number;
  /** 0 to 20; 0 means no tag. */
  readonly tagBytes: number;
  /** Labels of what we send: encryption key, session salt, authentication key. */
  readonly sealLabels: readonly [number, number, number];
  /** Labels of what the peer sends. */
  readonly openLabels: readonly [number, number, number];
}

/** Seals and opens SATP packets of whole batches in place. Belongs to the thread that made it. */
export interface SatpCipher {
  /** Name of the code that computes, see {@link cipherKernel}. */
  readonly kernel: string;
  /** Copies the keys and returns the number for the context word. @throws TunNativeError `ERR_ARGUMENT` */
  addContext(context: SatpCipherContext): number;
  /** Wipes the keys; the number may be given out again. Unknown numbers are ignored. */
  removeContext(id: number): void;
  /** Encrypts bodies and appends tags. @throws TunNativeError `ERR_BATCH` before any row was touched, `ERR_CRYPTO` */
  seal(batch: PacketBatch, first: number, count: number): void;
  /** Checks tags and decrypts bodies; flags bad rows, and those that follow the one before. @throws TunNativeError as `seal` */
  open(batch: PacketBatch, first: number, count: number): void;
  /** Wipes all keys. Idempotent. */
  close(): void;
}

/**
 * Name of the code that computes: the best for this machine, or what the environment variable `TUN_NATIVE_CRYPTO`
 * asks for: `avx512`, `avx512-pair`, `vaes`, `avx512-aesni`, `aesni`, `avx2-aesni`, `armv8`, or `evp`, which is OpenSSL
 * inside the node binary and runs everywhere. Where the choice takes a measurement, the first call takes a millisecond.
 * @throws TunNativeError `ERR_ARGUMENT` for a name that is unknown or that this machine cannot run
 */
export function cipherKernel(): string {
  const usable = loadBinding().cipherKernels();
  const wanted = process.env["TUN_NATIVE_CRYPTO"];
  if (wanted === undefined || wanted === "") return usable[0] ?? "evp";
  if (!usable.includes(wanted)) throw argumentError("TUN_NATIVE_CRYPTO", wanted, `one of ${usable.join(", ")}`);
  return wanted;
}

/** A new cipher without contexts. @throws TunNativeError `ERR_ARGUMENT` as {@link cipherKernel} */
export function createSatpCipher(): SatpCipher {
  const kernel = cipherKernel();
  const handle = loadBinding().createCipher(kernel);
  if (typeof handle !== "number") return new NativeSatpCipher(kernel, handle);
  check(handle, "create", `cipher ${kernel}`);
  throw cryptoError(`no cipher ${kernel}`);
}

class NativeSatpCipher implements SatpCipher {
  readonly kernel: string;
  readonly #handle: NativeHandle;
  readonly #native: NativeBinding = loadBinding();
  // not looked up for each batch, see `loadBinding`
  readonly #sealPackets: NativeBinding["sealPackets"] = this.#native.sealPackets;
  readonly #openPackets: NativeBinding["openPackets"] = this.#native.openPackets;
  readonly #call: Int32Array = callWords();
  /** For the calls that packets make; 0 when closed. */
  #number: number;
  #closed = false;

  constructor(kernel: string, handle: NativeHandle) {
    this.kernel = kernel;
    this.#handle = handle;
    this.#number = this.#native.cipherNumber(handle);
  }

  addContext(context: SatpCipherContext): number {
    if (this.#closed) throw closedError("cipher");
    checkContext(context);
    const { masterKey, masterSalt, cipherKeyBytes, tagBytes, sealLabels, openLabels } = context;
    const numbers = Int32Array.of(cipherKeyBytes, tagBytes, ...sealLabels, ...openLabels);
    const id = this.#native.addCipherContext(this.#handle, masterKey, masterSalt, numbers);
    if (id < 0) throw cryptoError(`the keys were refused (${id})`);
    return id;
  }

  removeContext(id: number): void {
    if (!this.#closed) this.#native.removeCipherContext(this.#handle, id);
  }

  seal(batch: PacketBatch, first: number, count: number): void {
    this.#prepare(batch, first, count);
    this.#sealPackets();
    this.#conclude("seal");
  }

  open(batch: PacketBatch, first: number, count: number): void {
    this.#prepare(batch, first, count);
    this.#openPackets();
    this.#conclude("open");
  }

  close(): void {
    this.#closed = true;
    this.#number = 0;
    this.#native.closeCipher(this.#handle);
  }

  #prepare(batch: PacketBatch, first: number, count: number): void {
    const { bytes, descriptors, endpoints } = PinnedBatch.memoryOf(batch);
    const call = this.#call;
    call[1] = this.#number;
    call[2] = bytes;
    call[3] = descriptors;
    call[4] = first;
    call[5] = count;
    call[6] = endpoints;
  }

  #conclude(operation: string): void {
    const result = this.#call[RESULT] ?? 0;
    if (result !== 0) this.#fail(operation, result);
  }

  #fail(operation: string, result: number): never {
    if (this.#closed) throw closedError("cipher");
    if (result > 0) throw batchError(`${operation}: row ${result - 1} has no known context or does not fit the arena`);
    if (result === -EINVAL) throw batchError(`${operation}: there are no such rows`);
    throw cryptoError(`${operation}: the crypto library failed`);
  }
}

function checkContext(context: SatpCipherContext): void {
  const { masterKey, masterSalt, cipherKeyBytes, tagBytes } = context;
  if (![0, 16, 24, 32].includes(masterKey.length)) {
    throw argumentError("master key", `of ${masterKey.length} bytes`, "0, 16, 24 or 32 bytes");
  }
  if (masterKey.length > 0 && masterSalt.length !== 14) {
    throw argumentError("master salt", `of ${masterSalt.length} bytes`, "14 bytes");
  }
  if (![0, 16, 24, 32].includes(cipherKeyBytes))
    throw argumentError("cipherKeyBytes", cipherKeyBytes, "0, 16, 24 or 32");
  if (!Number.isInteger(tagBytes) || tagBytes < 0 || tagBytes > 20) {
    throw argumentError("tagBytes", tagBytes, "a number from 0 to 20");
  }
}

function batchError(message: string): TunNativeError {
  return new TunNativeError({ code: "ERR_BATCH", message });
}

function cryptoError(message: string): TunNativeError {
  return new TunNativeError({ code: "ERR_CRYPTO", message });
}
