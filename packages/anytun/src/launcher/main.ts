#!/usr/bin/env node
/** `anytun-launcher vpn|configd NAME`: what init scripts call. Becomes the daemon. */
import { chmodSync, mkdirSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { replaceProcess } from "tun-native";
import { readTunnelFiles } from "../config/read-tunnel-files.ts";
import { readSecretFile } from "../config/secret-file.ts";
import { systemServices } from "../config/services.ts";
import type { TunnelFiles } from "../config/tunnel-dir.ts";
import { systemLookup } from "../daemon/resolver.ts";
import { errorText } from "../error-text.ts";
import { CONFIG_DIR, chrootOf, controldWords, parseWish, RUN_DIRS, tablePath, vpnWords } from "./launch.ts";
import { clientTable } from "./table.ts";

const EXIT_FAILURE = 255;

void launch().then((status) => process.exit(status));

/** @returns only when there is no daemon to become */
async function launch(): Promise<number> {
  const wish = parseWish(process.argv.slice(2), process.env);
  if ("complaint" in wish) return fail(wish.complaint, wish.status);
  const { role, name, daemonOptions } = wish;
  try {
    const files = findTunnel(name);
    if (files === undefined) return 1;
    if (role === "vpn") {
      const root = chrootOf(files);
      for (const dir of [RUN_DIRS.vpn, ...(root === undefined ? [] : [root])]) mkdirSync(dir, { recursive: true });
      return become("anytun.js", vpnWords(name, daemonOptions));
    }
    if (files.clients === undefined) return 0;
    await writeTable(name, files);
    return role === "table" ? 0 : become("anytun-controld.js", controldWords(name, daemonOptions, files));
  } catch (error) {
    return fail(errorText(error), EXIT_FAILURE);
  }
}

function findTunnel(name: string): TunnelFiles | undefined {
  try {
    return readTunnelFiles(CONFIG_DIR, name);
  } catch (error) {
    fail(`no config found: ${errorText(error)}`, 1);
    return undefined;
  }
}

/** Whole or not at all, and for nobody else: there are keys in it. */
async function writeTable(name: string, files: TunnelFiles): Promise<void> {
  mkdirSync(RUN_DIRS.configd, { recursive: true });
  chmodSync(RUN_DIRS.configd, 0o700);
  const text = await clientTable(files, {
    services: systemServices,
    readSecretFile,
    lookup: systemLookup,
    tell: (client) => void writeSync(1, ` (${client})`),
    complain: (line) => void fail(line, 0),
  });
  const path = tablePath(name);
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Another program of this package, in this process. */
function become(script: string, words: readonly string[]): number {
  const path = join(import.meta.dirname, script);
  const args = [process.execPath, path, ...words].map((word) => Buffer.from(word));
  return fail(errorText(replaceProcess({ path: Buffer.from(process.execPath), args })), EXIT_FAILURE);
}

function fail(text: string, status: number): number {
  process.stderr.write(`anytun-launcher: ${text}\n`);
  return status;
}
