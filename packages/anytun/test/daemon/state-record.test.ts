import fc from "fast-check";
import { expect, it } from "vitest";
import {
  decodeRecord,
  encodeHead,
  encodeRecord,
  RECORD_BYTES,
  recordPlace,
  type StateRecord,
} from "../../src/daemon/state-record.ts";

const NAME = recordPlace(7, 3);

const record: fc.Arbitrary<StateRecord> = fc.record({
  generation: fc.nat({ max: 2 ** 48 - 1 }).filter(Number.isSafeInteger),
  epoch: fc.nat({ max: 65_535 }),
  next: fc.oneof(fc.nat({ max: 2 ** 32 }), fc.constantFrom(0, 2 ** 32)),
});

it("brings every record back", () => {
  fc.assert(
    fc.property(record, (value) => {
      expect(decodeRecord(encodeRecord(value, NAME), NAME)).toEqual(value);
    }),
  );
});

it("refuses a record with any bit changed, cut anywhere, of another file, or of nothing", () => {
  const bytes = encodeRecord({ generation: 7, epoch: 1, next: 2 ** 32 }, NAME);
  for (let bit = 0; bit < RECORD_BYTES * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(decodeRecord(changed, NAME), `bit ${bit}`).toBeUndefined();
  }
  for (let length = 0; length < RECORD_BYTES; length++) {
    const torn = Buffer.alloc(RECORD_BYTES);
    bytes.copy(torn, 0, 0, length);
    if (!torn.equals(bytes)) expect(decodeRecord(torn, NAME), `torn at ${length}`).toBeUndefined();
    expect(decodeRecord(bytes.subarray(0, length), NAME)).toBeUndefined();
  }
  expect(decodeRecord(bytes, recordPlace(7, 4))).toBeUndefined();
  expect(decodeRecord(bytes, recordPlace(73, 3))).toBeUndefined();
  expect(decodeRecord(encodeHead(7), NAME)).toBeUndefined();
  expect(decodeRecord(Buffer.alloc(RECORD_BYTES), NAME)).toBeUndefined();
});
