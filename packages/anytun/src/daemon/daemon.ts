/** Joins the parts into a running tunnel, and takes them apart again in the reverse order. */
import { cipherContext, formatEndpoint } from "satp-core";
import { lockFile, NetworkInterface, pathMtu, type UdpSocket, unlockFile } from "tun-native";
import type { AddressFamily, Config } from "../config/config.ts";
import type { Snapshot } from "../data-plane/messages.ts";
import { type DataPlaneEvent, DataPlaneThread } from "../data-plane/thread.ts";
import type { Logger } from "../log/logger.ts";
import { systemClock } from "./clock.ts";
import { DEVICE_NODE, openDevice } from "./local-device.ts";
import { openSockets } from "./local-sockets.ts";
import { type LocalSocket, peerEndpoint } from "./peer-endpoint.ts";
import { PeerResolver } from "./peer-resolver.ts";
import { PlaneLog } from "./plane-log.ts";
import { startPostUp } from "./post-up.ts";
import { reportLines } from "./report.ts";
import { type Address, type ResolveContext, systemLookup } from "./resolver.ts";
import { SequenceStore } from "./sequence-store.ts";
import { SequenceSupply } from "./sequence-supply.ts";
import { TunnelMtu } from "./tunnel-mtu.ts";

/** Summaries of rate-limited log lines are looked for this often. */
const FLUSH_MS = 10_000;
/** The path's MTU is looked at again this often; changes of the endpoint count at once. */
const MTU_CHECK_MS = 60_000;

/** A running tunnel. */
export interface Daemon {
  /** Rejects with the first fatal error, resolves after `close()`. */
  readonly closed: Promise<void>;
  /** Counters as log lines; empty once the daemon has ended. */
  report(): Promise<string[]>;
  /** Ends the tunnel and everything that belongs to it. Idempotent. */
  close(): Promise<void>;
}

/** Ends of what was started, run last first and once. */
class Ends {
  readonly #ends: (() => void | Promise<void>)[] = [];
  #closing: Promise<void> | undefined;

  add(end: () => void | Promise<void>): void {
    this.#ends.push(end);
  }

  run(): Promise<void> {
    this.#closing ??= this.#runAll();
    return this.#closing;
  }

  async #runAll(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
  }
}

/**
 * Starts a tunnel and returns when it carries packets (to a peer whose name is still being resolved, as soon as it is).
 * @param signal ends the start when a name of this host cannot be resolved
 * @throws AnytunError, TunNativeError; nothing stays open then
 */
export async function startDaemon(config: Config, log: Logger, signal: AbortSignal): Promise<Daemon | undefined> {
  const ends = new Ends();
  try {
    const daemon = await start(config, log, signal, ends);
    if (daemon === undefined) await ends.run();
    return daemon;
  } catch (error) {
    await ends.run();
    throw error;
  }
}

async function start(config: Config, log: Logger, signal: AbortSignal, ends: Ends): Promise<Daemon | undefined> {
  log.notice("anytun started...");
  for (const { level, text } of config.notes) log.log(level, text);
  const names: ResolveContext = { lookup: systemLookup, clock: systemClock, log };

  const store = SequenceStore.open({
    dir: config.stateDir,
    identity: {
      ...config.keys,
      kdPrf: config.suite.kdPrf,
      role: config.role,
      senderId: config.senderId,
      mux: config.mux,
    },
    lock: { lockFile, unlockFile },
    log,
  });
  ends.add(() => store.close());
  const supply = new SequenceSupply(store, log, systemClock);
  ends.add(() => supply.close());
  const sequence = supply.first();

  const sockets = await openSockets(config, names, signal);
  if (sockets === undefined) return undefined;
  const closeSockets = (): void => sockets.forEach((socket) => void socket.close());
  ends.add(closeSockets);
  const locals: readonly LocalSocket[] = sockets.map(({ family, id }) => ({ family, id }));

  const device = openDevice(config, log);
  ends.add(() => device.close());
  const name = device.name;
  const link = new NetworkInterface(name);
  log.notice(`KeyDerivation: using role ${config.role}`);

  const lines = new PlaneLog(log, systemClock, name, config.mux);
  const onEvent = (event: DataPlaneEvent): void => {
    switch (event.type) {
      case "peer-detected":
        lines.peerDetected(event.mux, event.endpoint);
        mtu.follow(event.endpoint);
        break;
      case "endpoint-moved":
        lines.endpointMoved(event.mux, event.endpoint);
        mtu.follow(event.endpoint);
        break;
      case "candidate-appeared":
        lines.candidateAppeared(event.mux, event.endpoint);
        break;
      case "rejected":
        lines.rejected(event.rejections);
        // the kernel refuses for their size only what its idea of the path has just changed for
        if (event.rejections.sendTooBig > 0) mtu.check();
        break;
      case "segments-refused":
        lines.segmentsRefused();
        break;
      case "sequence-low":
        void supply.refill((range) => plane.extendSequence(range));
        break;
    }
  };
  const plane = await DataPlaneThread.start(
    {
      device: device.detach(),
      sockets: sockets.map((socket) => socket.detach()),
      tunnel: { kind: config.device.kind, mux: config.mux, windowSize: config.windowSize },
      context: cipherContext(config.suite, config.keys, config.role),
      sequence,
      configuredMux: config.remote === undefined ? undefined : config.mux,
    },
    onEvent,
  );
  ends.add(() => plane.close());
  const mtu = new TunnelMtu(
    {
      ...config,
      kind: config.device.kind,
      tagBytes: config.suite.tagBytes,
      device: name,
      frameBytes: device.maxFrameBytes,
      log,
    },
    {
      get interfaceMtu() {
        return link.mtu;
      },
      set interfaceMtu(bytes) {
        link.mtu = bytes;
      },
      pathMtu,
      limitPackets: (bytes) => plane.setPacketLimit(bytes),
    },
  );
  mtu.check();
  const mtuTimer = setInterval(() => mtu.check(), MTU_CHECK_MS).unref();
  ends.add(() => clearInterval(mtuTimer));
  const flush = setInterval(() => lines.flush(), FLUSH_MS).unref();
  ends.add(() => {
    clearInterval(flush);
    lines.finish();
  });

  if (config.postUpScript !== undefined) {
    const script = startPostUp({ script: config.postUpScript, device: name, node: DEVICE_NODE, log });
    ends.add(() => script.close());
  }
  if (config.remote !== undefined) {
    const peer = new PeerResolver({
      ...names,
      name: config.remote,
      family: usableFamily(config.family, sockets),
      heardAgo: async () => heardAgo(await plane.snapshot(), config.mux),
      use: (address, port) => {
        const endpoint = usePeer(plane, config.mux, address, port, locals, log);
        if (endpoint !== undefined) mtu.follow(endpoint);
      },
    });
    ends.add(() => peer.close());
  }
  return {
    closed: plane.closed,
    report: async () => reportLines(await plane.snapshot()),
    close: () => ends.run(),
  };
}

function usePeer(
  plane: DataPlaneThread,
  mux: number,
  address: Address,
  port: number,
  sockets: readonly LocalSocket[],
  log: Logger,
): Int32Array | undefined {
  const endpoint = peerEndpoint(address, port, sockets);
  if (endpoint === undefined) {
    log.warning(`no suitable socket found for remote endpoint protocol: ${address.address} ${port}`);
    return undefined;
  }
  log.notice(`added connection remote host ${formatEndpoint(endpoint)}`);
  plane.setEndpoint(mux, endpoint);
  return endpoint;
}

/** A name is resolved only to addresses that one of the sockets can reach. */
function usableFamily(wanted: AddressFamily, sockets: readonly Pick<UdpSocket, "family">[]): AddressFamily {
  const has = (family: 4 | 6): boolean => sockets.some((socket) => socket.family === family);
  if (wanted !== "any" || (has(4) && has(6))) return wanted;
  return has(4) ? "ipv4" : "ipv6";
}

function heardAgo(snapshot: Snapshot | undefined, mux: number): number {
  return snapshot?.peers.find((peer) => peer.mux === mux)?.heardAgoMs ?? -1;
}
