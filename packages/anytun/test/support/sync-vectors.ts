/** What anytun-config and anytun-showtables of Debian wrote: `vectors/sync-messages.json`. */
import { readFileSync } from "node:fs";

export interface ConfigVector {
  readonly id: string;
  readonly argv: readonly string[];
  readonly stdout: string;
  readonly showtables_stdout: string;
}

interface Vectors {
  readonly config: readonly ConfigVector[];
  readonly server: readonly { readonly id: string; readonly bytes: string; readonly showtables_stdout: string }[];
  readonly handmade: readonly {
    readonly id: string;
    readonly description: string;
    readonly bytes: string;
    readonly showtables_stdout: string;
  }[];
}

export const syncVectors: Vectors = JSON.parse(
  readFileSync(new URL("../../../../vectors/sync-messages.json", import.meta.url), "utf8"),
);
