/** The sockets of a server: accepts within the limits, speaks TLS if asked to, hands connections to a hub. */
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { KindCounter } from "../counts.ts";
import { SyncError } from "../errors.ts";
import { type ClusterTls, isNoTls, tlsReason } from "../tls.ts";
import {
  type ConnectLimitOptions,
  ConnectLimits,
  DEFAULT_CONNECT_LIMITS,
  type RefusedConnect,
} from "./connect-limits.ts";
import type { SyncHub } from "./sync-hub.ts";

export interface ListenAddress {
  readonly family: 4 | 6;
  /** Literal; an IPv6 one takes no IPv4 connections. */
  readonly address: string;
  /** 0 = the kernel's choice. */
  readonly port: number;
}

export interface ListenEvents {
  /** Said once for each socket. @param endpoint `192.0.2.1:2323`, `[::]:2323` */
  listening?(endpoint: string): void;
  connected?(from: string): void;
  /** Somebody was sent away; how often that is logged is the owner's decision. */
  refused?(why: SentAway, from: string, detail?: string): void;
}

/** Why somebody was not let in. */
export type SentAway = RefusedConnect | "TLS handshake failed";

export interface ListenOptions {
  /** At least one; all or none are bound. */
  readonly addresses: readonly ListenAddress[];
  /** From `clusterTls`; absent = plain TCP. */
  readonly tls?: ClusterTls | undefined;
  readonly limits?: Partial<ConnectLimitOptions>;
  readonly events?: ListenEvents;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** Bound sockets. The hub is not theirs: it outlives them. */
export interface SyncListener {
  /** Ports in the order of the addresses. */
  readonly ports: readonly number[];
  /** `192.0.2.1:2323`, `[::]:2323`, in the same order. */
  readonly endpoints: readonly string[];
  /** Connections that are open, those in a handshake included. */
  readonly open: number;
  /** Connects that were not let in, since the start. */
  readonly sentAway: ReadonlyMap<SentAway, number>;
  /** Stops accepting and ends handshakes; connections of the hub stay. Idempotent. */
  close(): Promise<void>;
}

const HANDSHAKE_MS = 10_000;
const KEEP_ALIVE_MS = 15_000;

/** @throws SyncError `listen`, with the errno's error as its cause; nothing stays bound then */
export async function listenSync(hub: SyncHub, options: ListenOptions): Promise<SyncListener> {
  const { addresses, tls, events = {}, now = () => performance.now() } = options;
  const limits = new ConnectLimits({ ...DEFAULT_CONNECT_LIMITS, ...options.limits });
  const handshakes = new Map<Socket, string>();
  const sentAway = new KindCounter<SentAway>();
  const refuse: NonNullable<ListenEvents["refused"]> = (why, from, detail) => {
    sentAway.add(why);
    events.refused?.(why, from, detail);
  };
  const tlsServer = tls === undefined ? undefined : secureServer(tls, hub, handshakes, { ...events, refused: refuse });
  const servers: Server[] = [];
  const accept = (socket: Socket): void => {
    const address = socket.remoteAddress;
    socket.on("error", () => undefined);
    if (address === undefined) {
      socket.destroy();
      return;
    }
    const from = endpointText(address, socket.remotePort ?? 0);
    const refused = limits.take(address, now());
    if (refused !== undefined) {
      socket.destroy();
      refuse(refused, from);
      return;
    }
    socket.on("close", () => limits.release(address));
    if (tlsServer === undefined) {
      events.connected?.(from);
      hub.accept(socket, from);
    } else {
      handshakes.set(socket, from);
      socket.on("close", () => {
        // what failed is told a moment later, if it is
        setImmediate(() => {
          if (handshakes.delete(socket)) refuse("TLS handshake failed", from, "the client closed the connection");
        });
      });
      tlsServer.emit("connection", socket);
    }
  };
  const close = async (): Promise<void> => {
    await Promise.all(servers.splice(0).map(closeServer));
    const begun = [...handshakes.keys()];
    handshakes.clear();
    for (const socket of begun) socket.destroy();
  };
  try {
    for (const address of addresses) servers.push(await bind(address, accept));
  } catch (error) {
    await close();
    throw error;
  }
  const ports = servers.map(portOf);
  const endpoints = addresses.map(({ address }, i) => endpointText(address, ports[i] ?? 0));
  for (const endpoint of endpoints) events.listening?.(endpoint);
  return {
    ports,
    endpoints,
    get open() {
      return limits.open;
    },
    get sentAway() {
      return sentAway.all();
    },
    close,
  };
}

/** Never listens itself: connections that were let in are handed to it. */
function secureServer(
  { options }: ClusterTls,
  hub: SyncHub,
  handshakes: Map<Socket, string>,
  events: ListenEvents,
): TlsServer {
  const server = createTlsServer({
    ...options,
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: HANDSHAKE_MS,
    allowHalfOpen: true,
  });
  server.on("secureConnection", (socket) => {
    const from = endpointText(socket.remoteAddress ?? "", socket.remotePort ?? 0);
    for (const [raw, other] of handshakes) if (other === from) handshakes.delete(raw);
    events.connected?.(from);
    hub.accept(socket, from);
  });
  server.on("tlsClientError", (error, socket) => {
    const { remoteAddress, remotePort = 0, authorizationError } = socket;
    const place = remoteAddress === undefined ? undefined : endpointText(remoteAddress, remotePort);
    // one that is closed has forgotten where it was from
    const found = [...handshakes].find(([raw, from]) => (place === undefined ? raw.destroyed : from === place));
    const from = found?.[1] ?? place ?? "that is gone";
    if (found !== undefined) handshakes.delete(found[0]);
    // a certificate that this end refuses is found out when the handshake itself is over
    const fault = isNoTls(error) ? "the client does not speak TLS" : tlsReason(error);
    const why = authorizationError ? `certificate refused: ${certificateFault(authorizationError)}` : fault;
    events.refused?.("TLS handshake failed", from, why);
    socket.destroy();
  });
  return server;
}

/** `SELF_SIGNED_CERT_IN_CHAIN` in words. */
function certificateFault(fault: Error | string): string {
  return (typeof fault === "string" ? fault : fault.message).toLowerCase().replaceAll("_", " ");
}

function bind({ family, address, port }: ListenAddress, accept: (socket: Socket) => void): Promise<Server> {
  const server = createServer({
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  });
  server.on("connection", accept);
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      // `listen EADDRINUSE: address already in use 192.0.2.1:2323`
      const [, code, text] = /^listen (\w+): (.*?)(?: \S*:\d+)?$/.exec(error.message) ?? [];
      const reason = code === undefined ? error.message : `${text} (${code})`;
      reject(new SyncError("listen", `${endpointText(address, port)}: ${reason}`, { cause: error }));
    });
    server.listen({ host: address, port, ipv6Only: family === 6 }, () => {
      server.removeAllListeners("error");
      // a connection that could not be accepted is the kernel's or its own loss
      server.on("error", () => undefined);
      resolve(server);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // resolves when connections are gone too, which belong to the hub
    server.close();
    server.unref();
    resolve();
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function endpointText(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
