/** The file of --key-file: lines `key HEX` and `salt HEX`, each at most once, comments with #. */
import type { KdPrf } from "satp-core";
import { UsageError } from "../errors.ts";
import { parseSecretHex, type Secret } from "./secret.ts";

/** What a key file gives; either line may be absent. */
export interface KeyFileContent {
  readonly key: Secret | undefined;
  readonly salt: Secret | undefined;
}

/**
 * @param option where the file was named, for error texts
 * @throws UsageError with path and line, never with what stands there
 */
export function parseKeyFile(option: string, path: string, content: Uint8Array): KeyFileContent {
  let key: Secret | undefined;
  let salt: Secret | undefined;
  for (const [index, line] of Buffer.from(content).toString("latin1").split("\n").entries()) {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) continue;
    const origin = { option, value: `${path}:${index + 1}` };
    const [, name, hex] = /^(key|salt)[ \t]+(.+)$/.exec(text) ?? [];
    if (name === undefined || hex === undefined) {
      throw new UsageError(option, origin.value, 'expected "key HEX", "salt HEX" or a comment that begins with #');
    }
    if ((name === "key" ? key : salt) !== undefined) {
      throw new UsageError(option, origin.value, `a second line with a ${name}; expected one`);
    }
    const secret = parseSecretHex(origin, hex);
    if (name === "key") key = secret;
    else salt = secret;
  }
  if (key === undefined && salt === undefined) {
    throw new UsageError(option, path, 'neither key nor salt in it; expected lines "key HEX" and "salt HEX"');
  }
  return { key, salt };
}

/**
 * The text of a key file. It carries everything that the other end needs as well, so that secrets have to be written
 * nowhere else.
 */
export function formatKeyFile(kdPrf: KdPrf, key: Uint8Array, salt: Uint8Array): string {
  const [keyHex, saltHex] = [key, salt].map((bytes) => Buffer.from(bytes).toString("hex"));
  return `# Secret of one tunnel, the same at both ends. Who reads it reads the tunnel: keep it at mode 0600.
# options for this file:   -k ${kdPrf} --key-file PATH
# options for an original: -k ${kdPrf} -K ${keyHex} -A ${saltHex}
key ${keyHex}
salt ${saltHex}
`;
}
