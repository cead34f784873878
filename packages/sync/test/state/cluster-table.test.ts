import { describe, expect, it } from "vitest";
import {
  ClusterTable,
  type ConnectionCommand,
  entryFrames,
  entryKey,
  formatHostAddress,
  parseHostAddress,
  safeRoutes,
  snapshotPieces,
  UNSPECIFIED4,
  UNSPECIFIED6,
} from "../../src/index.ts";
import { commandsOf, connection, present, route } from "../support/frames.ts";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
const elsewhere = present(parseHostAddress("2001:db8::9"));

function applied(...commands: ConnectionCommand[]): ConnectionCommand {
  const table = new ClusterTable();
  for (const command of commands) table.apply(command);
  return present(table.connection(commands[0]?.mux ?? 0));
}

describe("connections from other nodes", () => {
  it("a place that is not known does not replace one that is", () => {
    for (const host of [UNSPECIFIED4, UNSPECIFIED6]) {
      expect(applied(connection(7), connection(7, { host, port: 9, windowSize: 3 }))).toEqual(
        connection(7, { windowSize: 3 }),
      );
    }
  });

  it("has one spelling for a place that is not known", () => {
    expect(applied(connection(7, { host: UNSPECIFIED6, port: 5 }))).toMatchObject({ host: UNSPECIFIED4, port: 0 });
  });

  it("never lowers a sequence number under the same keys", () => {
    const high = connection(7, { sequence: 1000 });
    expect(applied(high, connection(7, { sequence: 3, host: elsewhere }))).toMatchObject({
      sequence: 1000,
      host: elsewhere,
    });
    expect(applied(high, connection(7, { sequence: 2000 })).sequence).toBe(2000);
  });

  it("begins anew with new keys or another role", () => {
    const high = connection(7, { sequence: 1000 });
    expect(applied(high, connection(7, { key: new Uint8Array(16).fill(99) })).sequence).toBe(0);
    expect(applied(high, connection(7, { role: 1 })).sequence).toBe(0);
  });

  it("keeps keys that were left out", () => {
    const silent = connection(7, { key: bytes(), salt: bytes(), sequence: 5, host: elsewhere });
    expect(applied(connection(7), silent)).toEqual(connection(7, { sequence: 5, host: elsewhere }));
  });

  it("says whether anything is new", () => {
    const table = new ClusterTable();
    expect(table.apply(connection(7))).toEqual(connection(7));
    expect(table.apply(connection(7))).toBeUndefined();
    expect(table.apply(connection(7, { port: 1 }))).toEqual(connection(7, { port: 1 }));
  });
});

describe("routes", () => {
  it("host bits stay, and do not make another route", () => {
    const table = new ClusterTable();
    table.apply(route("10.1.2.3/24", 1));
    table.apply(route("10.1.2.9/24", 2));
    expect(table.routes()).toEqual([route("10.1.2.9/24", 2)]);
    expect(entryKey(route("10.1.2.3/24", 1))).toBe(entryKey(route("10.1.2.0/24", 1)));
  });

  it("come by family, length and address", () => {
    const table = new ClusterTable();
    const texts = ["::/0", "2001:db8::/32", "10.1.0.0/16", "10.0.0.0/8", "192.0.2.0/8", "9.0.0.0/8", "200.0.0.0/16"];
    for (const text of texts) table.set(route(text, 1));
    expect(table.routes().map(({ address, length }) => `${formatHostAddress(address)}/${length}`)).toEqual([
      ...["9.0.0.0/8", "10.0.0.0/8", "192.0.2.0/8", "10.1.0.0/16", "200.0.0.0/16", "::/0", "2001:db8::/32"],
    ]);
  });

  it("are no more than may be, and those that are there still change", () => {
    const table = new ClusterTable(2);
    for (const text of ["10.0.0.0/8", "11.0.0.0/8", "12.0.0.0/8"]) table.apply(route(text, 1));
    expect(table.size).toBe(2);
    expect(table.overflow).toBe(1);
    expect(table.apply(route("11.0.0.0/8", 2))).toEqual(route("11.0.0.0/8", 2));
  });

  it("go away, and come back", () => {
    const table = new ClusterTable();
    table.set(route("10.0.0.0/8", 1));
    table.set(connection(3));
    expect(table.size).toBe(2);
    expect(table.delete(entryKey(route("10.0.0.0/8", 1)))).toBe(true);
    expect(table.delete(entryKey(connection(3)))).toBe(true);
    expect(table.delete(entryKey(connection(3)))).toBe(false);
    expect([...table.connections(), ...table.routes()]).toEqual([]);
    expect(table.set(route("10.0.0.0/8", 1))).toBe(true);
    expect(table.get(entryKey(route("10.0.0.0/8", 1)))).toEqual(route("10.0.0.0/8", 1));
  });
});

describe("snapshots", () => {
  it("hold connections by mux, then routes, split where originals need it", () => {
    const table = new ClusterTable();
    for (const mux of [300, 7, 65_535]) table.set(connection(mux));
    table.set(route("128.0.0.0/1", 7));
    const commands = commandsOf(Buffer.concat(snapshotPieces(table, { secrets: true })));
    expect(commands).toEqual([
      ...[7, 300, 65_535].map((mux) => connection(mux)),
      ...safeRoutes(route("128.0.0.0/1", 7)),
    ]);
    expect(safeRoutes(route("128.0.0.0/1", 7))).toHaveLength(8);
  });

  it("hold no secret where they must not", () => {
    const table = new ClusterTable();
    table.set(connection(7));
    const none = connection(7, { key: bytes(), salt: bytes() });
    const [shown] = commandsOf(Buffer.concat(snapshotPieces(table, { secrets: false })));
    expect(shown).toEqual(none);
    expect(commandsOf(entryFrames(connection(7), { secrets: false }))).toEqual([none]);
    expect(commandsOf(entryFrames(connection(7), { secrets: true }))).toEqual([connection(7)]);
  });

  it("come in pieces that end with a frame", () => {
    const table = new ClusterTable();
    for (let mux = 0; mux < 3000; mux++) table.set(connection(mux));
    const pieces = snapshotPieces(table, { secrets: true });
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.map((piece) => commandsOf(piece).length).reduce((a, b) => a + b)).toBe(3000);
  });
});
