import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { NativeBinding } from "./binding.ts";
import { TunNativeError } from "./errors.ts";

let loaded: NativeBinding | undefined;
let folder: string | undefined;

/**
 * The addon, loaded at the first use in each thread. `TUN_NATIVE_PATH` names another file (a debug build).
 * It has so many functions that finding one is a search by its name, also in compiled code: who calls one for each batch keeps it.
 * @throws TunNativeError `ERR_NO_BINDING` when no prebuilt file fits this machine
 */
export function loadBinding(): NativeBinding {
  loaded ??= findBinding();
  return loaded;
}

// The two C libraries need different files and a binary of the wrong one fails to load: try both.
function findBinding(): NativeBinding {
  const chosen = process.env["TUN_NATIVE_PATH"];
  const files =
    chosen === undefined || chosen === ""
      ? [`linux-${process.arch}`, `linux-${process.arch}-musl`].map((target) => prebuiltFile(target))
      : [chosen];
  const require = createRequire(import.meta.filename);
  const problems: string[] = [];
  for (const file of files) {
    if (!existsSync(file)) {
      problems.push(`${file} is missing`);
      continue;
    }
    try {
      return require(file);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new TunNativeError({
    code: "ERR_NO_BINDING",
    message: `tun-native has no addon for ${process.platform}-${process.arch}: ${problems.join("; ")} (build it with: npm run build:native)`,
  });
}

/** The program beside the addon. @throws TunNativeError `ERR_NO_BINDING` */
export function doorkeeperFile(): string {
  const chosen = process.env["TUN_NATIVE_PATH"];
  const names =
    chosen === undefined || chosen === ""
      ? [`linux-${process.arch}`, `linux-${process.arch}-musl`].map((target) => prebuiltFile(target, "doorkeeper"))
      : [join(dirname(chosen), "doorkeeper")];
  const found = names.find((name) => existsSync(name));
  if (found !== undefined) return found;
  const message = `tun-native has no doorkeeper for ${process.platform}-${process.arch} (build it with: npm run build:native)`;
  throw new TunNativeError({ code: "ERR_NO_BINDING", message });
}

function prebuiltFile(target: string, name = "tun-native.node"): string {
  return join(packageFolder(), "prebuilds", target, name);
}

/** Of this package, also where its code was bundled into a program of a package that depends on it. */
function packageFolder(): string {
  folder ??= findFolder();
  return folder;
}

/** By hand: asking Node for a package's entry takes longer than loading the addon. */
function findFolder(): string {
  const beside = dirname(import.meta.dirname);
  const installed = createRequire(import.meta.filename).resolve.paths("tun-native") ?? [];
  const folders = [beside, ...installed.map((modules) => join(modules, "tun-native"))];
  return folders.find((one) => existsSync(join(one, "prebuilds"))) ?? beside;
}
