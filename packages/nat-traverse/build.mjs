// Bundles the program, and the few parts of tun-native that it needs: forty small files would take longer to load than
// everything else. The package stays a dependency, for its addon.
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

// chunks have a hash in their name: those of earlier builds would be packed too
rmSync(at("dist/bin"), { recursive: true, force: true });

await build({
  entryPoints: [{ in: at("src/cli/main.ts"), out: "nat-traverse" }],
  outdir: at("dist/bin"),
  bundle: true,
  splitting: true,
  chunkNames: "chunk-[hash]",
  format: "esm",
  platform: "node",
  target: "node20",
  legalComments: "none",
  logLevel: "warning",
});

// For a shell the second line is a command, and the last of them that it reads; for JavaScript a text that does nothing, and a
// comment. Node forgets at its start which signals are ignored, so they are noted before: see src/cli/inherited-signals.ts.
const noted = 'while read -r n NAT_TRAVERSE_SIGIGN; do [ "$n" != SigIgn: ] || break; done </proc/$$/status';
const launcher = `#!/usr/bin/env sh\n":" //; { ${noted}; } 2>/dev/null; export NAT_TRAVERSE_SIGIGN; exec node "$0" "$@"\n`;
const program = at("dist/bin/nat-traverse.js");
writeFileSync(
  program,
  readFileSync(program, "utf8").replace(/^#!.*\n/, () => launcher),
);
chmodSync(program, 0o755);
