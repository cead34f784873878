/** Time as the control side's waiting loops see it, so that tests can own it. */
import { setTimeout as delay } from "node:timers/promises";
export const systemClock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
};
//# sourceMappingURL=clock.js.map
