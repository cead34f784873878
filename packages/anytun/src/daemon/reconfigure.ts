/** A running tunnel is given another configuration: what can fail for a reason of its own is first, so that all of it counts or none. */
import type { NetworkInterface } from "tun-native";
import type { Config } from "../config/config.ts";
import type { DataPlaneThread } from "../data-plane/thread.ts";
import { errorText } from "../error-text.ts";
import type { Logger } from "../log/logger.ts";
import type { Announcer } from "./announcer.ts";
import { configuredState } from "./connections/configured-state.ts";
import type { Connections } from "./connections/connections.ts";
import type { KernelRouting } from "./kernel-routes/install.ts";
import { keepAliveTimes } from "./liveness.ts";
import { reconfigureDevice } from "./local-device.ts";
import type { StoredSequenceBook } from "./sequence-book.ts";
import { hasNoChoice } from "./sync/late-routing.ts";
import type { TunnelMtu } from "./tunnel-mtu.ts";

/** What a configuration can change while the tunnel runs. */
export interface ChangeableParts {
  readonly connections: Connections;
  /** The daemon closes the one in use. */
  readonly book: {
    inUse: StoredSequenceBook;
    /** @throws AnytunError `state` */
    readonly open: (config: Config) => StoredSequenceBook;
  };
  readonly plane: DataPlaneThread;
  readonly link: NetworkInterface;
  readonly mtu: TunnelMtu;
  readonly kernelRouting: KernelRouting;
  readonly announcer: Announcer;
  readonly log: Logger;
}

/** @throws AnytunError `connection`, `state`; nothing is different then */
export function reconfigure(parts: ChangeableParts, before: Config, next: Config): void {
  const { connections, book, plane, link, mtu, kernelRouting, announcer, log } = parts;
  const otherBook = next.senderId === before.senderId ? undefined : book.open(next);
  try {
    reconfigureConnections(connections, next);
  } catch (error) {
    otherBook?.close();
    throw error;
  }
  if (otherBook !== undefined) {
    connections.setBook(otherBook);
    book.inUse.close();
    book.inUse = otherBook;
  }
  if (next.keepAliveSeconds !== before.keepAliveSeconds) plane.setKeepAlive(keepAliveTimes(next.keepAliveSeconds));
  const attempt = (change: () => void): void => {
    try {
      change();
    } catch (error) {
      log.error(`${link.name} could not be configured: ${errorText(error)}`);
    }
  };
  attempt(() => reconfigureDevice(link, next.device.kind, before, next));
  attempt(() => kernelRouting.set(next.installRoutes));
  announcer.setScript(next.announceScript);
  mtu.configure({ ...next, tagBytes: next.suite.tagBytes });
}

/** @throws AnytunError `connection`; nothing is different then */
function reconfigureConnections(connections: Connections, next: Config): void {
  const { routing } = connections;
  const staysSingle = next.cluster !== undefined && routing === "single" && hasNoChoice(connections);
  if (!staysSingle) connections.setRouting(next.routing);
  try {
    connections.configure(configuredState(next));
  } catch (error) {
    connections.setRouting(routing);
    throw error;
  }
}
