/** Single values: the text of one option → a checked value, or a UsageError that names both. */
import type { Argument } from "../cli/arguments.ts";
/** Decimal digits only, within the range; `expected` replaces the usual words. */
export declare function parseNumber(arg: Argument, least: number, most: number, expected?: string): number;
/** The number that a text of decimal digits stands for. */
export declare function decimal(text: string): number | undefined;
/** UDP port of a service name. */
export type ServiceLookup = (name: string) => number | undefined;
export declare function parsePort(arg: Argument, services: ServiceLookup): number;
/** A word of a closed list. */
export declare function parseName<T>(arg: Argument, byName: (name: string) => T | undefined, expected: string): T;
/** Bytes of a hexadecimal text; the text itself is a secret and never part of the error. */
export declare function parseSecretHex(arg: Argument): Uint8Array;
