// packages/anytun/src/error-text.ts
import { getSystemErrorMap } from "node:util";

function errorText(error) {
  const known = systemError(error);
  return known === void 0 ? errorReason(error) : `${known.reason} (${known.code})`;
}
function errorReason(error) {
  return systemError(error)?.reason ?? (error instanceof Error ? error.message : String(error));
}
function errorCode(error) {
  return systemError(error)?.code;
}
function systemError(error) {
  if (!(error instanceof Error) || !("errno" in error) || typeof error.errno !== "number") return void 0;
  const known = getSystemErrorMap().get(error.errno);
  if (known === void 0) return void 0;
  const [code, text] = known;
  return { code, reason: text.charAt(0).toUpperCase() + text.slice(1) };
}

// packages/anytun/src/errors.ts
var AnytunError = class extends Error {
  code;
  constructor(code, message, options) {
    super(message, options);
    this.name = "AnytunError";
    this.code = code;
  }
};
var UsageError = class extends AnytunError {
  /**
   * @param option the option as typed, or the word itself
   * @param value its value; leave it out where it is a secret or where there is none
   */
  constructor(option, value, expected) {
    super("usage", `${option}${value === void 0 ? "" : ` ${quoted(value)}`}: ${expected}`);
    this.name = "UsageError";
  }
};
function quoted(word) {
  if (/^[!-~]+$/.test(word)) return word;
  return JSON.stringify(word).replace(
    /[\x7f-\x9f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

// packages/anytun/src/log/level.ts
var LOG_ERROR = 1;
var LOG_WARNING = 2;
var LOG_NOTICE = 3;
var LOG_INFO = 4;
var LOG_DEBUG = 5;

export {
  AnytunError,
  errorCode,
  errorReason,
  errorText,
  LOG_DEBUG,
  LOG_ERROR,
  LOG_INFO,
  LOG_NOTICE,
  LOG_WARNING,
  quoted,
  UsageError,
};
