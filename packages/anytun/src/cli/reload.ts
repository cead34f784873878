/** SIGHUP: the configuration is read again and takes effect as a whole, as far as it can, or not at all. */
import { existsSync } from "node:fs";
import { deserialize } from "node:v8";
import type { Config } from "../config/config.ts";
import { planReload, type ReloadRights } from "../config/reload.ts";
import type { Daemon } from "../daemon/daemon.ts";
import { errorText } from "../error-text.ts";
import { AnytunError } from "../errors.ts";
import type { HostFiles } from "../host/host-files.ts";
import type { ServiceManager } from "../host/service-manager.ts";
import type { OpenLog } from "../log/logger.ts";
import { type Origin, readConfig } from "./origin.ts";
import type { PrintedConfig } from "./print-config.ts";

export interface ReloaderOptions {
  readonly daemon: Pick<Daemon, "configure" | "device">;
  /** What the daemon was started with. */
  readonly config: Config;
  /** @throws AnytunError */
  readonly read: () => Promise<Config>;
  readonly rights: ReloadRights;
  /** Opens the targets of a configuration in the place of those in use. @throws AnytunError `log`; those stay then */
  readonly switchLog: (config: Config) => void;
  readonly log: OpenLog;
  readonly manager: Pick<ServiceManager, "reloading" | "ready">;
}

export class Reloader {
  readonly #options: ReloaderOptions;
  #config: Config;
  #running: Promise<void> | undefined;
  #isAskedAgain = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  /** Resolves when it has been done; asked meanwhile it is done once more. Never rejects. */
  request(): Promise<void> {
    this.#isAskedAgain = true;
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    const { manager, daemon } = this.#options;
    manager.reloading();
    while (this.#isAskedAgain) {
      this.#isAskedAgain = false;
      await this.#reload();
    }
    this.#running = undefined;
    manager.ready(process.pid, `${daemon.device} is up`);
  }

  async #reload(): Promise<void> {
    const { log } = this.#options;
    try {
      this.#apply(await this.#options.read());
    } catch (error) {
      log.error(`the configuration was not reloaded, the old one stays: ${errorText(error)}`);
    }
  }

  /** Complete, then applied. */
  #apply(read: Config): void {
    const { daemon, rights, switchLog, log } = this.#options;
    const before = this.#config;
    const { config, changed, kept } = planReload(before, read, rights);
    if (changed.length > 0) {
      const isLogChanged = changed.some((option) => option.startsWith("-L"));
      if (isLogChanged) switchLog(config);
      try {
        daemon.configure(config);
      } catch (error) {
        if (isLogChanged) switchLog(before);
        throw error;
      }
      log.notice(`the configuration was reloaded: ${changed.join(" ")}`);
    } else {
      log.info("the configuration was read again: nothing changed");
    }
    const known = new Set(before.notes.map(({ text }) => text));
    for (const { level, text } of config.notes) if (!known.has(text)) log.log(level, text);
    this.#config = config;
    if (kept.length > 0) log.warning(`only a restart changes these, they stay as they were: ${kept.join(" ")}`);
  }
}

/** Relative paths begin where the daemon was started, as long as that is there. */
export async function readInside(origin: Origin): Promise<Config> {
  const here = process.cwd();
  if (existsSync(origin.cwd)) process.chdir(origin.cwd);
  try {
    return readConfig(origin);
  } finally {
    process.chdir(here);
  }
}

/** Through the doorkeeper, by a process with the rights of the start. */
export async function readOutside(files: HostFiles): Promise<Config> {
  const bytes = await files.runProgram();
  if (bytes.length === 0) throw new AnytunError("start", "the process that reads the configuration has failed");
  // written by this program
  const printed = deserialize(bytes) as PrintedConfig;
  if ("problem" in printed) throw new AnytunError("usage", printed.problem);
  return printed.config;
}
