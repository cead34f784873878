import { expect, it } from "vitest";
import { signalsOf } from "../../src/cli/inherited-signals.ts";

it.each([
  ["0000000000000001", [1]],
  ["0000000000001201", [1, 10, 13]],
  ["8000000180000000", [64]],
  ["", []],
  ["nohup", []],
  ["00000000000000001", []],
])("reads the mask %j", (mask, signals) => {
  expect(signalsOf(mask)).toEqual(signals);
});
