/** A connection to a server, over TCP or TLS. Every address of the name is tried. */
import { connect as connectTcp, isIP, type LookupFunction } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { type ClusterTls, isNoTls } from "../tls.ts";

/** @returns an open connection; rejects with the reason, or when `signal` aborts */
export type Connector = (signal: AbortSignal) => Promise<Duplex>;

export interface ConnectTarget {
  /** Name or literal address. */
  readonly host: string;
  readonly port: number;
  /** From `clusterTls`; absent = plain TCP. */
  readonly tls?: ClusterTls | undefined;
  /** Addresses of the name, at least one; absent = the system's resolver. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

const CONNECT_MS = 10_000;
/** For one address of several. */
const ATTEMPT_MS = 2500;
/** A server that is gone without a word is noticed after this and ten probes a second apart. */
const KEEP_ALIVE_MS = 15_000;

export function connector({ host, port, tls, resolve: names }: ConnectTarget): Connector {
  return (signal) =>
    new Promise((resolve, reject) => {
      const options = {
        host,
        port,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
        autoSelectFamily: true,
        autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
        ...(names === undefined ? {} : { lookup: lookupWith(names) }),
      };
      const socket =
        tls === undefined
          ? connectTcp(options)
          : connectTls({
              ...options,
              secureContext: tls.context,
              // membership is decided by the authority, see tls.ts
              checkServerIdentity: () => undefined,
            });
      const fail = (error: Error): void => {
        release();
        socket.on("error", () => undefined);
        socket.destroy();
        reject(isNoTls(error) ? new Error("the server does not speak TLS", { cause: error }) : error);
      };
      const abort = (): void => fail(new Error("given up"));
      const timer = setTimeout(() => fail(new Error("connection timed out")), CONNECT_MS);
      const release = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
        socket.off("error", fail);
      };
      socket.once(tls === undefined ? "connect" : "secureConnect", () => {
        release();
        resolve(socket);
      });
      socket.on("error", fail);
      signal.addEventListener("abort", abort);
      if (signal.aborted) abort();
    });
}

function lookupWith(names: (host: string) => Promise<readonly string[]>): LookupFunction {
  return (host, options, done) => {
    names(host).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIP(address.replace(/%.*/, "")) }));
        const [first] = found;
        if (first === undefined) done(new Error(`${host} has no address`), "", 0);
        else if (options.all === true) done(null, found);
        else done(null, first.address, first.family);
      },
      (error: Error) => done(error, "", 0),
    );
  };
}
