import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));

export interface BundledProgram {
  /** Path of the script. */
  readonly path: string;
  /** Takes it away again. */
  remove(): void;
}

/**
 * Bundles an entry of this package for a child process: the sources as they are now, not the last build. Lies in the
 * package, so that `tun-native` is found.
 * @param entry relative to the package
 */
export async function bundleProgram(entry: string): Promise<BundledProgram> {
  const outdir = mkdtempSync(join(PACKAGE, "node_modules", ".test-"));
  await build({
    entryPoints: { program: join(PACKAGE, entry), "data-plane-worker": join(PACKAGE, "src/data-plane/worker.ts") },
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["tun-native"],
    logLevel: "warning",
  });
  return { path: join(outdir, "program.js"), remove: () => rmSync(outdir, { recursive: true, force: true }) };
}
