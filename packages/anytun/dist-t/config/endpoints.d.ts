import type { ArgumentSet } from "./argument-set.ts";
import type { Config, StartNote } from "./config.ts";
import { type ServiceLookup } from "./values.ts";
export type EndpointConfig = Pick<Config, "family" | "local" | "remote">;
export declare function parseEndpoints(args: ArgumentSet, services: ServiceLookup, notes: StartNote[]): EndpointConfig;
