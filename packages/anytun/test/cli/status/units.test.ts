import { expect, it } from "vitest";
import { ago, bitRate, bytes, count, duration } from "../../../src/cli/status/units.ts";

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [999.5, "1.00 kB"],
  [1234, "1.23 kB"],
  [12_345, "12.3 kB"],
  [123_456, "123 kB"],
  [999_499, "999 kB"],
  [999_999, "1.00 MB"],
  [2 ** 53, "9.01 PB"],
  [1e19, "10000 PB"],
])("%d bytes are %s", (value, text) => {
  expect(bytes(value)).toBe(text);
});

it.each([
  [null, ""],
  [0, "0 bit/s"],
  [125_000_000, "1.00 Gbit/s"],
])("%d bytes a second are %s", (value, text) => {
  expect(bitRate(value)).toBe(text);
});

it.each([
  [0, "0"],
  [999, "999"],
  [1000, "1,000"],
  [1_234_567.4, "1,234,567"],
])("%d is %s", (value, text) => {
  expect(count(value)).toBe(text);
});

it.each([
  [null, "never"],
  [0.04, "now"],
  [0.34, "0.3 s ago"],
  [1.9, "1 s ago"],
  [59.9, "59 s ago"],
  [60, "1 min ago"],
  [3599, "59 min ago"],
  [90_000, "1 d ago"],
])("%d seconds are %s", (value, text) => {
  expect(ago(value)).toBe(text);
});

it.each([
  [0, "0 s"],
  [61, "1 min 1 s"],
  [7200, "2 h"],
  [86_400 * 2 + 3_600 * 3 + 59, "2 d 3 h"],
])("%d seconds last %s", (value, text) => {
  expect(duration(value)).toBe(text);
});
