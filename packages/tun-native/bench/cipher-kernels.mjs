// Nanoseconds per packet of every kernel that this machine can run, sealing and opening: kernel × bytes × batch size.
// Batches larger than the rows of one call's chunk are as fast as the chunk.
import { createPacketBatch, createSatpCipher } from "../dist/index.js";
import { loadBinding } from "../dist/load-binding.js";

export const SIZES = [64, 512, 1400];
export const BATCHES = [1, 4, 16, 48, 128];

const ROUNDS = 25;
const SPACING = 1984;
const LABELS = [0x356a192b, 0x77de68da, 0xac3478d6];

/** `[{kernel, bytes, batch, seal, open}]`, `bytes` without header, payload type and tag; the best of several rounds. */
export function measureKernels(suite = {}) {
  const results = [];
  for (const kernel of loadBinding().cipherKernels()) {
    for (const bytes of SIZES) {
      for (const batch of BATCHES) results.push({ kernel, bytes, batch, ...measure({ kernel, bytes, batch, suite }) });
    }
  }
  return results;
}

/** One cell of the table. `suite` changes the default suite: masterKey, cipherKeyBytes, tagBytes. */
export function measure({ kernel, bytes, batch: count, suite = {} }) {
  const cipher = cipherWith(kernel);
  const id = cipher.addContext({
    masterKey: new Uint8Array(16),
    masterSalt: new Uint8Array(14),
    cipherKeyBytes: 16,
    tagBytes: 10,
    sealLabels: LABELS,
    openLabels: LABELS,
    ...suite,
  });
  const batch = createPacketBatch({ capacity: count, bytes: count * 2048 });
  const rows = Int32Array.from({ length: 4 * count }, (_, i) => [SPACING * (i >> 2) + 16, 10 + bytes, id, 0][i & 3]);
  const turns = Math.ceil((bytes > 500 ? 1500 : 5000) / count);
  const nanoseconds = (work) => {
    const started = performance.now();
    for (let turn = 0; turn < turns; turn++) {
      batch.descriptors.set(rows);
      work();
    }
    return ((performance.now() - started) * 1e6) / turns / count;
  };
  let [seal, both] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS; round++) {
    seal = Math.min(
      seal,
      nanoseconds(() => cipher.seal(batch, 0, count)),
    );
    // What was opened cannot be opened again, so opening is what it adds to sealing.
    both = Math.min(
      both,
      nanoseconds(() => {
        cipher.seal(batch, 0, count);
        cipher.open(batch, 0, count);
      }),
    );
  }
  const flags = batch.descriptors.filter((_, i) => i % 4 === 3);
  cipher.close();
  if (flags.some((flag) => flag !== 0)) throw new Error(`${kernel} did not open what it sealed`);
  return { seal, open: both - seal };
}

function cipherWith(kernel) {
  const before = process.env.TUN_NATIVE_CRYPTO;
  process.env.TUN_NATIVE_CRYPTO = kernel;
  try {
    return createSatpCipher();
  } finally {
    if (before === undefined) delete process.env.TUN_NATIVE_CRYPTO;
    else process.env.TUN_NATIVE_CRYPTO = before;
  }
}
