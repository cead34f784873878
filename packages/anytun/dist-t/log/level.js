/** The five levels of the log. */
export const LOG_ERROR = 1;
export const LOG_WARNING = 2;
export const LOG_NOTICE = 3;
export const LOG_INFO = 4;
export const LOG_DEBUG = 5;
//# sourceMappingURL=level.js.map
