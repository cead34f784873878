// One file for each way into the library: what is loaded at every start of a program, and again in every thread, must not
// be forty files. They lie beside the types, because the addon is found from there.
import { readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

for (const file of readdirSync(at("dist"))) if (/^(?:library|chunk)-.*\.js$/.test(file)) rmSync(at(`dist/${file}`));

await build({
  entryPoints: [
    { in: at("src/index.ts"), out: "library-main" },
    { in: at("src/testing/index.ts"), out: "library-testing" },
  ],
  outdir: at("dist"),
  bundle: true,
  splitting: true,
  chunkNames: "chunk-[hash]",
  format: "esm",
  platform: "node",
  target: "node20",
  legalComments: "none",
  logLevel: "warning",
});
