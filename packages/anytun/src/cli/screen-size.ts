/** How much fits on a terminal. */

export interface ScreenSize {
  readonly rows: number;
  readonly columns: number;
}

/** Terminals without a size, as containers have them at first, count as the usual one. */
export function screenSize({ rows, columns }: Partial<ScreenSize>): ScreenSize {
  return { rows: rows || 24, columns: columns || 80 };
}
