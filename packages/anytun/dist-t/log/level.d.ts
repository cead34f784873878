/** The five levels of the log. */
/** 1 error, 2 warning, 3 notice, 4 info, 5 debug. */
export type LogLevel = 1 | 2 | 3 | 4 | 5;
export declare const LOG_ERROR = 1;
export declare const LOG_WARNING = 2;
export declare const LOG_NOTICE = 3;
export declare const LOG_INFO = 4;
export declare const LOG_DEBUG = 5;
