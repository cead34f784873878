import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Announcer } from "../../src/daemon/announcer.ts";
import { memoryLog } from "../support/memory-log.ts";
import { scratchDir } from "../support/scratch.ts";

/** A speaker that keeps what it was told, and needs a moment for it. */
function speaker(status = 0) {
  const dir = scratchDir();
  const script = join(dir, "speaker.sh");
  writeFileSync(
    script,
    `#!/bin/sh\necho "begin $*" >>${dir}/told\nsleep 0.1\necho "end $1" >>${dir}/told\nexit ${status}\n`,
  );
  chmodSync(script, 0o755);
  const { log, lines } = memoryLog();
  const told = (): string[] => readFileSync(join(dir, "told"), "utf8").trim().split("\n");
  return { script, announcer: new Announcer({ script, device: "tun7", log }), told, lines };
}

describe("the announcer", () => {
  it("says one thing after the other, and nothing twice", async () => {
    const { announcer, told } = speaker();
    void announcer.announce();
    void announcer.announce();
    await announcer.withdraw();
    await announcer.withdraw();
    expect(told()).toEqual(["begin announce tun7", "end announce", "begin withdraw tun7", "end withdraw"]);
  });

  it("does not withdraw what was never announced", async () => {
    const { announcer, lines } = speaker();
    await announcer.withdraw();
    expect(lines).toEqual([]);
  });

  it("lets another script announce what the one before withdraws", async () => {
    const [first, second] = [speaker(), speaker()];
    const { announcer } = first;
    announcer.setScript(undefined);
    announcer.setScript(first.script);
    await announcer.announce();
    announcer.setScript(second.script);
    await announcer.announce();
    expect(first.told()).toEqual(["begin announce tun7", "end announce", "begin withdraw tun7", "end withdraw"]);
    expect(second.told()).toEqual(["begin announce tun7", "end announce"]);
    announcer.setScript(undefined);
    await announcer.withdraw();
    expect(second.told()).toHaveLength(4);
  });

  it("tells in the log when the script fails", async () => {
    const { announcer, lines } = speaker(3);
    await announcer.announce();
    expect(lines.at(-1)).toMatch(/^WARNING: script '.*' failed to announce this node$/);
  });
});
