/** Secrets in the environment. They are taken out of it at once, so that no child of the daemon inherits them. */
import { SECRET_VARIABLES, type SecretVariables } from "../config/secrets.ts";
import { REPLACEMENT, splitCommandLine } from "./command-line.ts";

/**
 * @param variables loses the secrets
 * @param readEnvironment the content of /proc/self/environ: asked only for a passphrase that is not UTF-8
 */
export function takeSecretVariables(
  variables: Record<string, string | undefined>,
  readEnvironment: () => Uint8Array,
): SecretVariables {
  const take = (name: string): string | undefined => {
    const value = variables[name];
    Reflect.deleteProperty(variables, name);
    return value === "" ? undefined : value;
  };
  const text = take(SECRET_VARIABLES.passphrase);
  const key = take(SECRET_VARIABLES.key);
  const salt = take(SECRET_VARIABLES.salt);
  return { passphrase: text === undefined ? undefined : bytesOf(text, readEnvironment), key, salt };
}

function bytesOf(text: string, readEnvironment: () => Uint8Array): Uint8Array {
  if (text.includes(REPLACEMENT)) {
    const prefix = Buffer.from(`${SECRET_VARIABLES.passphrase}=`);
    for (const word of splitCommandLine(readEnvironment())) {
      if (prefix.equals(word.subarray(0, prefix.length))) return word.subarray(prefix.length);
    }
  }
  return new Uint8Array(Buffer.from(text, "utf8"));
}
