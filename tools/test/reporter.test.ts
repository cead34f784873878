// Skipped tests are named with what they lack, and are failures where CI=true.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunResult, run } from "../src/lab/index.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

describe("the reporter of skipped tests", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "satp-reporter-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const vitest = (env: Record<string, string | undefined>): Promise<RunResult> => {
    const args = ["run", "--root", at("fixtures/skips"), "--reporter", at("../vitest-skips.mjs")];
    const totals = { SATP_TEST_TOTALS: join(folder, "totals.json"), VITEST: undefined, NODE_ENV: undefined };
    return run(at("../../node_modules/.bin/vitest"), args, { env: { ...totals, ...env } });
  };
  const totals = (): unknown => JSON.parse(readFileSync(join(folder, "totals.json"), "utf8"));

  it("names each with what it lacks and the command that provides it", async () => {
    const { status, stderr } = await vitest({ CI: undefined });
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /skipped, needs tun:\n {2}sample\.spec\.mjs > needy > lacks a device\n {2}provide tun: sudo modprobe tun\n/,
    );
    expect(stderr).toMatch(/skipped, without a named reason:\n {2}sample\.spec\.mjs > sleeps\n/);
    expect(totals()).toEqual({ passed: 1, failed: 0, skipped: 3 });
  });

  it("fails the run under CI=true", async () => {
    const { status, stderr } = await vitest({ CI: "true" });
    expect(status).toBe(1);
    expect(stderr).toContain("3 skipped: with CI=true nothing may be skipped");
  });

  it("counts failures", async () => {
    const { status } = await vitest({ CI: undefined, BREAK: "1" });
    expect(status).toBe(1);
    expect(totals()).toEqual({ passed: 1, failed: 1, skipped: 2 });
  });
});
