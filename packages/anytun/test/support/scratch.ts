import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A directory of mode 0700 that goes away with the test. */
export function scratchDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "anytun-test-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
