import type { ServiceLookup } from "./values.ts";
/** Reads the file only when a name is asked for; without the file there are no services. */
export declare const systemServices: ServiceLookup;
export declare function findUdpService(text: string, name: string): number | undefined;
