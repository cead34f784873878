// Builds the addon with one call of the C++ compiler per source file: seconds, no Python, no header download.
//
//   node build-native.mjs              release build into prebuilds/linux-<arch>[-musl]/tun-native.node
//   node build-native.mjs --debug      with symbols and without optimisation
//   node build-native.mjs --sanitize   with address and undefined-behaviour sanitizers
//   node build-native.mjs --arch=arm64 for another processor (x64, arm64), with Debian's cross compiler
//
// Debug and sanitized files go to node_modules/.cache/tun-native/<kind>/ (never packed); use them with TUN_NATIVE_PATH=<file>.
// CXX chooses the compiler, CXXFLAGS adds to its flags.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = dirname(fileURLToPath(import.meta.url));
const kind = process.argv.includes("--sanitize") ? "sanitize" : process.argv.includes("--debug") ? "debug" : "release";
const arch = process.argv.find((word) => word.startsWith("--arch="))?.slice("--arch=".length) ?? process.arch;
const CROSS_COMPILERS = { arm64: "aarch64-linux-gnu-g++", x64: "x86_64-linux-gnu-g++" };
const compiler = process.env.CXX ?? (arch === process.arch ? "c++" : CROSS_COMPILERS[arch]);
const extraFlags = (process.env.CXXFLAGS ?? "").split(/\s+/).filter((flag) => flag !== "");

const FLAGS = [
  "-std=c++17",
  "-fPIC",
  "-fvisibility=hidden",
  "-fno-exceptions",
  "-fno-rtti",
  "-fno-threadsafe-statics",
  "-fstack-protector-strong",
  "-pthread",
  "-Wall",
  "-Wextra",
  "-Werror",
];
const KIND_FLAGS = {
  release: ["-O2", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-fno-asynchronous-unwind-tables"],
  debug: ["-O0", "-g"],
  sanitize: ["-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"],
};
// Nothing but libc: no libstdc++ that could differ from the one inside the node binary.
const LINK_FLAGS = {
  release: ["-nodefaultlibs", "-lc", "-lgcc", "-s"],
  debug: ["-nodefaultlibs", "-lc", "-lgcc"],
  sanitize: [],
};

/** A program of its own, beside the addon. */
const DOORKEEPER = "native/doorkeeper/doorkeeper.cc";

async function build() {
  if (process.platform !== "linux") throw new Error("tun-native: the addon builds on Linux only");
  if (compiler === undefined) throw new Error(`tun-native: no compiler is known for --arch=${arch}: set CXX`);
  const headers = createRequire(import.meta.url).resolve("node-api-headers/package.json");
  const target = outputFile();
  mkdirSync(dirname(target), { recursive: true });
  const objects = mkdtempSync(join(dirname(target), ".build-"));
  try {
    const flags = [...FLAGS, ...KIND_FLAGS[kind], `-I${join(dirname(headers), "include")}`, ...extraFlags];
    const sources = sourceFiles();
    const outputs = sources.map((source) => join(objects, `${source.replaceAll("/", "-")}.o`));
    await eachInParallel(sources, (source, i) => compile([...flags, "-c", join("native", source), "-o", outputs[i]]));
    const linked = join(objects, basename(target));
    await compile([
      "-shared",
      ...FLAGS,
      ...KIND_FLAGS[kind],
      ...extraFlags,
      ...outputs,
      "-o",
      linked,
      ...LINK_FLAGS[kind],
    ]);
    // A running process may have the old file mapped: replace it, never write into it.
    renameSync(linked, target);
    const program = join(objects, "doorkeeper");
    await compile(["-pie", ...flags, DOORKEEPER, "-o", program, ...LINK_FLAGS[kind]]);
    renameSync(program, join(dirname(target), "doorkeeper"));
  } finally {
    rmSync(objects, { recursive: true, force: true });
  }
  return target;
}

function sourceFiles() {
  const names = readdirSync(join(root, "native"), { recursive: true });
  return names.filter((name) => name.endsWith(".cc") && !name.startsWith("doorkeeper/")).sort();
}

function outputFile() {
  const musl = process.report.getReport().header.glibcVersionRuntime === undefined;
  const platform = `linux-${arch}${musl ? "-musl" : ""}`;
  const folder = kind === "release" ? ["prebuilds", platform] : ["node_modules", ".cache", "tun-native", kind];
  return join(root, ...folder, "tun-native.node");
}

async function eachInParallel(items, work) {
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      await work(items[index], index);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

async function compile(args) {
  try {
    await run(compiler, args, { cwd: root });
  } catch (error) {
    if (error.code === "ENOENT") {
      const wanted = arch === process.arch ? "g++" : `g++-${compiler.replace(/-g\+\+$/, "")}`;
      throw new Error(`tun-native: no C++ compiler "${compiler}" here: apt-get install ${wanted} (or set CXX)`);
    }
    throw new Error(`tun-native: ${compiler} failed\n${error.stderr || error.message}`);
  }
}

try {
  const started = performance.now();
  const target = await build();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`tun-native: built ${target.slice(root.length + 1)} (${kind}, ${seconds} s)`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
