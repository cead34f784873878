/** Algorithms, role and key material (spec: satp-wire.md 1 and 3). Bad or missing keys end here, before anything starts. */
import { type MasterKeys, type Role, type Suite } from "satp-core";
import type { Argument } from "../cli/arguments.ts";
import type { ArgumentSet } from "./argument-set.ts";
import type { StartNote } from "./config.ts";
export declare function parseSuite(args: ArgumentSet, notes: StartNote[]): Suite;
export declare function parseRole(args: ArgumentSet): Role;
export declare function parseWindowSize(args: ArgumentSet, notes: StartNote[]): number;
/**
 * @param bytesOf the bytes of a word as typed: a passphrase need not be UTF-8
 * @throws UsageError when something is missing, not hexadecimal or not as long as the algorithms need
 */
export declare function parseKeys(args: ArgumentSet, suite: Suite, bytesOf: (arg: Argument) => Uint8Array): MasterKeys;
