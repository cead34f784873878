/** The log as the rest of the daemon sees it: five levels, one line a call. Main thread only. */
import { LOG_DEBUG, LOG_ERROR, LOG_INFO, LOG_NOTICE, LOG_WARNING } from "./level.js";
import { formatLine } from "./line.js";
/** Joins targets to a logger, which owns them from now on. */
export function createLog(targets, now = Date.now) {
  const highest = targets.reduce((level, target) => Math.max(level, target.level), 0);
  const log = (level, text) => {
    if (level > highest) return;
    const line = formatLine(now(), level, text);
    for (const target of targets) {
      if (level <= target.level) target.write(level, line);
    }
  };
  return {
    enabled: (level) => level <= highest,
    log,
    error: (text) => log(LOG_ERROR, text),
    warning: (text) => log(LOG_WARNING, text),
    notice: (text) => log(LOG_NOTICE, text),
    info: (text) => log(LOG_INFO, text),
    debug: (text) => log(LOG_DEBUG, text),
    close: () => {
      for (const target of targets) target.close();
    },
  };
}
//# sourceMappingURL=logger.js.map
