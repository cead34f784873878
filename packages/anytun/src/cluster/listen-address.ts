/** The -X of anytun-controld, and the -I and -S of anytun: where a server listens (spec: anytun-suite-cli.md 2). */
import type { ListenAddress } from "satp-sync";
import type { Argument } from "../cli/arguments.ts";
import { decimal, type ServiceLookup } from "../config/values.ts";
import type { Lookup } from "../daemon/resolver.ts";
import { errorText } from "../error-text.ts";
import { AnytunError, UsageError } from "../errors.ts";
import { DEFAULT_SYNC_PORT, portOf, splitHost } from "./host-list.ts";

export interface ListenWish {
  /** Name or literal; absent = every address of both families. */
  readonly host: string | undefined;
  readonly port: number;
}

const LOOPBACK: ListenWish = { host: "127.0.0.1", port: DEFAULT_SYNC_PORT };

/** @throws UsageError */
export function parseListen(arg: Argument | undefined, services: ServiceLookup): ListenWish {
  if (arg === undefined) return LOOPBACK;
  const { typed, value } = arg;
  if (decimal(value) !== undefined) throw new UsageError(typed, value, `a port alone is written :${value}`);
  if (value.startsWith(":") && value.lastIndexOf(":") === 0) {
    return { host: undefined, port: portOf(typed, value, value.slice(1), services) };
  }
  const { host, port } = splitHost(typed, value);
  const number = port === "" ? DEFAULT_SYNC_PORT : portOf(typed, value, port, services);
  return { host: host === "" ? undefined : host, port: number };
}

/** @throws AnytunError `start` for a name without address */
export async function listenAddresses({ host, port }: ListenWish, lookup: Lookup): Promise<ListenAddress[]> {
  if (host === undefined) {
    return [
      { family: 4, address: "0.0.0.0", port },
      { family: 6, address: "::", port },
    ];
  }
  try {
    return (await lookup(host, "any")).map(({ family, address }) => ({ family, address, port }));
  } catch (error) {
    throw new AnytunError("start", `${host}: cannot be resolved: ${errorText(error)}`, { cause: error });
  }
}

/** Whether others than this host can connect. */
export function isPublic({ address }: ListenAddress): boolean {
  return !address.startsWith("127.") && address !== "::1";
}
