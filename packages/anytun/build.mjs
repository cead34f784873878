// Bundles the programs and the data-plane worker, each in one file with all that it needs of satp-core, citty and tun-native;
// tun-native stays a dependency, for its addon. As CommonJS: Node takes 20 ms of processor time more to begin with an ES module, and
// a start is two processes and a thread. prom-client becomes a file of its own that is loaded only for --metrics.
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

// what earlier builds left would be packed too
for (const file of readdirSync(at("dist"), { withFileTypes: true })) {
  if (file.isFile() && /\.c?js$/.test(file.name)) rmSync(at(`dist/${file.name}`));
}

// whatever the package says of its sources
writeFileSync(at("dist/package.json"), '{ "type": "commonjs" }\n');
// the compiler's output, which only build-man.mjs reads, is not bundled
writeFileSync(at("dist/modules/package.json"), '{ "type": "module" }\n');

const common = {
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node20",
  define: { "import.meta.filename": "__filename", "import.meta.dirname": "__dirname" },
  alias: { "tun-native": at("../tun-native/src/index.ts") },
  // what is imported where it is needed stays a `require` that is called there
  supported: { "dynamic-import": false },
  // writes constants where they are used: a bundle's own are variables, which V8 reads again for each word of each row
  minifySyntax: true,
  legalComments: "none",
  logLevel: "warning",
};
/** What `file` returns a name for stays outside. */
const apart = (filter, file) => ({
  name: `apart: ${filter}`,
  setup: ({ onResolve }) =>
    onResolve({ filter }, ({ path, kind }) => {
      const name = file(path, kind);
      return name === undefined ? undefined : { path: `./${name}`, external: true };
    }),
});
const programs = {
  "anytun-launcher": "src/launcher/main.ts",
  "anytun-config": "src/cli/config.ts",
  "anytun-controld": "src/cli/controld.ts",
  "anytun-showtables": "src/cli/showtables.ts",
};
// What the program loads when it needs it.
const parts = {
  "run-daemon": "src/cli/run-daemon.ts",
  "print-config": "src/cli/print-config.ts",
  "side-commands": "src/cli/side-commands.ts",
  "data-plane-worker": "src/data-plane/worker.ts",
};
const entries = (sources) => Object.entries(sources).map(([out, source]) => ({ in: at(source), out }));
await build({
  ...common,
  entryPoints: entries({ ...programs, ...parts }),
  outdir: at("dist"),
  plugins: [apart(/^prom-client$/, () => "prom-client.cjs")],
});
await build({
  ...common,
  entryPoints: entries({ anytun: "src/cli/main.ts" }),
  outdir: at("dist"),
  plugins: [
    apart(/^\.\.?\//, (path, kind) => {
      const name = basename(path, ".ts");
      return kind === "dynamic-import" && Object.hasOwn(parts, name) ? `${name}.js` : undefined;
    }),
  ],
});
await build({
  stdin: { contents: 'export { Counter, Gauge, Registry } from "prom-client";', resolveDir: at(".") },
  outfile: at("dist/prom-client.cjs"),
  bundle: true,
  minify: true,
  format: "cjs",
  platform: "node",
  target: "node20",
  legalComments: "none",
  logLevel: "warning",
});
writeFileSync(at("dist/prom-client.LICENSES"), licenses("prom-client"));
for (const program of ["anytun", ...Object.keys(programs)]) chmodSync(at(`dist/${program}.js`), 0o755);

/** The licences of a package and of all that it brings along. */
function licenses(name, from = import.meta.url, seen = new Set()) {
  const manifestPath = findManifest(name, from);
  if (seen.has(manifestPath)) return "";
  seen.add(manifestPath);
  const { version, license, dependencies = {} } = JSON.parse(readFileSync(manifestPath, "utf8"));
  const folder = dirname(manifestPath);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? "" : readFileSync(join(folder, file), "utf8");
  const own = `${name} ${version} (${license})\n\n${text.trim()}\n\n`;
  return (
    own +
    Object.keys(dependencies)
      .map((one) => licenses(one, manifestPath, seen))
      .join("")
  );
}

/** Found beside the entry point: a package need not export its package.json. */
function findManifest(name, from) {
  for (let folder = dirname(createRequire(from).resolve(name)); ; folder = dirname(folder)) {
    const path = join(folder, "package.json");
    try {
      if (JSON.parse(readFileSync(path, "utf8")).name === name) return path;
    } catch {
      // not the package's folder
    }
  }
}

// For the repository's benchmarks; in a folder of its own, which is not packed.
await build({ ...common, entryPoints: [at("bench/stage-runner.ts")], outdir: at("dist/bench") });
