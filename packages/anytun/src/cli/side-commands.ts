/** What the program does besides running a tunnel; loaded only when it is asked for. */
export { packageVersion } from "../version.ts";
export { drain } from "./drain.ts";
export { genkey } from "./genkey.ts";
export { installUnits, packageFolder } from "./install-units.ts";
export { readConfig } from "./origin.ts";
export { startAll } from "./start-all.ts";
export { status } from "./status/main.ts";
export { usageText, versionText } from "./usage.ts";
