import type { ArgumentSet } from "./argument-set.ts";
import type { Config, DeviceConfig, StartNote } from "./config.ts";
/** The kind is given by the first three letters of -t, else of -d; without both it is tun. */
export declare function parseDevice(args: ArgumentSet, notes: StartNote[]): DeviceConfig;
/** -n, one of each family: the last one wins. Lists and repeats are allowed. */
export declare function parseInterfaceAddresses(args: ArgumentSet): Pick<Config, "ipv4" | "ipv6">;
export declare function parseMtu(args: ArgumentSet): Config["mtu"];
/**
 * A path with blanks is taken whole when there is such a file; otherwise it ends at the first blank,
 * where the original always cuts it.
 */
export declare function parsePostUpScript(args: ArgumentSet, isFile: (path: string) => boolean): string | undefined;
