// Behind every npm script of the root: `node tools/bootstrap.mjs build|demo|test|sanitize|bench|soak [arguments]`.
// Needs nothing but Node, npm and a C++ compiler: it fetches the pinned pnpm, installs, builds, then runs the task.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const tasks = { build, demo, test, sanitize, bench, soak };

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code) => (text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
const [green, red, dim, bold] = ["32", "31", "2", "1"].map(paint);

const env = {
  ...process.env,
  // Part of the cache key of the addon: a checkout may be used from containers with another C library.
  SATP_BUILD_HOST: `${process.arch}-${libc()}`,
  TURBO_TELEMETRY_DISABLED: "1",
  DO_NOT_TRACK: "1",
  npm_config_update_notifier: "false",
};
const bin = (name) => join(root, "node_modules", ".bin", name);

/** A failure that was already told to the user in one line. */
class Told extends Error {}

const [task, ...rest] = process.argv.slice(2);
try {
  if (task === undefined || !Object.hasOwn(tasks, task)) {
    throw new Told(`usage: node tools/bootstrap.mjs ${Object.keys(tasks).join("|")} [arguments]`);
  }
  await requirements();
  await prepare();
  await tasks[task](rest);
} catch (error) {
  if (!(error instanceof Told)) throw error;
  if (error.message !== "") console.error(red(error.message));
  process.exitCode ||= 1;
}

/** One line for the first thing that is missing, naming what to install. */
async function requirements() {
  if (process.platform !== "linux")
    throw new Told(`Linux is needed: TUN devices and namespaces, not ${process.platform}`);
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Told(
      `Node.js ${process.versions.node} is too old, 20.19 or newer is needed: https://nodejs.org/en/download`,
    );
  }
  if ((await output("npm", ["--version"])).status !== 0) throw new Told("npm is missing: apt-get install npm");
  const compiler = env.CXX || "c++";
  if ((await output(compiler, ["--version"])).status !== 0) {
    throw new Told(`no C++ compiler (${compiler}): apt-get install g++`);
  }
}

/** Installs from the lockfile and builds every package; what is up to date costs a second. */
async function prepare() {
  await step("install", async () => {
    env.PATH = await pathWithPnpm();
    const install = ["install", "--frozen-lockfile", "--prefer-offline", "--config.confirm-modules-purge=false"];
    return output("pnpm", install);
  });
  await step("build", () =>
    output("pnpm", ["exec", "turbo", "run", "build", "build:native", "--output-logs=errors-only"]),
  );
}

function libc() {
  process.report.excludeNetwork = true;
  const version = process.report.getReport().header.glibcVersionRuntime;
  return version === undefined ? "musl" : `glibc-${version}`;
}

/** PATH on which `pnpm` is the version that package.json pins. */
async function pathWithPnpm() {
  const pin = manifest.packageManager.split("@")[1];
  const found = await output("pnpm", ["--version"], tmpdir());
  if (found.status === 0 && found.text.trim() === pin) return env.PATH;
  // npm 12 runs no install script that is not allowed by name; older versions ignore the flag.
  const npx = ["--yes", "--allow-scripts=pnpm", `--package=pnpm@${pin}`, "-c", "command -v pnpm"];
  const fetched = await output("npx", npx);
  const file = fetched.text.trim().split("\n").at(-1) ?? "";
  if (fetched.status !== 0 || !existsSync(file)) throw new Told(`cannot fetch pnpm ${pin} with npx:\n${fetched.text}`);
  return `${dirname(file)}${delimiter}${env.PATH}`;
}

function build() {
  console.log(dim("built: packages/*/dist, packages/tun-native/prebuilds"));
}

function demo(args) {
  return handOver(process.execPath, [join(root, "tools/dist/demo/main.js"), ...args]);
}

function bench(args) {
  return handOver(process.execPath, [join(root, "tools/dist/bench/main.js"), ...args]);
}

function soak(args) {
  return handOver(process.execPath, [join(root, "tools/dist/soak/main.js"), ...args]);
}

/** The addon's tests on an addon with sanitizers; arguments name test files. */
function sanitize(args) {
  return handOver(process.execPath, [join(root, "packages/tun-native/test/run-sanitized.mjs"), ...args]);
}

/** Everything; with arguments only vitest, which gets them: `npm test -- packages/satp-core`. */
async function test(args) {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const scratch = mkdtempSync(join(tmpdir(), "satp-test-"));
  try {
    if (args.length === 0) await checks(scratch, totals);
    const file = join(scratch, "totals.json");
    const status = await inherit(bin("vitest"), ["run", ...args], { SATP_TEST_TOTALS: file });
    const counted = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { passed: 0, failed: 1, skipped: 0 };
    for (const key of Object.keys(totals)) totals[key] += counted[key];
    if (status !== 0) process.exitCode = 1;
    if (totals.failed > 0) process.exitCode = 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const failed = process.exitCode ? red : green;
  console.log(`\n${failed(bold(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`))}`);
}

/** Lint, types, dead code and package shape. All run, so that one failure does not hide the next. */
async function checks(scratch, totals) {
  const packages = ["satp-core", "sync", "tun-native", "anytun", "nat-traverse"];
  const named = [
    ["lint and format", () => output(bin("biome"), ["ci", "--colors=off"])],
    ["types", () => output(bin("tsc"), ["-b", "--pretty", "false"])],
    ["dead code", () => output(bin("knip"), ["--no-progress"])],
  ];
  for (const name of packages) {
    const tarball = join(scratch, `${name}.tgz`);
    const folder = join(root, "packages", name);
    named.push([`package ${name}`, () => packageChecks(folder, tarball)]);
  }
  for (const [name, run] of named) {
    const passed = await step(name, run).catch((error) => {
      if (!(error instanceof Told)) throw error;
      return false;
    });
    totals[passed === false ? "failed" : "passed"] += 1;
  }
}

/** The tarball that would be published, judged by publint and are-the-types-wrong. */
async function packageChecks(folder, tarball) {
  const packed = await output("pnpm", ["pack", "--out", tarball], folder);
  if (packed.status !== 0) return packed;
  const shape = await output(bin("publint"), ["run", tarball, "--strict"]);
  if (shape.status !== 0) return shape;
  const library = Object.hasOwn(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")), "exports");
  return library ? output(bin("attw"), ["--profile", "esm-only", "--no-emoji", tarball]) : shape;
}

/** Runs a step quietly: one line when it works, its whole output when it does not. */
async function step(name, run) {
  const begun = performance.now();
  if (colour) process.stdout.write(dim(`  ${name} …`));
  const result = await run();
  const seconds = `${((performance.now() - begun) / 1000).toFixed(1)} s`;
  const line = result.status === 0 ? `${green("✓")} ${name}` : `${red("✗")} ${name}`;
  console.log(`${colour ? "\r\u001b[K" : ""}${line} ${dim(seconds)}`);
  if (result.status === 0) return true;
  process.stderr.write(result.text.endsWith("\n") ? result.text : `${result.text}\n`);
  throw new Told(`${name} failed`);
}

/** Status and both streams of a command; status 127 when it does not exist. */
function output(command, args, cwd = root) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const chunks = [];
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.stderr.on("data", (chunk) => chunks.push(chunk));
    child.on("error", (error) => resolve({ status: 127, text: `${error.message}\n` }));
    child.on("close", (code) => resolve({ status: code ?? 1, text: Buffer.concat(chunks).toString() }));
  });
}

/** Status of a command that owns the terminal; signals reach it through the terminal or are passed on. */
function inherit(command, args, extra = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: { ...env, ...extra }, stdio: "inherit" });
    const forward = (signal) => child.kill(signal);
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, forward);
    child.on("error", reject);
    child.on("close", (code) => {
      for (const signal of signals) process.off(signal, forward);
      resolve(code ?? 1);
    });
  });
}

async function handOver(command, args) {
  process.exitCode = await inherit(command, args);
}
