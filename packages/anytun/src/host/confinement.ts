/**
 * `-C`, `-u`, `-g`: what is given up once everything is open, and what stays. Names are looked up before anything is
 * touched; giving up is one native call, whose failure ends the daemon (spec: anytun-cli.md 6, steps 5, 9 and 10).
 */
import { statSync } from "node:fs";
import { type Capability, confineProcess, Doorkeeper, type DoorkeeperRights, findGroup, findUser } from "tun-native";
import type { Config } from "../config/config.ts";
import { errorReason } from "../error-text.ts";
import { AnytunError } from "../errors.ts";
import type { Logger } from "../log/logger.ts";
import type { HostFiles } from "./host-files.ts";

export interface Confinement {
  readonly root: string | undefined;
  readonly ids: { readonly uid: number; readonly gid: number; readonly label: string } | undefined;
  /** Of the thread that configures the interface; no other thread keeps any. */
  readonly keep: readonly Capability[];
}

/** What is looked at: also of a program without an interface. */
type ConfinedConfig = Pick<Config, "chroot" | "username" | "groupname"> &
  Partial<Pick<Config, "mtu" | "installRoutes">>;

/**
 * @returns undefined when nothing is to be given up
 * @throws AnytunError `start` for a user, group or directory that is not there
 */
export function planConfinement(config: ConfinedConfig): Confinement | undefined {
  const { chroot, username, groupname } = config;
  if (chroot === undefined && username === undefined) return undefined;
  if (chroot !== undefined) checkRoot(chroot);
  return {
    root: chroot,
    ids: username === undefined ? undefined : findIds(username, groupname),
    // what changes the interface of a running tunnel
    keep: config.mtu === "auto" || config.installRoutes ? ["NET_ADMIN"] : [],
  };
}

/** Gives up for good. @throws TunNativeError; the process must end then */
export function confine({ root, ids, keep }: Confinement, log: Logger): void {
  confineProcess({ ...(root === undefined ? {} : { root }), ...(ids === undefined ? {} : { ids }), keep });
  if (root !== undefined) log.notice(`we are in chroot jail (${root}) now`);
  if (ids !== undefined) log.notice(`dropped privileges to ${ids.label}`);
  if (keep.length > 0) log.info(`capabilities that were kept: ${keep.map((name) => `CAP_${name}`).join(" ")}`);
}

/**
 * What a confined daemon can still reach outside, and nothing else.
 * @param paths of files that it takes away at the end
 * @param files that it opens besides its logs
 */
export function outsideRights(
  config: Pick<Config, "logTargets" | "pidFile">,
  paths: readonly string[],
  program: DoorkeeperRights["program"],
  environment: DoorkeeperRights["environment"],
  files: readonly string[] = [],
): DoorkeeperRights {
  const logFiles = config.logTargets.flatMap((target) => (target.type === "file" ? [target.path] : []));
  return {
    files: [...logFiles, ...files],
    removable: [...(config.pidFile === undefined ? [] : [config.pidFile]), ...paths],
    sockets: ["/dev/log"],
    ...(program === undefined ? {} : { program }),
    environment,
  };
}

/** @throws TunNativeError */
export function openDoor(rights: DoorkeeperRights, files: HostFiles): void {
  files.goBehind(Doorkeeper.start(rights));
}

function findIds(username: string, groupname: string | undefined): NonNullable<Confinement["ids"]> {
  const user = findUser(username);
  if (user === undefined) throw new AnytunError("start", `unknown user ${username}`);
  const gid = groupname === undefined ? user.gid : findGroup(groupname);
  if (gid === undefined) throw new AnytunError("start", `unknown group ${groupname}`);
  return { uid: user.uid, gid, label: `${username}:${groupname ?? gid}` };
}

function checkRoot(path: string): void {
  let isDirectory: boolean;
  try {
    isDirectory = statSync(path).isDirectory();
  } catch (cause) {
    throw new AnytunError("start", `can't change to chroot directory (${path}): ${errorReason(cause)}`, { cause });
  }
  if (!isDirectory) throw new AnytunError("start", `can't change to chroot directory (${path}): Not a directory`);
}
