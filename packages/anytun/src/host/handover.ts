/**
 * What the first process gives to the one in the background. It travels in a file without a name, because words and
 * variables of a process can be read by others; only the numbers of descriptors are in the environment.
 */
import { closeSync, fstatSync, readSync, writeSync } from "node:fs";
import type { Origin } from "../cli/origin.ts";

export const HANDOVER_VARIABLE = "ANYTUN_HANDOVER";

/** What a process of this program is there for when another one has started it. */
export type Role =
  /** To be the daemon; whoever waits for it reads the status from this pipe. */
  | { readonly type: "background"; readonly statusFd: number }
  /** To read the configuration for a daemon that cannot any more, and to print it. */
  | { readonly type: "reader" };

/** @param fd of an empty file */
export function writeHandover(fd: number, origin: Origin): void {
  const bytes = encode(origin);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/** Value of the variable for a process that finds the handover under this descriptor. */
export function handoverValue(fd: number, role: Role): string {
  return role.type === "background" ? `${fd},${role.statusFd}` : `${fd}`;
}

/**
 * The role of this process and what was handed over; undefined for one that a user started.
 * @param variables lose the variable
 */
export function takeHandover(
  variables: Record<string, string | undefined>,
): { readonly role: Role; readonly origin: Origin } | undefined {
  const value = variables[HANDOVER_VARIABLE];
  Reflect.deleteProperty(variables, HANDOVER_VARIABLE);
  const [, fd, statusFd] = /^(\d+)(?:,(\d+))?$/.exec(value ?? "") ?? [];
  if (fd === undefined) return undefined;
  const role: Role = statusFd === undefined ? { type: "reader" } : { type: "background", statusFd: Number(statusFd) };
  return { role, origin: readHandover(Number(fd)) };
}

function readHandover(fd: number): Origin {
  const bytes = new Uint8Array(fstatSync(fd).size);
  readSync(fd, bytes, 0, bytes.length, 0);
  closeSync(fd);
  return decode(bytes);
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));

/** An origin as JSON: bytes in base64, a map as its entries. */
interface PlainOrigin extends Omit<Origin, "raw" | "secretVariables" | "pipes"> {
  readonly raw: readonly string[];
  readonly secretVariables: Omit<Origin["secretVariables"], "passphrase"> & { readonly passphrase?: string };
  readonly pipes: readonly (readonly [string, string])[];
}

/** Not by `node:v8`, which brings all of Node's streams along: 5 ms of a start. */
function encode(origin: Origin): Uint8Array {
  const { raw, secretVariables, pipes } = origin;
  const { passphrase, ...variables } = secretVariables;
  const plain: PlainOrigin = {
    ...origin,
    raw: raw.map(base64),
    secretVariables: passphrase === undefined ? variables : { ...variables, passphrase: base64(passphrase) },
    pipes: [...pipes].map(([path, bytes]) => [path, base64(bytes)]),
  };
  return Buffer.from(JSON.stringify(plain));
}

/** What this program wrote a moment ago. */
function decode(bytes: Uint8Array): Origin {
  const plain: PlainOrigin = JSON.parse(Buffer.from(bytes).toString());
  const { passphrase } = plain.secretVariables;
  return {
    ...plain,
    raw: plain.raw.map(fromBase64),
    secretVariables: {
      ...plain.secretVariables,
      passphrase: passphrase === undefined ? undefined : fromBase64(passphrase),
    },
    pipes: new Map(plain.pipes.map(([path, text]) => [path, fromBase64(text)])),
  };
}
