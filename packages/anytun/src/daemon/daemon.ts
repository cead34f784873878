/** Joins the parts into a running tunnel, and takes them apart again in the reverse order. */
import { cipherContext } from "satp-core";
import { cipherKernel, findGroup, lockFile, NetworkInterface, pathMtu, unlockFile } from "tun-native";
import type { Config } from "../config/config.ts";
import type { PlaneTunnelSetup } from "../data-plane/messages.ts";
import { type DataPlaneEvent, DataPlaneThread } from "../data-plane/thread.ts";
import { HostFiles } from "../host/host-files.ts";
import type { Logger } from "../log/logger.ts";
import { openMetrics } from "../metrics/open-metrics.ts";
import { type StatusSources, statusAnswer } from "../status/daemon-status.ts";
import { openStatus } from "../status/open-status.ts";
import { packageVersion } from "../version.ts";
import { Announcer } from "./announcer.ts";
import { systemClock } from "./clock.ts";
import { configuredState } from "./connections/configured-state.ts";
import { Connections } from "./connections/connections.ts";
import { Drain } from "./drain.ts";
import { Ends } from "./ends.ts";
import { followPeer } from "./follow-peer.ts";
import { KernelRouting } from "./kernel-routes/install.ts";
import { literalEndpoints } from "./literal-endpoints.ts";
import { keepAliveTimes } from "./liveness.ts";
import { DEVICE_NODE, openDevice } from "./local-device.ts";
import { openSockets } from "./local-sockets.ts";
import { withAdvice } from "./missing-right.ts";
import type { LocalSocket } from "./peer-endpoint.ts";
import { PlaneLog } from "./plane-log.ts";
import { type ChangeableParts, reconfigure } from "./reconfigure.ts";
import { reportLines } from "./report.ts";
import type { ResolveContext } from "./resolver.ts";
import { StoredSequenceBook } from "./sequence-book.ts";
import { hasNoChoice, routeOnceThereIsChoice } from "./sync/late-routing.ts";
import type { SyncLink } from "./sync/sync-link.ts";
import { followConnections, TunnelMtu } from "./tunnel-mtu.ts";

/** Summaries of rate-limited log lines are looked for this often. */
const FLUSH_MS = 10_000;
/** In the words of the original, which scripts may wait for. */
const ROUTING_DISABLED =
  "No sync/control host defined or not a tun device. Disabling multi connection support (routing)";
/** The path's MTU is looked at again this often; changes of the endpoint count at once. */
const MTU_CHECK_MS = 60_000;
/** Peers whose counters go to the log on request. */
const REPORTED_PEERS = 64;

/** A running tunnel. */
export interface Daemon {
  /** Name of the interface. */
  readonly device: string;
  /** Rejects with the first fatal error, resolves after `close()`. */
  readonly closed: Promise<void>;
  /**
   * Another configuration, which differs from the one in use only in what can change while the tunnel runs. Connections
   * that it leaves as they were lose no packet.
   * @throws AnytunError `connection`; nothing is different then
   */
  configure(config: Config): void;
  /** Counters as log lines; empty once the daemon has ended. */
  report(): Promise<string[]>;
  /** Resolves once the data plane has answered; false when it has ended. */
  ping(): Promise<boolean>;
  /** Ends the tunnel and everything that belongs to it. Idempotent. */
  close(): Promise<void>;
}

/** What the process around the tunnel does for it. */
export interface DaemonHost {
  readonly files: HostFiles;
  /**
   * Gives up what only the start needs; called once, when everything is open.
   * @param paths of files that `files` must be able to take away at the end
   * @throws when that fails
   */
  confine(paths: readonly string[]): void;
  /** Started before there was a configuration, because nothing takes longer; the daemon ends it. Absent = the daemon starts one. */
  readonly plane?: DataPlaneThread;
}

/**
 * Starts a tunnel and returns when it carries packets (to a peer whose name is still being resolved, as soon as it is).
 * @param signal ends the start when a name of this host cannot be resolved
 * @throws AnytunError, TunNativeError; nothing stays open then
 */
export async function startDaemon(
  config: Config,
  log: Logger,
  signal: AbortSignal,
  host: DaemonHost = { files: new HostFiles(), confine: () => {} },
): Promise<Daemon | undefined> {
  const ends = new Ends();
  try {
    const daemon = await start(config, log, signal, host, ends);
    if (daemon === undefined) await ends.run();
    return daemon;
  } catch (error) {
    await ends.run();
    throw withAdvice(error);
  }
}

async function start(
  config: Config,
  log: Logger,
  signal: AbortSignal,
  host: DaemonHost,
  ends: Ends,
): Promise<Daemon | undefined> {
  let current = config;
  log.notice("anytun started...");
  for (const { level, text } of config.notes) log.log(level, text);
  const tunnel: PlaneTunnelSetup = {
    kind: config.device.kind,
    mux: config.mux,
    routing: config.routing,
    keepAlive: keepAliveTimes(config.keepAliveSeconds),
    sample: { context: cipherContext(config.suite, config.keys, config.role), windowSize: config.windowSize },
  };
  // first: it gets ready while everything else is opened
  const plane = host.plane ?? DataPlaneThread.launch();
  ends.add(() => plane.close());
  plane.prepare(tunnel);
  const names: ResolveContext = { lookup: host.files.lookup, clock: systemClock, log };

  const openBook = ({ stateDir, senderId, suite, cluster }: Config): StoredSequenceBook =>
    StoredSequenceBook.open({
      ...{ dir: stateDir, senderId, log },
      hasKeys: suite.kdPrf !== "null",
      cluster: cluster !== undefined,
      lock: { lockFile, unlockFile },
    });
  const book = { open: openBook, inUse: openBook(config) };
  ends.add(() => book.inUse.close());

  const connections = new Connections({
    routing: config.routing,
    kind: config.device.kind,
    book: book.inUse,
    log,
    clock: systemClock,
    follow: ({ mux, remote, family }) =>
      followPeer({
        ...{ mux, remote, family, names, sockets: locals },
        peers: (from, count) => plane.peers(from, count),
        setEndpoint: (changed, endpoint) => connections.setEndpoint(changed, endpoint),
      }),
  });
  ends.add(() => connections.close());
  connections.configure(configuredState(config));
  if (config.cluster !== undefined && config.routing === "routes" && hasNoChoice(connections)) {
    connections.setRouting("single");
    ends.add(routeOnceThereIsChoice(connections));
  }
  // before anything is opened: a state directory that cannot be written is the first thing to know
  const commands = connections.firstCommands();

  const sockets = await openSockets(config, names, signal);
  if (sockets === undefined) return undefined;
  const closeSockets = (): void => sockets.forEach((socket) => void socket.close());
  ends.add(closeSockets);
  const locals: readonly LocalSocket[] = sockets.map(({ family, id }) => ({ family, id }));

  const device = openDevice(config, log);
  ends.add(() => device.close());
  const name = device.name;
  const link = new NetworkInterface(name);
  if (config.routing === "single") log.notice(ROUTING_DISABLED);
  log.notice(`KeyDerivation: using role ${config.role}`);

  const lines = new PlaneLog(log, systemClock, name, () =>
    connections.routing === "single" ? current.mux : undefined,
  );
  const onEvent = (event: DataPlaneEvent): void => {
    connections.onEvent(event);
    lines.onEvent(event);
    // the kernel refuses for their size only what its idea of the path has just changed for
    if (event.type === "rejected" && event.rejections.sendTooBig > 0) mtu.check();
  };
  await plane.start(
    {
      device: device.detach(),
      sockets: sockets.map((socket) => socket.detach()),
      tunnel,
      commands: [
        ...commands,
        { type: "connections", setups: literalEndpoints(configuredState(config).connections, locals) },
      ],
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
  ends.add(followConnections(connections, mtu));
  mtu.check();
  const mtuTimer = setInterval(() => mtu.check(), MTU_CHECK_MS).unref();
  ends.add(() => clearInterval(mtuTimer));
  const flush = setInterval(() => lines.flush(), FLUSH_MS).unref();
  ends.add(() => {
    clearInterval(flush);
    lines.finish();
  });

  const announcer = new Announcer({ script: config.announceScript, device: name, log });
  const drain = new Drain({
    withdraw: () => announcer.withdraw(),
    packetsIn: async () => (await plane.snapshot())?.traffic.packetsIn,
    end: () => ends.run(),
    clock: systemClock,
    log,
  });
  let cluster: SyncLink | undefined;
  const startedMs = systemClock.now();
  const startedAt = new Date();
  const sources: StatusSources = {
    info: {
      ...{ name: config.name ?? name, version: packageVersion(), pid: process.pid, startedAt },
      get config() {
        return current;
      },
      device: { name, offloads: device.offloads },
      sockets: sockets.map(({ label }) => label),
      socketOffloads: sockets[0]?.offloads ?? [],
      kernel: cipherKernel(),
    },
    uptimeMs: () => systemClock.now() - startedMs,
    mtu: () => mtu.state,
    snapshot: () => plane.snapshot(),
    peers: (from) => plane.peers(from),
    drain,
    cluster: () => cluster?.state,
  };
  const status = await openStatus({
    ...{ socket: config.statusSocket, name: sources.info.name, pid: process.pid, lock: { lockFile, unlockFile }, log },
    findGroup,
    answer: (asked) => statusAnswer(sources, asked),
  });
  ends.add(() => status?.close((path) => host.files.unlink(path)));
  const metrics = await openMetrics(config.metrics, sources, log);
  ends.add(() => metrics?.close());

  const kernelRouting = new KernelRouting(name, connections, log);
  ends.add(() => kernelRouting.close());
  kernelRouting.set(config.installRoutes);
  if (config.postUpScript !== undefined) {
    const { startScript } = await import("./script.ts");
    const script = startScript({ kind: "post-up", script: config.postUpScript, args: [name, DEVICE_NODE], log });
    ends.add(async () => void (await script.close()));
  }
  cluster =
    config.cluster === undefined
      ? undefined
      : await (await import("./sync/sync-link.ts")).SyncLink.start({
          cluster: config.cluster,
          role: config.role,
          own: () => ({ kdPrf: current.suite.kdPrf, keys: current.hasOwnKeys ? current.keys : undefined }),
          senderId: config.senderId,
          connections,
          sockets: locals,
          lookup: host.files.lookup,
          peers: (from) => plane.peers(from),
          clock: systemClock,
          log,
        });
  ends.add(() => cluster?.close());
  host.confine(status === undefined ? [] : [status.path]);
  connections.attach(plane);
  await cluster?.follow();
  // from here on this node knows what the others know
  ends.add(() => announcer.withdraw());
  ends.add(() => drain.close());
  void announcer.announce();
  const parts: ChangeableParts = { connections, book, plane, link, mtu, kernelRouting, announcer, log };
  return {
    device: name,
    closed: plane.closed,
    configure(next) {
      reconfigure(parts, current, next);
      current = next;
    },
    ping: async () => (await plane.snapshot()) !== undefined,
    report: async () => reportLines(await plane.snapshot(), await plane.peers(0, REPORTED_PEERS)),
    close: () => ends.run(),
  };
}
