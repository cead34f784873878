import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, platform } from "node:process";
import { fileURLToPath } from "node:url";
import type { NativeBinding } from "./binding.ts";
import { TunNativeError } from "./errors.ts";

let loaded: NativeBinding | undefined;

/**
 * The addon, loaded at the first use in each thread. `TUN_NATIVE_PATH` names another file (a debug build).
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
    chosen === undefined || chosen === "" ? [`linux-${arch}`, `linux-${arch}-musl`].map(prebuiltFile) : [chosen];
  const require = createRequire(import.meta.url);
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
    message: `tun-native has no addon for ${platform}-${arch}: ${problems.join("; ")} (build it with: npm run build:native)`,
  });
}

function prebuiltFile(target: string): string {
  return fileURLToPath(new URL(`../prebuilds/${target}/tun-native.node`, import.meta.url));
}
