/** Single values: the text of one option → a checked value, or a UsageError that names both. */
import type { Argument } from "../cli/arguments.ts";
import { UsageError } from "../errors.ts";

/** Decimal digits only, within the range; `expected` replaces the usual words. */
export function parseNumber(arg: Argument, least: number, most: number, expected?: string): number {
  const value = decimal(arg.value);
  if (value === undefined || value < least || value > most) {
    throw new UsageError(arg.typed, arg.value, expected ?? `expected a number from ${least} to ${most}`);
  }
  return value;
}

/** The number that a text of decimal digits stands for. */
export function decimal(text: string): number | undefined {
  return /^[0-9]+$/.test(text) ? Number(text) : undefined;
}

/** UDP port of a service name. */
export type ServiceLookup = (name: string) => number | undefined;

export function parsePort(arg: Argument, services: ServiceLookup, protocol: "UDP" | "TCP" = "UDP"): number {
  const port = decimal(arg.value) ?? services(arg.value);
  if (port === undefined || port > 65_535) {
    throw new UsageError(arg.typed, arg.value, `expected a port from 0 to 65535 or the name of a ${protocol} service`);
  }
  return port;
}

/** A word of a closed list. */
export function parseName<T>(arg: Argument, byName: (name: string) => T | undefined, expected: string): T {
  const value = byName(arg.value);
  if (value === undefined) throw new UsageError(arg.typed, arg.value, expected);
  return value;
}
