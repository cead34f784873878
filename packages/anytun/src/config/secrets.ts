/**
 * Which secrets are used. The sources are sets and are never mixed, so that a variable somebody forgot cannot replace
 * a part of what the command line says: options (and the files that they name), else the environment, else the credentials that
 * systemd handed over. Within a set a key or salt wins over what the passphrase would give, as it always did.
 */
import type { Argument } from "../cli/arguments.ts";
import { UsageError } from "../errors.ts";
import { LOG_INFO } from "../log/level.ts";
import type { ArgumentSet } from "./argument-set.ts";
import type { StartNote } from "./config.ts";
import { parseKeyFile } from "./key-file.ts";
import { parsePassphrase, parseSecretHex, type Secret } from "./secret.ts";
import type { Credential } from "./secret-file.ts";

/** What is there; each may be absent. */
export interface Secrets {
  readonly passphrase: Secret | undefined;
  readonly key: Secret | undefined;
  readonly salt: Secret | undefined;
}

export const SECRET_VARIABLES = { passphrase: "ANYTUN_PASSPHRASE", key: "ANYTUN_KEY", salt: "ANYTUN_SALT" } as const;

/** Values of `SECRET_VARIABLES`; unset and empty ones are absent. */
export interface SecretVariables {
  readonly passphrase?: Uint8Array | undefined;
  readonly key?: string | undefined;
  readonly salt?: string | undefined;
}

/** Credentials by the option whose file they stand for. */
const CREDENTIALS = { passphrase: "anytun.passphrase", keys: "anytun.key" } as const;

/** Where secrets can come from. */
export interface SecretSources {
  /** The bytes of a word as typed: a passphrase need not be UTF-8. */
  bytesOf(arg: Argument): Uint8Array;
  readonly secretVariables: SecretVariables;
  /** @throws UsageError that names option and path */
  readSecretFile(option: string, path: string): Uint8Array;
  /** @throws UsageError when there is one that cannot be read */
  readCredential(name: string): Credential | undefined;
}

const NONE: Secrets = { passphrase: undefined, key: undefined, salt: undefined };

/** @throws UsageError for a secret that is there twice, cannot be read or has the wrong form */
export function findSecrets(args: ArgumentSet, sources: SecretSources, notes: StartNote[]): Secrets {
  const given = fromOptions(args, sources);
  if (hasAny(given)) return given;
  const variables = fromVariables(sources.secretVariables);
  if (hasAny(variables)) {
    notes.push({ level: LOG_INFO, text: "secrets are taken from the environment" });
    return variables;
  }
  const credentials = fromCredentials(sources);
  if (hasAny(credentials)) notes.push({ level: LOG_INFO, text: "secrets are taken from the service's credentials" });
  return credentials;
}

/** Whether there is none at all. */
export function isEmpty(secrets: Secrets): boolean {
  return !hasAny(secrets);
}

function hasAny({ passphrase, key, salt }: Secrets): boolean {
  return (passphrase ?? key ?? salt) !== undefined;
}

function fromOptions(args: ArgumentSet, sources: SecretSources): Secrets {
  const passphraseFile = args.last("passphrase-file");
  const keyFile = args.last("key-file");
  const typed = {
    passphrase: passphraseOf(args.last("passphrase"), sources),
    key: hexOf(args.lastWord("key")),
    salt: hexOf(args.lastWord("salt")),
  };
  const keys = keyFile === undefined ? NONE : parseKeyFile(keyFile.typed, keyFile.value, content(keyFile, sources));
  return {
    passphrase: oneOf(typed.passphrase, passphraseFile && passphraseIn(passphraseFile, sources)),
    key: oneOf(typed.key, keys.key),
    salt: oneOf(typed.salt, keys.salt),
  };
}

/** The last one counts, and empty it means that there is none. */
function passphraseOf(arg: Argument | undefined, { bytesOf }: SecretSources): Secret | undefined {
  if (arg === undefined || arg.value === "") return undefined;
  return { origin: { option: arg.typed, value: undefined }, bytes: bytesOf(arg) };
}

function hexOf(arg: Argument | undefined): Secret | undefined {
  return arg && parseSecretHex({ option: arg.typed, value: undefined }, arg.value);
}

function passphraseIn(arg: Argument, sources: SecretSources): Secret {
  return parsePassphrase({ option: arg.typed, value: arg.value }, content(arg, sources));
}

function content({ typed, value }: Argument, { readSecretFile }: SecretSources): Uint8Array {
  if (value === "") throw new UsageError(typed, "", "expected the path of a file");
  return readSecretFile(typed, value);
}

/** Two of the same secret are a mistake that only shows when the tunnel stays silent. */
function oneOf(typed: Secret | undefined, read: Secret | undefined): Secret | undefined {
  if (typed === undefined || read === undefined) return typed ?? read;
  const { option, value } = read.origin;
  throw new UsageError(option, value, `the same secret as ${typed.origin.option}; expected one of the two`);
}

function fromVariables({ passphrase, key, salt }: SecretVariables): Secrets {
  const origin = (item: keyof SecretVariables) => ({ option: SECRET_VARIABLES[item], value: undefined });
  return {
    passphrase: passphrase && { origin: origin("passphrase"), bytes: passphrase },
    key: key === undefined ? undefined : parseSecretHex(origin("key"), key),
    salt: salt === undefined ? undefined : parseSecretHex(origin("salt"), salt),
  };
}

function fromCredentials({ readCredential }: SecretSources): Secrets {
  const text = readCredential(CREDENTIALS.passphrase);
  const keys = readCredential(CREDENTIALS.keys);
  return {
    ...(keys === undefined ? NONE : parseKeyFile("credential", keys.path, keys.content)),
    passphrase: text && parsePassphrase({ option: "credential", value: text.path }, text.content),
  };
}
