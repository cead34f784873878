/** What the originals wrote and read: `vectors/sync-messages.json`. */
import { readFileSync } from "node:fs";

export interface VectorMessage {
  readonly archive_version: number;
  readonly command: string;
  readonly mux: number;
  readonly role?: number;
  readonly key_length?: number;
  readonly master_salt?: string;
  readonly master_key?: string;
  readonly window_size?: number;
  readonly seq_nr?: number;
  readonly remote_host?: string;
  readonly remote_port?: number;
  readonly prefix_length?: number;
  readonly address_type?: number;
  readonly address?: string;
}

interface Shown {
  readonly id: string;
  readonly showtables_stdout: string;
}

export interface ConfigVector extends Shown {
  readonly argv: readonly string[];
  readonly stdout: string;
  readonly messages: readonly VectorMessage[];
}

export interface ServerVector extends Shown {
  readonly description: string;
  readonly bytes: string;
  readonly messages: readonly VectorMessage[];
  readonly received_from_control_host?: string;
}

export interface HandmadeVector extends Shown {
  readonly description: string;
  readonly bytes: string;
  readonly anytun_reaction: "connection kept" | "connection closed";
  readonly anytun_state_afterwards: string;
}

interface Vectors {
  readonly config: readonly ConfigVector[];
  readonly server: readonly ServerVector[];
  readonly handmade: readonly HandmadeVector[];
}

export const vectors: Vectors = JSON.parse(
  readFileSync(new URL("../../../../vectors/sync-messages.json", import.meta.url), "utf8"),
);

/** Bytes of a text with one character for each. */
export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}
