/** anytun-controld's process from its options to its exit status: what surrounds the server, in the order of the start. */
import { type BigIntStats, closeSync, constants, fstatSync, statSync } from "node:fs";
import { setProcessName, UnixDatagram } from "tun-native";
import { Controld } from "../cluster/controld.ts";
import type { ControldConfig } from "../cluster/controld-config.ts";
import { type TableFiles, tableSource } from "../cluster/table-source.ts";
import { readTls } from "../cluster/tls-files.ts";
import { systemClock } from "../daemon/clock.ts";
import { confine, openDoor, outsideRights, planConfinement } from "../host/confinement.ts";
import { HostFiles } from "../host/host-files.ts";
import { enterBackground, withoutStderr } from "../host/in-background.ts";
import { Launcher } from "../host/launcher.ts";
import { PidFile } from "../host/pid-file.ts";
import { ServiceManager } from "../host/service-manager.ts";
import { openLog } from "../log/targets.ts";
import { EXIT_FAILURE } from "./exit-status.ts";
import { type Supervised, supervise } from "./supervise.ts";

const SYSLOG_SOCKET = "/dev/log";
const NEW_FILE_MODE = 0o666;
/** As the original's, so that `pgrep` and `killall` find it. */
const PROCESS_NAME = "anytun-controld";

export interface ControldProcess {
  readonly config: ControldConfig;
  /** Takes one line for whoever started the daemon. */
  readonly complain: (text: string) => void;
  /** Of the pipe that the process in front reads; absent in the foreground. */
  readonly statusFd: number | undefined;
  /** Process id that the service manager knows. */
  readonly launcher: number;
}

/**
 * @returns the exit status
 * @throws AnytunError, TunNativeError of the time before there is a log
 */
export async function runControld(controld: ControldProcess): Promise<number> {
  const launcher = controld.statusFd === undefined ? undefined : new Launcher(controld.statusFd);
  try {
    return await run(controld, launcher);
  } finally {
    launcher?.tell(EXIT_FAILURE);
  }
}

async function run(
  { config, complain, launcher: launcherPid }: ControldProcess,
  launcher: Launcher | undefined,
): Promise<number> {
  setProcessName(PROCESS_NAME);
  const files = new HostFiles();
  const tls = readTls(config.tls);
  const manager = new ServiceManager({
    variables: process.env,
    pids: [process.pid, launcherPid],
    connect: (path) => UnixDatagram.open(path),
    complain,
    monotonic: () => process.hrtime.bigint() / 1000n,
  });
  const newFileMode = NEW_FILE_MODE & ~enterBackground(launcher !== undefined);
  const log = openLog(launcher === undefined ? config.logTargets : config.logTargets.map(withoutStderr), {
    stdout: process.stdout,
    stderr: process.stderr,
    format: config.logFormat,
    pid: process.pid,
    openFile: (path, flags) => files.open(path, flags, newFileMode),
    connectSyslog: () => files.connect(SYSLOG_SOCKET),
    complain,
  });
  let pidFile: PidFile | undefined;
  const status = await supervise({
    start: async () => {
      log.notice("anytun-controld started...");
      const confinement = planConfinement(config);
      pidFile = config.pidFile === undefined ? undefined : PidFile.claim(config.pidFile, newFileMode);
      const { path, listen } = config;
      const source = tableSource(path, tableFiles(files));
      const server = await Controld.start({ path, source, listen, tls, lookup: files.lookup, clock: systemClock, log });
      try {
        if (confinement !== undefined) {
          openDoor(outsideRights(config, [], undefined, process.env, [path]), files);
          confine(confinement, log);
        }
        pidFile?.write(process.pid);
        launcher?.release();
      } catch (error) {
        await server.close();
        throw error;
      }
      manager.ready(process.pid, `serving ${path}`);
      return serve(server);
    },
    log,
    signals: process,
    complain,
    stopping: () => manager.stopping(),
  });
  pidFile?.remove((path) => files.unlink(path));
  manager.close();
  log.close();
  return status;
}

/** The table, by its path; behind the door by what the doorkeeper opens. */
function tableFiles(files: HostFiles): TableFiles {
  const open = (path: string): number => files.open(path, constants.O_RDONLY);
  const statOutside = (path: string): BigIntStats | undefined => {
    let descriptor: number;
    try {
      // a pipe that took the file's place would wait for a writer
      descriptor = files.open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch {
      return undefined;
    }
    try {
      return fstatSync(descriptor, { bigint: true });
    } finally {
      closeSync(descriptor);
    }
  };
  const stat = (path: string): BigIntStats | undefined =>
    files.isBehind ? statOutside(path) : statSync(path, { throwIfNoEntry: false, bigint: true });
  return { open, stat };
}

/** The server as what is supervised; SIGHUP also reads the table again. */
function serve(controld: Controld): Supervised {
  const reload = (): void => void controld.reload();
  process.on("SIGHUP", reload);
  let ended: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    ended = resolve;
  });
  return {
    closed,
    report: async () => [`clients: ${controld.clients}`],
    close: async () => {
      process.off("SIGHUP", reload);
      await controld.close();
      ended();
    },
  };
}
