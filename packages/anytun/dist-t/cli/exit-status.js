/** Statuses of the process, as the original's callers know them. */
export const EXIT_OK = 0;
/** Unusable command line, or an error that ended the daemon. */
export const EXIT_FAILURE = 255;
//# sourceMappingURL=exit-status.js.map
