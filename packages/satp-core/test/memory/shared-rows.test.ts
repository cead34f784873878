import fc from "fast-check";
import { expect, it } from "vitest";
import { cellRow, wordRow } from "../../src/memory/shared-rows.ts";

it.each([
  ["words", wordRow],
  ["cells", cellRow],
])("gives rows of zeros that nobody else has: %s", (_, row) => {
  const length = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 20_000 }));
  fc.assert(
    fc.property(fc.array(length, { minLength: 1, maxLength: 60 }), (lengths) => {
      const rows = lengths.map((wanted) => ({ ...row(wanted), wanted }));
      for (const [i, { table, at, wanted }] of rows.entries()) {
        expect(table.length).toBeGreaterThanOrEqual(at + wanted);
        expect(table.subarray(at, at + wanted).every((value) => value === 0)).toBe(true);
        table.fill(i + 1, at, at + wanted);
      }
      for (const [i, { table, at, wanted }] of rows.entries()) {
        expect(table.subarray(at, at + wanted).every((value) => value === i + 1)).toBe(true);
      }
    }),
  );
});

it("lets small rows share and large ones not", () => {
  const tables = Array.from({ length: 1000 }, () => wordRow(8).table);
  expect(new Set(tables).size).toBeLessThan(20);
  expect(wordRow(50_000).table).toHaveLength(50_000);
});
