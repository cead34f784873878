import { encodeCommand, encodeExtension, frameText, parseHostAddress, type RouteCommand } from "satp-sync";
import { describe, expect, it } from "vitest";
import { LiveTable } from "../../src/cluster/live-table.ts";
import { type Layout, StreamShow, showExtension } from "../../src/cluster/show.ts";
import { syncVectors } from "../support/sync-vectors.ts";

function show(text: string, layout: Layout = "text"): { lines: string[]; errors: string[] } {
  const lines: string[] = [];
  const errors: string[] = [];
  const tables = new StreamShow(layout, { line: (line) => lines.push(line), error: (error) => errors.push(error) });
  if (tables.push(Buffer.from(text, "latin1"))) tables.end();
  expect(tables.errors > 0).toBe(errors.length > 0);
  return { lines, errors };
}

const lines = (text: string): string[] => text.split("\n").slice(0, -1);

describe("what anytun-showtables of Debian printed", () => {
  it.each([...syncVectors.config.map(({ stdout, ...rest }) => ({ ...rest, bytes: stdout })), ...syncVectors.server])(
    "$id",
    ({ bytes, showtables_stdout }) => {
      expect(show(bytes)).toEqual({ lines: lines(showtables_stdout), errors: [] });
    },
  );

  // errors go to stderr, and nothing is shown of what is half
  it.each(syncVectors.handmade)("$id $description", ({ bytes, showtables_stdout }) => {
    const [first = "", ...rest] = lines(showtables_stdout);
    const [, fault] = /^uncaught exception, exiting: (.*)/.exec(first) ?? [];
    if (fault === undefined) expect(show(bytes)).toEqual({ lines: lines(showtables_stdout), errors: [] });
    else expect(show(bytes)).toEqual({ lines: [], errors: [`frame 1: ${fault}`] });
    expect(rest.length).toBeLessThanOrEqual(1);
  });
});

const route = (text: string): RouteCommand => {
  const address = parseHostAddress(text);
  if (address === undefined) throw new Error(text);
  return { type: "route", address, length: 16, mux: 7 };
};
const frame = (text: string): string => frameText(encodeCommand(route(text)));

describe("a stream", () => {
  it("may have line ends between frames", () => {
    const text = `\n${frame("10.1.0.0")}\r\n${frame("10.2.0.0")}\n\n`;
    expect(show(text)).toEqual({ lines: ["Route: 10.1.0.0/16 -> 7", "Route: 10.2.0.0/16 -> 7"], errors: [] });
  });

  it("that ends in a frame has an error", () => {
    const text = `${frame("10.1.0.0")}${frame("10.2.0.0").slice(0, -3)}`;
    expect(show(text)).toEqual({ lines: ["Route: 10.1.0.0/16 -> 7"], errors: ["frame 2: the end is missing"] });
  });

  it("goes on behind a frame that cannot be read", () => {
    const text = `00005 hello${frame("10.1.0.0")}`;
    expect(show(text)).toEqual({ lines: ["Route: 10.1.0.0/16 -> 7"], errors: ["frame 1: input stream error"] });
  });

  it("of nothing but errors is not a flood", () => {
    const { errors } = show("00005 hello".repeat(1000));
    expect(errors).toHaveLength(11);
    expect(errors.at(-1)).toBe("990 more frames could not be read");
  });

  it("with a negative length is left", () => {
    expect(show(`-0005 hello${frame("10.1.0.0")}`).errors).toHaveLength(1);
  });

  it("as JSON has one object a line and no secret", () => {
    const [connection] = syncVectors.config.filter(({ id }) => id === "config-051");
    const { lines: shown } = show(connection?.stdout ?? "", "json");
    expect(shown.map((line) => JSON.parse(line))[0]).toEqual({
      type: "connection",
      mux: 11,
      endpoint: "[2001:db8::5]:40000",
      role: "right",
      kd_prf: "aes-ctr-256",
      window_packets: 64,
      sequence: 0,
    });
    expect(JSON.parse(shown[1] ?? "")).toEqual({ type: "route", prefix: "192.168.4.0/22", mux: 11 });
  });
});

describe("what only our own servers say", () => {
  it("is what is gone, and that this is all", () => {
    const shown = [
      { type: "hello", version: 1, node: "node", sender: undefined },
      { type: "complete" },
      { type: "withdraw-connection", mux: 7 },
      { ...route("10.1.0.0"), type: "withdraw-route" },
      { type: "replay-mark", mux: 1, senderId: 2, sequence: 3 },
    ] as const;
    expect(shown.flatMap((extension) => showExtension(extension) ?? [])).toEqual([
      '{"type":"complete"}',
      '{"type":"connection-gone","mux":7}',
      '{"type":"route-gone","prefix":"10.1.0.0/16"}',
    ]);
  });
});

describe("the page of a live table", () => {
  const size = { rows: 12, columns: 60 };
  const heard = (table: LiveTable, text: string): void => {
    table.entry(route(text));
  };

  it("shows what is there, and what is left of it", () => {
    const table = new LiveTable();
    table.connected();
    heard(table, "10.1.0.0");
    heard(table, "10.2.0.0");
    expect(table.page("host:2323", "12:00:00", size)).toBe(
      [
        "host:2323  connected  0 clients, 2 routes  12:00:00",
        "",
        "   MUX  CLIENT                                          ROLE ",
        "",
        "   MUX  ROUTE",
        "     7  10.1.0.0/16",
        "     7  10.2.0.0/16",
      ]
        .map((line) => line.slice(0, 60))
        .join("\n"),
    );
    expect(table.isChanged).toBe(false);
    table.extension({ type: "withdraw-route", address: route("10.1.0.0").address, length: 16 });
    expect(table.isChanged).toBe(true);
    expect(table.page("h", "t", size)).not.toContain("10.1.0.0");
  });

  it("forgets what a new connection no longer tells", () => {
    const table = new LiveTable();
    table.connected();
    heard(table, "10.1.0.0");
    table.status("lost");
    table.connected();
    heard(table, "10.2.0.0");
    expect(table.page("h", "t", size)).toContain("10.1.0.0");
    table.extension({ type: "complete" });
    expect(table.page("h", "t", size)).not.toContain("10.1.0.0");
    expect(table.page("h", "t", size)).toContain("10.2.0.0");
  });

  it("counts what does not fit", () => {
    const table = new LiveTable();
    for (let i = 0; i < 50; i++) heard(table, `10.${i}.0.0`);
    const page = table.page("h", "t", size).split("\n");
    expect(page).toHaveLength(12);
    expect(page.at(-1)).toBe("… 44 more lines");
  });
});

it("our own commands are not shown", () => {
  expect(show(frameText(encodeExtension({ type: "complete" })))).toEqual({ lines: [], errors: [] });
});
