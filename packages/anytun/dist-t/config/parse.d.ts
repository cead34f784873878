/** Arguments → `Config`. Every check that needs no device and no socket is made here. */
import type { Argument } from "../cli/arguments.ts";
import type { Config } from "./config.ts";
import { type StateDirEnvironment } from "./state-dir.ts";
import { type ServiceLookup } from "./values.ts";
/** What the parser needs to know about the machine. */
export interface ParseEnvironment extends StateDirEnvironment {
  readonly services: ServiceLookup;
  isFile(path: string): boolean;
  /** The bytes of a word as typed. */
  bytesOf(arg: Argument): Uint8Array;
}
/** @throws UsageError for the first option whose value cannot be used */
export declare function parseConfig(list: readonly Argument[], environment: ParseEnvironment): Config;
