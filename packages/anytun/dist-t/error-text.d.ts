/** `No such file or directory (ENOENT)` for system errors, the message for all others. */
export declare function errorText(error: unknown): string;
/** `No such file or directory`: what strerror(3) says, for the log texts that end with it. */
export declare function errorReason(error: unknown): string;
/** The errno's name, `undefined` for other errors. */
export declare function errorCode(error: unknown): string | undefined;
