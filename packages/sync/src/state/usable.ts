/**
 * What may be taken from another node (spec: sync-protocol.md 8 and 11). An original stores whatever it can read; here a
 * command is used whole or not at all.
 */
import { MASTER_SALT_BYTES } from "satp-core";
import type { Command, ConnectionCommand } from "../wire/command.ts";
import { hangsOriginals } from "../wire/safe-prefix.ts";

/** Why a command is left alone. */
export type Unusable =
  /** Neither left nor right. */
  | "role"
  /** Sizes of key, salt and key derivation do not fit one another. */
  | "key"
  /** A prefix that stops originals. */
  | "hanging prefix"
  /** A tunnel of IP packets has no use for Ethernet addresses. */
  | "ethernet route"
  /** An address type that would end an original. */
  | "address type";

/** Undefined when the command can be used; so can an unknown one, by doing nothing. */
export function whyUnusable(command: Command): Unusable | undefined {
  switch (command.type) {
    case "connection":
      if (command.role !== 0 && command.role !== 1) return "role";
      return hasFittingKeys(command) ? undefined : "key";
    case "route":
      return hangsOriginals(command.address, command.length) ? "hanging prefix" : undefined;
    case "ethernet-route":
      return "ethernet route";
    case "unknown":
      return undefined;
  }
}

/** Whether the command holds key and salt; without them it stands for "as you have them". */
export function hasSecrets({ keyBits, key, salt }: ConnectionCommand): boolean {
  return keyBits === 0 || key.length > 0 || salt.length > 0;
}

/** The command without its key material, for those who may not see it. */
export function withoutSecrets(command: ConnectionCommand): ConnectionCommand {
  const none = new Uint8Array(0);
  return { ...command, key: none, salt: none };
}

function hasFittingKeys(command: ConnectionCommand): boolean {
  const { keyBits, key, salt } = command;
  if (keyBits === 0) return key.length === 0 && salt.length === 0;
  if (keyBits !== 128 && keyBits !== 192 && keyBits !== 256) return false;
  if (!hasSecrets(command)) return true;
  return key.length * 8 === keyBits && salt.length === MASTER_SALT_BYTES;
}
