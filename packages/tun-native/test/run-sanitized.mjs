// npm run test:sanitize [files]: builds the addon with address and undefined-behaviour sanitizers and runs the tests
// of this package on it. The sanitizers' libraries must be loaded before Node, which was built without them.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const addon = `${root}node_modules/.cache/tun-native/sanitize/tun-native.node`;
const vitest = fileURLToPath(new URL("../../../node_modules/vitest/vitest.mjs", import.meta.url));
const compiler = process.env.CXX || "c++";

function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", ...options });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function libraryPath(name) {
  const { stdout } = spawnSync(compiler, [`-print-file-name=${name}`], { encoding: "utf8" });
  const path = stdout?.trim() ?? "";
  if (!path.startsWith("/")) throw new Error(`${compiler} has no ${name}: apt-get install g++`);
  return path;
}

// These build a program of their own with sanitizers, and run it in the other tests.
const alone = ["kernel-check.test.ts", "offload-check.test.ts"];
const all = readdirSync(`${root}test`).filter((file) => file.endsWith(".test.ts") && !alone.includes(file));
const asked = process.argv.slice(2);
const files = asked.length === 0 ? all.map((file) => `packages/tun-native/test/${file}`) : asked;

run(process.execPath, ["build-native.mjs", "--sanitize"], { cwd: root });
run(process.execPath, [vitest, "run", "--project", "tun-native", ...files], {
  cwd: fileURLToPath(new URL("../../..", import.meta.url)),
  env: {
    ...process.env,
    TUN_NATIVE_PATH: addon,
    LD_PRELOAD: ["libasan.so", "libubsan.so"].map(libraryPath).join(":"),
    // Node frees little when it ends, so leaks cannot be told apart; test/leaks.test.ts looks for ours, and counts
    // what is kept back after being freed.
    ASAN_OPTIONS: "detect_leaks=0:abort_on_error=1:quarantine_size_mb=4",
    UBSAN_OPTIONS: "print_stacktrace=1",
  },
});
