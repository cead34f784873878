// Bundles the program and its data-plane worker. satp-core and citty go in; tun-native stays a dependency, because its
// addon is found beside its own files.
import { chmodSync, readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

// chunks have a hash in their name: those of earlier builds would be packed too
for (const file of readdirSync(at("dist"), { withFileTypes: true })) {
  if (file.isFile() && file.name.endsWith(".js")) rmSync(at(`dist/${file.name}`));
}

await build({
  entryPoints: [
    { in: at("src/cli/main.ts"), out: "anytun" },
    { in: at("src/data-plane/worker.ts"), out: "data-plane-worker" },
  ],
  outdir: at("dist"),
  bundle: true,
  splitting: true,
  chunkNames: "chunk-[hash]",
  format: "esm",
  platform: "node",
  target: "node20",
  external: ["tun-native"],
  legalComments: "none",
  logLevel: "warning",
});
chmodSync(at("dist/anytun.js"), 0o755);

// For the repository's benchmarks; in a folder of its own, which is not packed.
await build({
  entryPoints: [at("bench/stage-runner.ts")],
  outdir: at("dist/bench"),
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  external: ["tun-native"],
  logLevel: "warning",
});
