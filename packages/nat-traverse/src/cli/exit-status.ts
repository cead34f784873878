/**
 * Statuses of the process. Where the original ends with the errno of the call that failed, so do we: a port in use is 98,
 * one that needs privileges 13, no network 101.
 */
export const EXIT_OK = 0;
/** The command line cannot be used; nothing was sent. */
export const EXIT_USAGE = 2;
/** No connection within the time. */
export const EXIT_TIMEOUT = 4;
/** The peer's name has no address (EINVAL, as the original). */
export const EXIT_NAME = 22;
/** The peer was stopped while we were connected (ECONNRESET). */
export const EXIT_PEER_STOPPED = 104;
/** The peer went silent while we were connected (ETIMEDOUT). */
export const EXIT_PEER_SILENT = 110;
/** Nobody listens at the peer any more (ECONNREFUSED). */
export const EXIT_REFUSED = 111;
/** No way to the peer any more (ENETUNREACH). */
export const EXIT_UNREACHABLE = 101;
/** Whoever read our standard output is gone: what a shell shows for SIGPIPE. */
export const EXIT_BROKEN_PIPE = 141;
/** A failure without an errno. */
export const EXIT_FAILURE = 255;
