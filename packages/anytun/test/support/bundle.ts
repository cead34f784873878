import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll } from "vitest";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Bundles an entry of this package for a child process: the sources as they are now, not the last build. Lies in the
 * package, so that `tun-native` is found, and goes away with the test file.
 * @param entry relative to the package
 * @returns path of the script
 */
export async function bundleProgram(entry: string): Promise<string> {
  const outdir = mkdtempSync(join(PACKAGE, "node_modules", ".test-"));
  afterAll(() => rmSync(outdir, { recursive: true, force: true }));
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
  return join(outdir, "program.js");
}
