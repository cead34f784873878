/** One secret and where it came from: errors name the place, never the secret. */
import { UsageError } from "../errors.ts";

/** The first two words of an error text, as `UsageError` takes them. */
export interface SecretOrigin {
  /** Option as typed, or the name of a variable. */
  readonly option: string;
  /** Path of a file, with its line where that helps. */
  readonly value: string | undefined;
}

export interface Secret {
  readonly origin: SecretOrigin;
  readonly bytes: Uint8Array;
}

/** @throws UsageError when the text is not hexadecimal */
export function parseSecretHex(origin: SecretOrigin, text: string): Secret {
  const { option, value } = origin;
  if (!/^[0-9a-fA-F]*$/.test(text)) {
    throw new UsageError(option, value, "expected hexadecimal digits and nothing else");
  }
  if (text.length % 2 !== 0) {
    throw new UsageError(option, value, `expected an even number of hexadecimal digits, got ${text.length}`);
  }
  return { origin, bytes: new Uint8Array(Buffer.from(text, "hex")) };
}

/**
 * The passphrase of a file: its only line, without the line end, bytes as they are.
 * Random bytes that nobody encoded would be cut at the first of them that reads as a line end, and only what stands before
 * a zero byte could be given to an original; both are refused rather than made a weaker passphrase.
 * @throws UsageError when it is empty or not a line of text
 */
export function parsePassphrase(origin: SecretOrigin, content: Uint8Array): Secret {
  const text = Buffer.from(content);
  const lineEnd = text.indexOf("\n");
  const line = lineEnd < 0 ? text : text.subarray(0, lineEnd);
  const bytes = lineEnd > 0 && line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
  const rest = lineEnd < 0 ? "" : text.toString("latin1", lineEnd);
  if (bytes.length === 0)
    throw new UsageError(origin.option, origin.value, "the first line is empty; expected a passphrase");
  if (bytes.includes(0) || rest.trim() !== "") {
    throw new UsageError(
      origin.option,
      origin.value,
      "expected one line of text; encode random bytes, for example with base64",
    );
  }
  return { origin, bytes: new Uint8Array(bytes) };
}
