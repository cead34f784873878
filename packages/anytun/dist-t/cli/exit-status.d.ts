/** Statuses of the process, as the original's callers know them. */
export declare const EXIT_OK = 0;
/** Unusable command line, or an error that ended the daemon. */
export declare const EXIT_FAILURE = 255;
