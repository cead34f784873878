/** Everything that `--metrics` needs is loaded here, and only when it is asked for. */
import type { Config } from "../config/config.ts";
import { systemClock } from "../daemon/clock.ts";
import type { Logger } from "../log/logger.ts";
import { daemonStatus, peerPages, type StatusSources } from "../status/daemon-status.ts";

/**
 * @returns the server, for the caller to close; undefined when there is none
 * @throws AnytunError `start` when the address cannot be used
 */
export async function openMetrics(
  place: Config["metrics"],
  sources: StatusSources,
  log: Logger,
): Promise<{ close(): Promise<void> } | undefined> {
  if (place === undefined) return undefined;
  const { MetricsServer } = await import("./metrics-server.ts");
  const { metricsText } = await import("./metrics-text.ts");
  const { ResidentMemory } = await import("./resident-memory.ts");
  const memory = new ResidentMemory();
  try {
    const server = await MetricsServer.open({
      ...place,
      log,
      now: () => systemClock.now(),
      text: () =>
        metricsText({
          daemon: () => daemonStatus(sources),
          peers: () => peerPages(sources),
          process,
          residentBytes: memory.bytes,
          now: () => Date.now(),
        }),
    });
    log.notice(`metrics: http://${server.address}/metrics`);
    return {
      async close() {
        await server.close();
        memory.close();
      },
    };
  } catch (error) {
    memory.close();
    throw error;
  }
}
