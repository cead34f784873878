import { describe, expect, it } from "vitest";
import { ArgumentSet } from "../../src/config/argument-set.ts";
import type { StartNote } from "../../src/config/config.ts";
import { parseMetrics } from "../../src/config/metrics.ts";

function parse(value: string): { place: ReturnType<typeof parseMetrics>; notes: StartNote[] } {
  const notes: StartNote[] = [];
  const args = new ArgumentSet([{ name: "metrics", typed: "--metrics", value, index: 0 }]);
  return { place: parseMetrics(args, notes), notes };
}

describe("--metrics", () => {
  it.each([
    ["9464", "127.0.0.1", 9464],
    [":9464", "127.0.0.1", 9464],
    ["localhost:0", "127.0.0.1", 0],
    ["127.1.2.3:65535", "127.1.2.3", 65_535],
    ["[::1]:9464", "::1", 9464],
  ])("%s stays on this host", (value, host, port) => {
    expect(parse(value)).toEqual({ place: { host, port }, notes: [] });
  });

  it.each([
    ["0.0.0.0:9464", "0.0.0.0"],
    ["[::]:9464", "::"],
    ["192.0.2.1:9464", "192.0.2.1"],
    ["[::ffff:192.0.2.1]:9464", "::ffff:192.0.2.1"],
  ])("%s is taken with a warning", (value, host) => {
    const { place, notes } = parse(value);
    expect(place).toEqual({ host, port: 9464 });
    expect(notes).toEqual([
      { level: 2, text: expect.stringMatching(/^--metrics .*: whoever reaches this address sees peers and counters/) },
    ]);
  });

  it.each([
    "x",
    "65536",
    "host.example:9464",
    "::1:9464",
    "[::1]",
    "[127.0.0.1]:1",
    "127.0.0.1:",
    "1.2.3:4",
    "[::1]9464",
  ])("refuses %s", (value) => {
    expect(() => parse(value)).toThrow(
      `--metrics ${value}: expected a port, or ADDRESS:PORT like 127.0.0.1:9464 or [::1]:9464`,
    );
  });

  it("serves nothing without being asked, or with an empty word", () => {
    expect(parse("").place).toBeUndefined();
  });
});
