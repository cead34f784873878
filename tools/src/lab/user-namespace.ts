// Lets the demo run without root: the same program again, as root of a user namespace of its own.
import { spawn, spawnSync } from "node:child_process";

const marker = "SATP_USER_NAMESPACE";

/**
 * Runs this process's program again inside a user namespace, with its terminal.
 * @returns its exit status, `undefined` when there is nothing to do (already root, of the machine or of a namespace),
 *   or `"refused"` when the system does not let users make namespaces.
 */
export async function reexecInUserNamespace(): Promise<number | "refused" | undefined> {
  if (process.getuid?.() === 0 || process.env[marker] === "1") return undefined;
  const probe = spawnSync("unshare", ["-Urnm", "unshare", "-p", "--fork", "--mount-proc", "true"], { stdio: "ignore" });
  if (probe.status !== 0) return "refused";
  const args = ["-Urm", process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn("unshare", args, { stdio: "inherit", env: { ...process.env, [marker]: "1" } });
  // The terminal sends these to both; the child decides, and this process reports its status.
  const ignore = (): void => {};
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, ignore);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve(status ?? 1));
  });
}
