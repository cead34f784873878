// Routing tables that look like those of backbone routers, and destinations in them. The same numbers in every run.

/** Share of each prefix length in percent; what is missing to 100 is /24 and /48. */
const SHARES4 = {
  8: 0.02,
  12: 0.1,
  14: 0.3,
  16: 1.4,
  17: 0.9,
  18: 1.4,
  19: 2.8,
  20: 4.5,
  21: 5,
  22: 11,
  23: 10,
  28: 0.5,
  32: 1.5,
};
const SHARES6 = {
  29: 2.5,
  32: 12,
  33: 1.5,
  34: 1,
  36: 4,
  40: 8,
  42: 2,
  44: 10,
  45: 1,
  46: 3,
  47: 2.5,
  56: 1,
  64: 4,
  128: 1,
};
/** The first 16 bits of what registries give out. */
const BLOCKS6 = [0x2001, 0x2400, 0x2401, 0x2402, 0x2403, 0x2404, 0x2405, 0x2406, 0x2407, 0x240e, 0x2600, 0x2602].concat(
  [0x2604, 0x2605, 0x2606, 0x2607, 0x2620, 0x2800, 0x2801, 0x2803, 0x2804, 0x2806, 0x2a00, 0x2a01, 0x2a02, 0x2a03],
  [0x2a04, 0x2a05, 0x2a06, 0x2a07, 0x2a09, 0x2a0a, 0x2a0b, 0x2a0c, 0x2a0d, 0x2a0e, 0x2a0f, 0x2a10, 0x2a12, 0x2c0f],
);

/** Uniform 32-bit numbers (xorshift). */
export function randomWords(seed = 0x9e3779b9) {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** `count` different prefixes, each with its own words (unsigned) and length. */
export function syntheticPrefixes(family, count) {
  const random = randomWords();
  const lengths = lengthsByPercentile(family === 4 ? SHARES4 : SHARES6, family === 4 ? 24 : 48);
  const seen = new Set();
  const prefixes = [];
  while (prefixes.length < count) {
    const length = lengths[random() % lengths.length];
    const words = family === 4 ? [((1 + (random() % 223)) << 24) | (random() >>> 8), 0, 0, 0] : address6(random);
    const masked = words.map((word, i) => (word & mask(length - 32 * i)) >>> 0);
    const key = family === 4 ? masked[0] * 64 + length : `${masked}/${length}`;
    if (seen.has(key)) continue;
    seen.add(key);
    prefixes.push({ family, words: masked, length });
  }
  return prefixes;
}

/** Four words for each of `count` addresses, each in a random one of the prefixes. */
export function destinationsIn(prefixes, count) {
  const random = randomWords(0x2545f491);
  const words = new Int32Array(4 * count);
  for (let i = 0; i < count; i++) {
    const prefix = prefixes[random() % prefixes.length];
    for (let word = 0; word < (prefix.family === 4 ? 1 : 4); word++) {
      words[4 * i + word] = prefix.words[word] | (random() & ~mask(prefix.length - 32 * word));
    }
  }
  return words;
}

/** A network of a provider: 1,024 of them in each block, with most subnets at low numbers. */
function address6(random) {
  const provider = Math.imul(random() & 1023, 0x9e3779b1) >>> 16;
  const subnet = random() >>> (random() & 15);
  return [(BLOCKS6[random() % BLOCKS6.length] << 16) | provider, subnet, random(), random()];
}

function lengthsByPercentile(shares, rest) {
  const lengths = Object.entries(shares).flatMap(([length, percent]) => Array(percent * 50).fill(Number(length)));
  return lengths.concat(Array(5000 - lengths.length).fill(rest));
}

function mask(length) {
  if (length <= 0) return 0;
  return length >= 32 ? -1 : -1 << (32 - length);
}
