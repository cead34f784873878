/** The daemon's process from its configuration to its exit status: what surrounds the tunnel, in the order of the start. */
import { stat } from "node:fs/promises";
import { MemoryFile, UnixDatagram } from "tun-native";
import type { Config } from "../config/config.ts";
import { startDaemon } from "../daemon/daemon.ts";
import type { DataPlaneThread } from "../data-plane/thread.ts";
import { type Confinement, confine, openDoor, outsideRights, planConfinement } from "../host/confinement.ts";
import { HANDOVER_VARIABLE, handoverValue, type Role, writeHandover } from "../host/handover.ts";
import { HostFiles } from "../host/host-files.ts";
import { enterBackground, withoutStderr } from "../host/in-background.ts";
import { Launcher } from "../host/launcher.ts";
import { PidFile } from "../host/pid-file.ts";
import { ServiceManager } from "../host/service-manager.ts";
import { Watchdog } from "../host/watchdog.ts";
import { createLog, type LogTarget, type OpenLog } from "../log/logger.ts";
import { openTargets } from "../log/targets.ts";
import { EXIT_FAILURE } from "./exit-status.ts";
import { type Origin, readConfig } from "./origin.ts";
import { Reloader, readInside, readOutside } from "./reload.ts";
import { fatal, supervise } from "./supervise.ts";

const SYSLOG_SOCKET = "/dev/log";
const NEW_FILE_MODE = 0o666;
/** As the memory of a handover is called, for whoever looks at /proc. */
const MEMORY_NAME = "anytun";

/**
 * @param plane launched by the caller, before anything else was loaded
 * @param role how this process became the daemon; absent = a user or a service manager started it, and it stays as it is
 * @param complain takes one line for whoever started the daemon
 * @returns the exit status
 * @throws AnytunError, TunNativeError of the time before there is a log
 */
export async function runDaemon(
  origin: Origin,
  complain: (text: string) => void,
  plane: DataPlaneThread,
  role?: Role,
): Promise<number> {
  const launcher = role?.type === "background" ? new Launcher(role.statusFd) : undefined;
  try {
    return await run(origin, complain, plane, launcher);
  } finally {
    launcher?.tell(EXIT_FAILURE);
  }
}

async function run(
  origin: Origin,
  complain: (text: string) => void,
  plane: DataPlaneThread,
  launcher: Launcher | undefined,
): Promise<number> {
  const config = readConfig(origin);
  const files = new HostFiles();
  const manager = new ServiceManager({
    variables: process.env,
    pids: [process.pid, origin.launcher],
    connect: (path) => UnixDatagram.open(path),
    complain,
    monotonic: () => process.hrtime.bigint() / 1000n,
  });
  const newFileMode = NEW_FILE_MODE & ~enterBackground(launcher !== undefined);
  const openLogTargets = ({ logTargets, logFormat }: Config): LogTarget[] =>
    openTargets(launcher === undefined ? logTargets : logTargets.map(withoutStderr), {
      // made at their first use: that takes a while
      get stdout() {
        return process.stdout;
      },
      get stderr() {
        return process.stderr;
      },
      format: logFormat,
      pid: process.pid,
      openFile: (path, flags) => files.open(path, flags, newFileMode),
      connectSyslog: () => files.connect(SYSLOG_SOCKET),
      complain,
    });
  const log = createLog(openLogTargets(config));
  endOnDefects(log, complain);
  if (origin.maskProblem !== undefined) {
    log.warning(`secrets of the command line can be seen by other users: ${origin.maskProblem}`);
  }
  let pidFile: PidFile | undefined;
  let watchdog: Watchdog | undefined;
  let reloader: Reloader | undefined;
  const status = await supervise({
    start: async (signal) => {
      const confinement = planConfinement(config);
      if (confinement !== undefined) await startThreadPool();
      pidFile = config.pidFile === undefined ? undefined : PidFile.claim(config.pidFile, newFileMode);
      const daemon = await startDaemon(config, log, signal, {
        files,
        plane,
        confine: (paths) => {
          if (confinement !== undefined) goBehindDoor(config, confinement, origin, paths, files, log);
        },
      });
      if (daemon === undefined) return undefined;
      try {
        pidFile?.write(process.pid);
        launcher?.release();
      } catch (error) {
        await daemon.close();
        throw error;
      }
      manager.ready(process.pid, `${daemon.device} is up`);
      reloader = new Reloader({
        ...{ daemon, config, log, manager },
        read: () => (files.isBehind ? readOutside(files) : readInside(origin)),
        rights: {
          network: confinement === undefined || confinement.keep.includes("NET_ADMIN"),
          files: confinement === undefined,
        },
        switchLog: (next) => log.replaceTargets(openLogTargets(next)),
      });
      watchdog = new Watchdog(manager, daemon);
      return daemon;
    },
    log,
    signals: process,
    complain,
    reload: () => void reloader?.request(),
    stopping: () => manager.stopping(),
  });
  watchdog?.close();
  pidFile?.remove((path) => files.unlink(path));
  manager.close();
  log.close();
  return status;
}

/** Node's pool starts all its threads with the first use; those of later would have what the main thread keeps. */
async function startThreadPool(): Promise<void> {
  await stat("/");
}

function goBehindDoor(
  config: Config,
  confinement: Confinement,
  origin: Origin,
  paths: readonly string[],
  files: HostFiles,
  log: OpenLog,
): void {
  const memory = new MemoryFile(MEMORY_NAME);
  writeHandover(memory.fd, origin);
  const environment = { ...process.env, [HANDOVER_VARIABLE]: handoverValue(memory.fd, { type: "reader" }) };
  const program = { words: [process.execPath, process.argv[1] ?? ""], memory: memory.fd };
  openDoor(outsideRights(config, paths, program, environment), files);
  memory.close();
  confine(confinement, log);
}

/** What nobody caught is a defect of the program; it ends like any other fatal error. */
function endOnDefects(log: OpenLog, complain: (text: string) => void): void {
  process.on("uncaughtException", (error) => {
    fatal(error, { log, complain });
    log.close();
    process.exit(EXIT_FAILURE);
  });
}
