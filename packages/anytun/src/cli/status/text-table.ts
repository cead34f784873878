/** Rows of text as aligned columns. */

export type Align = "left" | "right";

/** @param style puts colours around a cell that has its width; plain text when left out */
export function textTable(
  rows: readonly (readonly string[])[],
  align: readonly Align[],
  style: (cell: string, row: number, column: number) => string = (cell) => cell,
): string[] {
  const widths = align.map((_, column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row, index) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        const isLast = column === row.length - 1;
        const padded = align[column] === "right" ? cell.padStart(width) : isLast ? cell : cell.padEnd(width);
        return style(padded, index, column);
      })
      .join("  ")
      .trimEnd(),
  );
}
