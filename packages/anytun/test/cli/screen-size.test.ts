import { expect, it } from "vitest";
import { screenSize } from "../../src/cli/screen-size.ts";

it.each([
  [
    { rows: 50, columns: 132 },
    { rows: 50, columns: 132 },
  ],
  [
    { rows: 0, columns: 0 },
    { rows: 24, columns: 80 },
  ],
  [{}, { rows: 24, columns: 80 }],
])("a terminal of %j has %j", (given, expected) => {
  expect(screenSize(given)).toEqual(expected);
});
