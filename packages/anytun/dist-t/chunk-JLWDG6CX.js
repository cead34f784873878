// packages/satp-core/dist/crypto/role.js
var LEFT = [896145707, 2011064538, 2889119958];
var RIGHT = [3662385719, 459559817, 3252672878];
function roleByName(name) {
  switch (name) {
    case "left":
    case "alice":
    case "server":
      return "left";
    case "right":
    case "bob":
    case "client":
      return "right";
    default:
      return void 0;
  }
}
function oppositeRole(role) {
  return role === "left" ? "right" : "left";
}
function labelsOf(sender) {
  return sender === "left" ? LEFT : RIGHT;
}

// packages/satp-core/dist/errors.js
var SatpError = class extends Error {
  name = "SatpError";
  code;
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
};
function checkRange(name, value, least, most) {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new SatpError("out-of-range", `${name} ${value}: expected an integer from ${least} to ${most}`);
  }
}

// packages/satp-core/dist/wire/layout.js
var HEADER_BYTES = 8;
var PAYLOAD_TYPE_BYTES = 2;
var PAYLOAD_OFFSET = HEADER_BYTES + PAYLOAD_TYPE_BYTES;
var SEQUENCE_OFFSET = 0;
var SENDER_ID_OFFSET = 4;
var MUX_OFFSET = 6;
var PAYLOAD_TYPE_OFFSET = 8;
var MAX_SENDER_ID = 65535;
var MAX_MUX = 65535;
var MAX_TAG_BYTES = 20;

// packages/satp-core/dist/crypto/suite.js
var DEFAULT_SUITE = { kdPrf: "aes-ctr-128", cipher: "aes-ctr-128", auth: "sha1", tagBytes: 10 };
function cipherByName(name) {
  switch (name) {
    case "aes-ctr":
      return "aes-ctr-128";
    case "null":
    case "aes-ctr-128":
    case "aes-ctr-192":
    case "aes-ctr-256":
      return name;
    default:
      return void 0;
  }
}
function kdPrfByName(name) {
  return cipherByName(name);
}
function authByName(name) {
  return name === "null" || name === "sha1" ? name : void 0;
}
function keyBytes(algorithm) {
  switch (algorithm) {
    case "null":
      return 0;
    case "aes-ctr-128":
      return 16;
    case "aes-ctr-192":
      return 24;
    case "aes-ctr-256":
      return 32;
  }
}
function effectiveSuite(suite) {
  checkRange("tag length", suite.tagBytes, 0, Number.MAX_SAFE_INTEGER);
  const unprotected = suite.cipher === "null" && suite.auth === "null";
  return {
    kdPrf: unprotected ? "null" : suite.kdPrf,
    cipher: suite.cipher,
    auth: suite.auth,
    tagBytes: suite.auth === "null" ? 0 : Math.min(suite.tagBytes, MAX_TAG_BYTES),
  };
}

// packages/satp-core/dist/crypto/cipher-context.js
function cipherContext(suite, keys, role) {
  const effective = effectiveSuite(suite);
  return {
    masterKey: keys.masterKey,
    masterSalt: keys.masterSalt,
    cipherKeyBytes: keyBytes(effective.cipher),
    tagBytes: effective.tagBytes,
    sealLabels: labelsOf(role),
    openLabels: labelsOf(oppositeRole(role)),
  };
}

// packages/satp-core/dist/batch/packet-batch.js
var DESCRIPTOR_WORDS = 4;
var OFFSET = 0;
var LENGTH = 1;
var CONTEXT = 2;
var FLAGS = 3;
var PACKET_OK = 0;
var PACKET_TRUNCATED = 2;
var ENDPOINT_WORDS = 8;
var ENDPOINT_FAMILY = 0;
var ENDPOINT_PORT = 1;
var ENDPOINT_SCOPE = 2;
var ENDPOINT_SOCKET = 3;
var ENDPOINT_ADDRESS = 4;

// packages/satp-core/dist/batch/rows.js
function wordAt(table, index) {
  return table[index] ?? 0;
}
function moveRow(batch, from, to) {
  if (from === to) return;
  const { descriptors, endpoints } = batch;
  for (let i = 0; i < DESCRIPTOR_WORDS; i++) {
    descriptors[to * DESCRIPTOR_WORDS + i] = wordAt(descriptors, from * DESCRIPTOR_WORDS + i);
  }
  for (let i = 0; i < ENDPOINT_WORDS; i++) {
    endpoints[to * ENDPOINT_WORDS + i] = wordAt(endpoints, from * ENDPOINT_WORDS + i);
  }
}

// packages/satp-core/dist/routing/address.js
var GROUPS = 8;
var DOT = 46;
var COLON = 58;
function parseAddress(text) {
  const address = tryParseAddress(text);
  if (address === void 0) throw new SatpError("bad-address", `'${text}': expected an IPv4 or IPv6 address`);
  return address;
}
function tryParseAddress(text) {
  if (text.includes(":")) {
    const groups = parseGroups(text);
    if (groups === void 0) return void 0;
    return { family: 6, words: [pair(groups, 0), pair(groups, 2), pair(groups, 4), pair(groups, 6)] };
  }
  const word = parseIpv4(text, 0);
  return word === void 0 ? void 0 : { family: 4, words: [word, 0, 0, 0] };
}
function formatAddress(address) {
  if (address.family === 4) return formatIpv4(address.words[0]);
  const groups = address.words.flatMap((word) => [word >>> 16, word & 65535]);
  if (isMapped(address.words)) return `::ffff:${formatIpv4(address.words[3])}`;
  const [start, length] = longestZeroRun(groups);
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}
function parseIpv4(text, from) {
  let word = 0;
  let part = 0;
  let digits = 0;
  let parts = 0;
  for (let i = from; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : DOT;
    if (code === DOT) {
      if (digits === 0 || part > 255 || parts === 4) return void 0;
      word = (word << 8) | part;
      parts++;
      part = 0;
      digits = 0;
    } else {
      const digit = code - 48;
      if (digit < 0 || digit > 9 || digits === 3 || (digits > 0 && part === 0)) return void 0;
      part = part * 10 + digit;
      digits++;
    }
  }
  return parts === 4 ? word >>> 0 : void 0;
}
function parseGroups(text) {
  const groups = [];
  let gap = -1;
  let i = 0;
  if (text.startsWith("::")) {
    gap = 0;
    i = 2;
  }
  while (i < text.length) {
    if (groups.length >= GROUPS) return void 0;
    const end = endOfGroup(text, i);
    if (text.charCodeAt(end) === DOT) {
      const word = parseIpv4(text, i);
      if (word === void 0) return void 0;
      groups.push(word >>> 16, word & 65535);
      break;
    }
    const group = parseHex(text, i, end);
    if (group < 0) return void 0;
    groups.push(group);
    if (end === text.length) break;
    if (text.charCodeAt(end) !== COLON) return void 0;
    i = end + 1;
    if (text.charCodeAt(i) === COLON) {
      if (gap >= 0) return void 0;
      gap = groups.length;
      i++;
    } else if (i === text.length) {
      return void 0;
    }
  }
  if (gap < 0) return groups.length === GROUPS ? groups : void 0;
  if (groups.length >= GROUPS) return void 0;
  const zeros = new Array(GROUPS - groups.length).fill(0);
  return [...groups.slice(0, gap), ...zeros, ...groups.slice(gap)];
}
function endOfGroup(text, from) {
  let end = from;
  while (end < text.length && text.charCodeAt(end) !== COLON && text.charCodeAt(end) !== DOT) end++;
  return end;
}
function parseHex(text, from, end) {
  if (end === from || end - from > 4) return -1;
  let value = 0;
  for (let i = from; i < end; i++) {
    const digit = hexDigit(text.charCodeAt(i));
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}
function hexDigit(code) {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 97 + 10 : -1;
}
function pair(groups, at) {
  return (((groups[at] ?? 0) << 16) | (groups[at + 1] ?? 0)) >>> 0;
}
function formatIpv4(word) {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}
function isMapped(words) {
  return words[0] === 0 && words[1] === 0 && words[2] === 65535;
}
function hex(groups) {
  return groups.map((group) => group.toString(16)).join(":");
}
function longestZeroRun(groups) {
  let best = [0, 0];
  let start = 0;
  for (const [i, group] of groups.entries()) {
    if (group !== 0) start = i + 1;
    else if (i + 1 - start > best[1]) best = [start, i + 1 - start];
  }
  return best;
}

// packages/satp-core/dist/peers/endpoint.js
function endpointOf(address, port, options = {}) {
  checkRange("port", port, 0, 65535);
  const words = new Int32Array(ENDPOINT_WORDS);
  words[ENDPOINT_FAMILY] = address.family;
  words[ENDPOINT_PORT] = port;
  words[ENDPOINT_SCOPE] = options.scope ?? 0;
  words[ENDPOINT_SOCKET] = options.socket ?? 0;
  words.set(address.words, ENDPOINT_ADDRESS);
  return words;
}
function sameEndpoint(a, aAt, b, bAt) {
  const difference =
    (wordAt(a, aAt + ENDPOINT_FAMILY) ^ wordAt(b, bAt + ENDPOINT_FAMILY)) |
    (wordAt(a, aAt + ENDPOINT_PORT) ^ wordAt(b, bAt + ENDPOINT_PORT)) |
    (wordAt(a, aAt + ENDPOINT_SCOPE) ^ wordAt(b, bAt + ENDPOINT_SCOPE)) |
    (wordAt(a, aAt + ENDPOINT_ADDRESS) ^ wordAt(b, bAt + ENDPOINT_ADDRESS)) |
    (wordAt(a, aAt + ENDPOINT_ADDRESS + 1) ^ wordAt(b, bAt + ENDPOINT_ADDRESS + 1)) |
    (wordAt(a, aAt + ENDPOINT_ADDRESS + 2) ^ wordAt(b, bAt + ENDPOINT_ADDRESS + 2)) |
    (wordAt(a, aAt + ENDPOINT_ADDRESS + 3) ^ wordAt(b, bAt + ENDPOINT_ADDRESS + 3));
  return difference === 0;
}
function copyEndpoint(from, fromAt, to, toAt) {
  to[toAt] = wordAt(from, fromAt);
  to[toAt + 1] = wordAt(from, fromAt + 1);
  to[toAt + 2] = wordAt(from, fromAt + 2);
  to[toAt + 3] = wordAt(from, fromAt + 3);
  to[toAt + 4] = wordAt(from, fromAt + 4);
  to[toAt + 5] = wordAt(from, fromAt + 5);
  to[toAt + 6] = wordAt(from, fromAt + 6);
  to[toAt + 7] = wordAt(from, fromAt + 7);
}
function formatEndpoint(words, at = 0) {
  const family = words[at + ENDPOINT_FAMILY];
  if (family !== 4 && family !== 6) return "unknown";
  const address = formatAddress({
    family,
    words: [
      words[at + ENDPOINT_ADDRESS] ?? 0,
      words[at + ENDPOINT_ADDRESS + 1] ?? 0,
      words[at + ENDPOINT_ADDRESS + 2] ?? 0,
      words[at + ENDPOINT_ADDRESS + 3] ?? 0,
    ],
  });
  const port = words[at + ENDPOINT_PORT] ?? 0;
  if (family === 4) return `${address}:${port}`;
  const scope = words[at + ENDPOINT_SCOPE] ?? 0;
  return scope === 0 ? `[${address}]:${port}` : `[${address}%${scope}]:${port}`;
}

// packages/satp-core/dist/peers/sequence-counter.js
var MAX_WAITING = 2;
var SequenceCounter = class {
  /** The number taken last: a field, because a returned number above 2³¹ would be allocated. */
  number = 0;
  /** Sender id that belongs to it. */
  senderId = 0;
  /** Numbers left in all ranges. */
  remaining = 0;
  #next = 0;
  #end = 0;
  /** Below this many numbers {@link takeLowSignal} answers once; 1 at first, so that an empty counter asks too. */
  #lowMark = 1;
  #waiting = [];
  /** Per sender id, the end of the last range: bounded by the 65,536 sender ids there are. */
  #ends = /* @__PURE__ */ new Map();
  constructor(range) {
    if (range !== void 0) this.extend(range);
  }
  /**
   * Adds a range behind those that are there.
   * @throws SatpError `out-of-range` for numbers that do not fit the wire; `sequence-range` when the
   * range begins below the end of an earlier one of the same sender id, or two are waiting already
   */
  extend(range) {
    checkRange("sender id", range.senderId, 0, MAX_SENDER_ID);
    checkRange("first sequence number", range.first, 0, 4294967295);
    checkRange("end of sequence numbers", range.end, range.first + 1, 4294967296);
    if (range.first < (this.#ends.get(range.senderId) ?? 0)) {
      throw new SatpError("sequence-range", `sequence numbers from ${range.first} on were reserved before`);
    }
    const waiting = this.#waiting.length - (this.#next === this.#end ? 1 : 0);
    if (waiting >= MAX_WAITING) {
      throw new SatpError("sequence-range", `${MAX_WAITING} ranges of sequence numbers are waiting already`);
    }
    this.#ends.set(range.senderId, range.end);
    this.#waiting.push({ senderId: range.senderId, first: range.first, end: range.end });
    const size = range.end - range.first;
    this.remaining += size;
    this.#lowMark = Math.ceil(size / 2);
  }
  /** Puts the next number into `number` and `senderId`; false when nothing is reserved. */
  take() {
    if (this.#next === this.#end && !this.#advance()) return false;
    this.number = this.#next;
    this.#next++;
    this.remaining--;
    return true;
  }
  /** True once after each `extend` when less than half of that range's size is left: time to reserve more. */
  takeLowSignal() {
    if (this.remaining >= this.#lowMark) return false;
    this.#lowMark = 0;
    return true;
  }
  #advance() {
    const range = this.#waiting.shift();
    if (range === void 0) return false;
    this.senderId = range.senderId;
    this.#next = range.first;
    this.#end = range.end;
    return true;
  }
};

// packages/satp-core/dist/crypto/master-keys.js
import { createHash } from "node:crypto";

var MASTER_SALT_BYTES = 14;
function deriveMasterKeys(material) {
  const { kdPrf } = effectiveSuite(material.suite);
  if (kdPrf === "null") return { masterKey: new Uint8Array(0), masterSalt: new Uint8Array(0) };
  const bytes = keyBytes(kdPrf);
  const masterKey = copyOf(material.key) ?? digestTail("sha256", material.passphrase, bytes);
  const masterSalt = copyOf(material.salt) ?? digestTail("sha1", material.passphrase, MASTER_SALT_BYTES);
  if (masterKey === void 0) throw new SatpError("key-missing", `${kdPrf} needs a passphrase or a key`);
  if (masterKey.length !== bytes) {
    throw new SatpError("key-length", `key of ${masterKey.length} bytes: ${kdPrf} needs ${bytes}`);
  }
  if (masterSalt === void 0) throw new SatpError("salt-missing", `${kdPrf} needs a passphrase or a salt`);
  if (masterSalt.length !== MASTER_SALT_BYTES) {
    throw new SatpError("salt-length", `salt of ${masterSalt.length} bytes: expected ${MASTER_SALT_BYTES}`);
  }
  return { masterKey, masterSalt };
}
function digestTail(algorithm, passphrase, bytes) {
  if (passphrase === void 0) return void 0;
  const digest = createHash(algorithm).update(passphrase).digest();
  const tail = new Uint8Array(digest.subarray(digest.length - bytes));
  digest.fill(0);
  return tail;
}
function copyOf(bytes) {
  return bytes === void 0 ? void 0 : new Uint8Array(bytes);
}

// packages/satp-core/dist/wire/header.js
function readSenderId(bytes, offset) {
  return readU16(bytes, offset + SENDER_ID_OFFSET);
}
function readMux(bytes, offset) {
  return readU16(bytes, offset + MUX_OFFSET);
}
function readPayloadType(bytes, offset) {
  return readU16(bytes, offset + PAYLOAD_TYPE_OFFSET);
}
function writeHeader(bytes, offset, sequence, senderId, mux, payloadType) {
  writeU32(bytes, offset + SEQUENCE_OFFSET, sequence);
  writeU16(bytes, offset + SENDER_ID_OFFSET, senderId);
  writeU16(bytes, offset + MUX_OFFSET, mux);
  writeU16(bytes, offset + PAYLOAD_TYPE_OFFSET, payloadType);
}
function readU16(bytes, offset) {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}
function readI32(bytes, offset) {
  return (
    ((bytes[offset] ?? 0) << 24) |
    ((bytes[offset + 1] ?? 0) << 16) |
    ((bytes[offset + 2] ?? 0) << 8) |
    (bytes[offset + 3] ?? 0)
  );
}
function writeU16(bytes, offset, value) {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}
function writeU32(bytes, offset, value) {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

// packages/satp-core/dist/replay/sequence-verdict.js
var SequenceVerdict = {
  /** Seen before, or too old to tell. Nothing may follow from the packet. */
  replayed: 0,
  /** No memory is left for another sender id. */
  senderLimit: 1,
  /** The first packet of this sender id. */
  first: 2,
  /** Newer than every packet before. */
  newer: 3,
  /** Older than the newest, but acceptable. */
  older: 4,
};

// packages/satp-core/dist/replay/replay-window.js
var MAX_WINDOW_SIZE = 16777216;
var HALF = 2147483647;
function windowBytes(size) {
  let bits = 32;
  while (bits < size) bits *= 2;
  return bits / 8;
}
var ReplayWindow = class {
  /** Window size in packets. */
  size;
  #bits;
  #mask;
  #top = -1;
  /**
   * @param size 1 to 2²⁴
   * @throws SatpError `out-of-range`
   */
  constructor(size) {
    checkRange("window size", size, 1, MAX_WINDOW_SIZE);
    this.size = size;
    this.#bits = new Int32Array(windowBytes(size) / 4);
    this.#mask = this.#bits.length * 32 - 1;
  }
  /**
   * Judges a number and marks it as seen: `replayed`, `first`, `newer` or `older`.
   * @param bits the 32 bits of the number, signed or unsigned; signed ones are not allocated on the way
   */
  checkAndMark(bits) {
    const sequence = bits >>> 0;
    const top = this.#top;
    if (top < 0) {
      this.#top = sequence;
      this.#mark(sequence);
      return SequenceVerdict.first;
    }
    const shift = top < this.size ? HALF : top > 4294967295 - this.size ? -HALF : 0;
    const shiftedTop = (top + shift) >>> 0;
    const shifted = (sequence + shift) >>> 0;
    if (shifted > shiftedTop) {
      this.#forget(top, (sequence - top) >>> 0);
      this.#top = sequence;
      this.#mark(sequence);
      return SequenceVerdict.newer;
    }
    if (shifted === shiftedTop || shifted < shiftedTop - this.size + 1) return SequenceVerdict.replayed;
    return this.#mark(sequence) ? SequenceVerdict.older : SequenceVerdict.replayed;
  }
  /** Sets the number's bit; false when it was set. */
  #mark(sequence) {
    const position = sequence & this.#mask;
    const word = this.#bits[position >>> 5] ?? 0;
    const bit = 1 << (position & 31);
    this.#bits[position >>> 5] = word | bit;
    return (word & bit) === 0;
  }
  /** Clears the bits of the `count` numbers after `top`, whole words at a time. */
  #forget(top, count) {
    if (count > this.#mask) {
      this.#bits.fill(0);
      return;
    }
    const first = (top + 1) & this.#mask;
    const end = first + count;
    const ring = this.#mask + 1;
    if (end <= ring) {
      this.#clear(first, end);
    } else {
      this.#clear(first, ring);
      this.#clear(0, end - ring);
    }
  }
  /** Clears bits `[first, end)`, which do not go around the ring. */
  #clear(first, end) {
    if (first >= end) return;
    const firstWord = first >>> 5;
    const lastWord = (end - 1) >>> 5;
    const keepBelow = (1 << (first & 31)) - 1;
    const keepAbove = (end & 31) === 0 ? 0 : -1 << (end & 31);
    if (firstWord === lastWord) {
      this.#bits[firstWord] = (this.#bits[firstWord] ?? 0) & (keepBelow | keepAbove);
      return;
    }
    this.#bits[firstWord] = (this.#bits[firstWord] ?? 0) & keepBelow;
    if (lastWord > firstWord + 1) this.#bits.fill(0, firstWord + 1, lastWord);
    this.#bits[lastWord] = (this.#bits[lastWord] ?? 0) & keepAbove;
  }
};

// packages/satp-core/dist/routing/prefix.js
function prefixOf(address, length) {
  checkRange("prefix length", length, 0, addressBits(address.family));
  const [a, b, c, d] = address.words;
  const words = [maskWord(a, length), maskWord(b, length - 32), maskWord(c, length - 64), maskWord(d, length - 96)];
  return { family: address.family, words, length };
}
function addressBits(family) {
  return family === 4 ? 32 : 128;
}
function maskWord(word, length) {
  if (length <= 0) return 0;
  if (length >= 32) return word >>> 0;
  return (word & (-1 << (32 - length))) >>> 0;
}

// packages/satp-core/dist/routing/prefix-table4.js
var NO_VALUE = -1;
var FIRST_BITS = 3;
var ENTRY_WORDS = 2;
var FREE = 0;
var PrefixTable4 = class {
  size = 0;
  #shift = 32 - FIRST_BITS;
  /** 0 = free, else some bits of the hash and 1. */
  #tags = new Uint8Array(1 << FIRST_BITS);
  /** Address word and value by slot. */
  #entries = new Int32Array(ENTRY_WORDS << FIRST_BITS);
  get(word) {
    const key = word | 0;
    const hash = hash4(key);
    const tag = tagOf(hash, this.#shift);
    const mask = this.#tags.length - 1;
    for (let slot = hash >>> this.#shift; ; slot = (slot + 1) & mask) {
      const found = this.#tags[slot] ?? FREE;
      if (found === FREE) return NO_VALUE;
      if (found === tag && this.#entries[slot * ENTRY_WORDS] === key)
        return this.#entries[slot * ENTRY_WORDS + 1] ?? NO_VALUE;
    }
  }
  /** Adds or changes; true when it was added. */
  set(word, value) {
    const key = word | 0;
    const slot = this.#find(key);
    const added = this.#tags[slot] === FREE;
    this.#write(slot, key, value);
    if (added && ++this.size * 2 > this.#tags.length) this.#resize(this.#shift - 1);
    return added;
  }
  /** True when it was there. */
  delete(word) {
    let hole = this.#find(word | 0);
    if (this.#tags[hole] === FREE) return false;
    const mask = this.#tags.length - 1;
    for (let slot = (hole + 1) & mask; this.#tags[slot] !== FREE; slot = (slot + 1) & mask) {
      const key = this.#entries[slot * ENTRY_WORDS] ?? 0;
      const home = hash4(key) >>> this.#shift;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#write(hole, key, this.#entries[slot * ENTRY_WORDS + 1] ?? NO_VALUE);
      hole = slot;
    }
    this.#tags[hole] = FREE;
    this.size--;
    if (this.#shift < 32 - FIRST_BITS && this.size * 8 < this.#tags.length) this.#resize(this.#shift + 1);
    return true;
  }
  /** Slot of the key, or the free slot where it would go. */
  #find(key) {
    const mask = this.#tags.length - 1;
    let slot = hash4(key) >>> this.#shift;
    while (this.#tags[slot] !== FREE && this.#entries[slot * ENTRY_WORDS] !== key) slot = (slot + 1) & mask;
    return slot;
  }
  #write(slot, key, value) {
    this.#tags[slot] = tagOf(hash4(key), this.#shift);
    this.#entries[slot * ENTRY_WORDS] = key;
    this.#entries[slot * ENTRY_WORDS + 1] = value;
  }
  #resize(shift) {
    const tags = this.#tags;
    const entries = this.#entries;
    this.#shift = shift;
    this.#tags = new Uint8Array(2 ** (32 - shift));
    this.#entries = new Int32Array(this.#tags.length * ENTRY_WORDS);
    for (let slot = 0; slot < tags.length; slot++) {
      if (tags[slot] === FREE) continue;
      const key = entries[slot * ENTRY_WORDS] ?? 0;
      this.#write(this.#find(key), key, entries[slot * ENTRY_WORDS + 1] ?? NO_VALUE);
    }
  }
};
function tagOf(hash, shift) {
  return ((hash >>> (shift - 8)) & 255) | 1;
}
function hash4(key) {
  return Math.imul(key ^ (key >>> 15), 2654435761);
}

// packages/satp-core/dist/routing/prefix-table6.js
var FIRST_BITS2 = 3;
var ENTRY_WORDS2 = 5;
var FREE2 = 0;
var PrefixTable6 = class {
  size = 0;
  #shift = 32 - FIRST_BITS2;
  /** 0 = free, else some bits of the hash and 1. */
  #tags = new Uint8Array(1 << FIRST_BITS2);
  /** Four address words and the value by slot. */
  #entries = new Int32Array(ENTRY_WORDS2 << FIRST_BITS2);
  get(a, b, c, d) {
    const hash = hash6(a, b, c, d);
    const tag = tagOf(hash, this.#shift);
    const mask = this.#tags.length - 1;
    for (let slot = hash >>> this.#shift; ; slot = (slot + 1) & mask) {
      const found = this.#tags[slot] ?? FREE2;
      if (found === FREE2) return NO_VALUE;
      if (found === tag && this.#holds(slot, a | 0, b | 0, c | 0, d | 0)) return this.#word(slot, 4);
    }
  }
  /** Adds or changes; true when it was added. */
  set(a, b, c, d, value) {
    const slot = this.#find(a | 0, b | 0, c | 0, d | 0);
    const added = this.#tags[slot] === FREE2;
    this.#write(slot, a, b, c, d, value);
    if (added && ++this.size * 2 > this.#tags.length) this.#resize(this.#shift - 1);
    return added;
  }
  /** True when it was there. */
  delete(a, b, c, d) {
    let hole = this.#find(a | 0, b | 0, c | 0, d | 0);
    if (this.#tags[hole] === FREE2) return false;
    const mask = this.#tags.length - 1;
    for (let slot = (hole + 1) & mask; this.#tags[slot] !== FREE2; slot = (slot + 1) & mask) {
      const hash = hash6(this.#word(slot, 0), this.#word(slot, 1), this.#word(slot, 2), this.#word(slot, 3));
      if (((slot - (hash >>> this.#shift)) & mask) < ((slot - hole) & mask)) continue;
      this.#tags[hole] = this.#tags[slot] ?? FREE2;
      this.#entries.copyWithin(hole * ENTRY_WORDS2, slot * ENTRY_WORDS2, (slot + 1) * ENTRY_WORDS2);
      hole = slot;
    }
    this.#tags[hole] = FREE2;
    this.size--;
    if (this.#shift < 32 - FIRST_BITS2 && this.size * 8 < this.#tags.length) this.#resize(this.#shift + 1);
    return true;
  }
  /** Slot of the key, or the free slot where it would go. */
  #find(a, b, c, d) {
    const mask = this.#tags.length - 1;
    let slot = hash6(a, b, c, d) >>> this.#shift;
    while (this.#tags[slot] !== FREE2 && !this.#holds(slot, a, b, c, d)) slot = (slot + 1) & mask;
    return slot;
  }
  #holds(slot, a, b, c, d) {
    const entries = this.#entries;
    const at = slot * ENTRY_WORDS2;
    return entries[at] === a && entries[at + 1] === b && entries[at + 2] === c && entries[at + 3] === d;
  }
  #word(slot, word) {
    return this.#entries[slot * ENTRY_WORDS2 + word] ?? NO_VALUE;
  }
  #write(slot, a, b, c, d, value) {
    const at = slot * ENTRY_WORDS2;
    this.#tags[slot] = tagOf(hash6(a, b, c, d), this.#shift);
    this.#entries[at] = a;
    this.#entries[at + 1] = b;
    this.#entries[at + 2] = c;
    this.#entries[at + 3] = d;
    this.#entries[at + 4] = value;
  }
  #resize(shift) {
    const tags = this.#tags;
    const entries = this.#entries;
    this.#shift = shift;
    this.#tags = new Uint8Array(2 ** (32 - shift));
    this.#entries = new Int32Array(this.#tags.length * ENTRY_WORDS2);
    for (let slot = 0; slot < tags.length; slot++) {
      if (tags[slot] === FREE2) continue;
      const at = slot * ENTRY_WORDS2;
      const a = entries[at] ?? 0;
      const b = entries[at + 1] ?? 0;
      const c = entries[at + 2] ?? 0;
      const d = entries[at + 3] ?? 0;
      this.#write(this.#find(a, b, c, d), a, b, c, d, entries[at + 4] ?? NO_VALUE);
    }
  }
};
function hash6(a, b, c, d) {
  let mixed = Math.imul(a ^ (a >>> 15), 2246822507) ^ b;
  mixed = Math.imul(mixed ^ (mixed >>> 13), 3266489909) ^ c;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 2246822507) ^ d;
  return Math.imul(mixed ^ (mixed >>> 15), 2654435761);
}

// packages/satp-core/dist/routing/destination-cache.js
var NOT_CACHED = -2;
var BITS = 11;
var ENTRY_WORDS3 = 5;
var DestinationCache = class {
  /** Four address words and the mux. */
  #entries = new Int32Array(ENTRY_WORDS3 << BITS).fill(NOT_CACHED);
  #empty = true;
  /** Mux, -1 for "no route", or {@link NOT_CACHED}. Words are signed. */
  get(a, b, c, d) {
    const entries = this.#entries;
    const at = slotOf(a, b, c, d);
    if (entries[at] === a && entries[at + 1] === b && entries[at + 2] === c && entries[at + 3] === d) {
      return entries[at + 4] ?? NOT_CACHED;
    }
    return NOT_CACHED;
  }
  set(a, b, c, d, mux) {
    const entries = this.#entries;
    const at = slotOf(a, b, c, d);
    entries[at] = a;
    entries[at + 1] = b;
    entries[at + 2] = c;
    entries[at + 3] = d;
    entries[at + 4] = mux;
    this.#empty = false;
  }
  /** Forgets everything; costs nothing when nothing was looked up since the last time. */
  clear() {
    if (this.#empty) return;
    this.#entries.fill(NOT_CACHED);
    this.#empty = true;
  }
};
function slotOf(a, b, c, d) {
  return (hash6(a, b, c, d) >>> (32 - BITS)) * ENTRY_WORDS3;
}

// packages/satp-core/dist/routing/routing-table.js
var MASK_WORDS = 4;
var RoutingTable = class {
  /** By prefix length. */
  #tables4 = new Array(33).fill(void 0);
  #tables6 = new Array(129).fill(void 0);
  /** The tables in use, longest prefix first, and the masks of their lengths. */
  #used4 = [];
  #used6 = [];
  #masks4 = new Int32Array(0);
  #masks6 = new Int32Array(0);
  #cache4 = new DestinationCache();
  #cache6 = new DestinationCache();
  #size = 0;
  /** Number of prefixes. */
  get size() {
    return this.#size;
  }
  /**
   * Adds a route, or points an existing one to another mux. Host bits of the prefix are ignored.
   * @throws SatpError `out-of-range`
   */
  insert(prefix, mux) {
    checkRange("mux", mux, 0, MAX_MUX);
    const { family, words, length } = prefixOf(prefix, prefix.length);
    const [a, b, c, d] = words;
    this.#forget(family);
    const added = family === 4 ? this.#table4(length).set(a, mux) : this.#table6(length).set(a, b, c, d, mux);
    if (added) this.#size++;
  }
  /** Removes a route; false when there was none for exactly this prefix. */
  remove(prefix) {
    const { family, words, length } = prefixOf(prefix, prefix.length);
    const [a, b, c, d] = words;
    this.#forget(family);
    const table = family === 4 ? this.#tables4[length] : this.#tables6[length];
    const removed = table instanceof PrefixTable4 ? table.delete(a) : (table?.delete(a, b, c, d) ?? false);
    if (!removed) return false;
    this.#size--;
    if (table?.size === 0) {
      if (family === 4) this.#tables4[length] = void 0;
      else this.#tables6[length] = void 0;
      this.#listUsed();
    }
    return true;
  }
  /** Mux for an IPv4 destination (big-endian word, signed or unsigned), or -1. */
  lookup4(word) {
    const cached = this.#cache4.get(word | 0, 0, 0, 0);
    if (cached !== NOT_CACHED) return cached;
    const mux = this.#search4(word);
    this.#cache4.set(word, 0, 0, 0, mux);
    return mux;
  }
  /** Mux for an IPv6 destination (four big-endian words, signed or unsigned), or -1. */
  lookup6(a, b, c, d) {
    const cached = this.#cache6.get(a | 0, b | 0, c | 0, d | 0);
    if (cached !== NOT_CACHED) return cached;
    const mux = this.#search6(a, b, c, d);
    this.#cache6.set(a, b, c, d, mux);
    return mux;
  }
  #search4(word) {
    const used = this.#used4;
    for (let i = 0; i < used.length; i++) {
      const value = used[i]?.get(word & wordAt(this.#masks4, i * MASK_WORDS)) ?? NO_VALUE;
      if (value !== NO_VALUE) return value;
    }
    return NO_VALUE;
  }
  #search6(a, b, c, d) {
    const used = this.#used6;
    const masks = this.#masks6;
    for (let i = 0; i < used.length; i++) {
      const at = i * MASK_WORDS;
      const value =
        used[i]?.get(
          a & wordAt(masks, at),
          b & wordAt(masks, at + 1),
          c & wordAt(masks, at + 2),
          d & wordAt(masks, at + 3),
        ) ?? NO_VALUE;
      if (value !== NO_VALUE) return value;
    }
    return NO_VALUE;
  }
  #table4(length) {
    let table = this.#tables4[length];
    if (table === void 0) {
      table = new PrefixTable4();
      this.#tables4[length] = table;
      this.#listUsed();
    }
    return table;
  }
  #table6(length) {
    let table = this.#tables6[length];
    if (table === void 0) {
      table = new PrefixTable6();
      this.#tables6[length] = table;
      this.#listUsed();
    }
    return table;
  }
  /** Any change may change any answer of its family. */
  #forget(family) {
    if (family === 4) this.#cache4.clear();
    else this.#cache6.clear();
  }
  #listUsed() {
    [this.#used4, this.#masks4] = longestFirst(this.#tables4);
    [this.#used6, this.#masks6] = longestFirst(this.#tables6);
  }
};
function longestFirst(byLength) {
  const tables = [];
  const masks = [];
  for (let length = byLength.length - 1; length >= 0; length--) {
    const table = byLength[length];
    if (table === void 0) continue;
    tables.push(table);
    for (let word = 0; word < MASK_WORDS; word++) masks.push(maskWord(-1, length - 32 * word));
  }
  return [tables, Int32Array.from(masks)];
}

// packages/satp-core/dist/tunnel/drop-reason.js
var DropReason = {
  /** Outbound: the frame was longer than its slot in the batch. */
  tooLong: 0,
  /** Outbound: fewer than 2 bytes, or no room for the destination address. Inbound: no room for header and tag. */
  tooShort: 1,
  /** Outbound, tun: neither IPv4 nor IPv6. */
  notIp: 2,
  /** Outbound: no route for the destination. */
  noRoute: 3,
  /** Outbound: no peer at all, or none with the route's mux. */
  noPeer: 4,
  /** Outbound: the peer's endpoint is not known yet. */
  noEndpoint: 5,
  /** Outbound: no sequence number is reserved. */
  noSequence: 6,
  /** Inbound: the datagram was longer than its slot in the batch. */
  truncated: 7,
  /** Inbound: no peer with the header's mux. */
  unknownMux: 8,
  /** Inbound: the authentication tag is wrong. */
  badTag: 9,
  /** Inbound: the replay window has seen the sequence number, or it is too old to tell. */
  replay: 10,
  /** Inbound: the peer used more sender ids than there are replay windows for. */
  senderLimit: 11,
  /** Inbound: nothing behind the payload type. */
  emptyPayload: 12,
  /** Inbound: a payload that this kind of device does not take. */
  wrongType: 13,
  /** The device refused a frame. Counted by the owner of the device. */
  deviceWrite: 14,
  /** The socket's buffer was full. This and the next three are counted by the owner of the sockets. */
  sendFull: 15,
  /** A datagram was longer than the path takes. */
  sendTooBig: 16,
  /** No route to the endpoint, or nobody listens there. */
  sendUnreachable: 17,
  /** Any other failure to send. */
  sendOther: 18,
};
var DROP_REASON_NAMES = [
  "too-long",
  "too-short",
  "not-ip",
  "no-route",
  "no-peer",
  "no-endpoint",
  "no-sequence",
  "truncated",
  "unknown-mux",
  "bad-tag",
  "replay",
  "sender-limit",
  "empty-payload",
  "wrong-type",
  "device-write",
  "send-full",
  "send-too-big",
  "send-unreachable",
  "send-other",
];

// packages/satp-core/dist/tunnel/counters.js
var PACKETS_IN = 0;
var BYTES_IN = 1;
var PACKETS_OUT = 2;
var BYTES_OUT = 3;
var TRAFFIC_CELLS = 4;
var Counters = class {
  #cells = new Float64Array(TRAFFIC_CELLS + DROP_REASON_NAMES.length);
  /** Live view: number of drops by {@link DropReason}. */
  drops = this.#cells.subarray(TRAFFIC_CELLS);
  /** Frames given out for the device. */
  get packetsIn() {
    return this.#cells[PACKETS_IN] ?? 0;
  }
  /** Bytes of these frames, without header and tag. */
  get bytesIn() {
    return this.#cells[BYTES_IN] ?? 0;
  }
  /** Frames given out for sealing. */
  get packetsOut() {
    return this.#cells[PACKETS_OUT] ?? 0;
  }
  /** Bytes of these frames, without header and tag. */
  get bytesOut() {
    return this.#cells[BYTES_OUT] ?? 0;
  }
  /** Frames for the device, of `bytes` together. */
  countIn(packets, bytes) {
    this.#add(PACKETS_IN, packets);
    this.#add(BYTES_IN, bytes);
  }
  /** Frames for the network, of `bytes` together. */
  countOut(packets, bytes) {
    this.#add(PACKETS_OUT, packets);
    this.#add(BYTES_OUT, bytes);
  }
  /** `packets` frames or datagrams that went no further. */
  countDrop(reason, packets = 1) {
    this.#add(TRAFFIC_CELLS + reason, packets);
  }
  #add(cell, amount) {
    this.#cells[cell] = (this.#cells[cell] ?? 0) + amount;
  }
};

// packages/satp-core/dist/tunnel/roaming.js
var SILENCE_MS = 1e4;
function mayMove(peer, verdict, replayProtection, nowMs) {
  if (verdict === SequenceVerdict.newer) return true;
  if (verdict === SequenceVerdict.older && replayProtection) return false;
  return !peer.reachable || peer.endpointHeardMs < 0 || nowMs - peer.endpointHeardMs >= SILENCE_MS;
}
function follow(peer, verdict, replayProtection, batch, row, nowMs) {
  const at = row * ENDPOINT_WORDS;
  if (sameEndpoint(peer.endpoint, 0, batch.endpoints, at)) {
    peer.endpoint[ENDPOINT_SOCKET] = wordAt(batch.endpoints, at + ENDPOINT_SOCKET);
    peer.endpointHeardMs = nowMs;
    peer.lastHeardMs = nowMs;
    return void 0;
  }
  if (wordAt(batch.endpoints, at + ENDPOINT_FAMILY) === 0) return void 0;
  if (!mayMove(peer, verdict, replayProtection, nowMs)) return void 0;
  const previous = peer.endpoint.slice();
  copyEndpoint(batch.endpoints, at, peer.endpoint, 0);
  peer.endpointHeardMs = nowMs;
  peer.lastHeardMs = nowMs;
  return previous;
}

// packages/satp-core/dist/peers/sender.js
var WINDOW_MEMORY = 32 * 1024 * 1024;
var MAX_SENDERS = 65536;
var Sender = class {
  id;
  window;
  newest = -1;
  constructor(id, windowSize) {
    this.id = id;
    this.window = windowSize === 0 ? void 0 : new ReplayWindow(windowSize);
  }
  judge(bits) {
    if (this.window !== void 0) return this.window.checkAndMark(bits);
    const sequence = bits >>> 0;
    const newest = this.newest;
    if (sequence > newest) {
      this.newest = sequence;
      return newest < 0 ? SequenceVerdict.first : SequenceVerdict.newer;
    }
    return SequenceVerdict.older;
  }
};
var Senders = class {
  /** Most sender ids that get memory. */
  limit;
  #windowSize;
  #byId = /* @__PURE__ */ new Map();
  /** Nearly every packet comes from the same sender id as the one before. */
  #last;
  /**
   * @param windowSize packets, 0 = no replay protection
   * @throws SatpError `out-of-range`
   */
  constructor(windowSize) {
    checkRange("window size", windowSize, 0, MAX_WINDOW_SIZE);
    this.#windowSize = windowSize;
    this.limit = Math.min(MAX_SENDERS, Math.floor(WINDOW_MEMORY / windowBytes(windowSize)));
  }
  /** Sender ids seen so far. */
  get size() {
    return this.#byId.size;
  }
  /**
   * Judges the sequence number of an authenticated packet and remembers it (spec: satp-wire.md 10).
   * Without replay protection nothing is `replayed`, and `newer` is a plain comparison: a sender that
   * starts again from 0 stays `older` until it passes its highest number.
   * @param bits the 32 bits of the sequence number, signed or unsigned
   */
  judge(senderId, bits) {
    let sender = this.#last;
    if (sender === void 0 || sender.id !== senderId) {
      sender = this.#byId.get(senderId);
      if (sender === void 0) {
        if (this.#byId.size >= this.limit) return SequenceVerdict.senderLimit;
        sender = new Sender(senderId, this.#windowSize);
        this.#byId.set(senderId, sender);
      }
      this.#last = sender;
    }
    return sender.judge(bits);
  }
};

// packages/satp-core/dist/peers/peer.js
var Peer = class {
  mux;
  context;
  tagBytes;
  sequence;
  senders;
  counters = new Counters();
  /** Where datagrams go to: eight words, written only by `setEndpoint` and the roaming rule. */
  endpoint = new Int32Array(ENDPOINT_WORDS);
  /** When the peer was last heard at its endpoint; -1 = never. */
  lastHeardMs = -1;
  /** When a datagram was last given out for the peer; -1 = never. */
  lastSentMs = -1;
  /** When the present endpoint was last heard; -1 = never. */
  endpointHeardMs = -1;
  /** Sequence number of the last replay, -1 = none yet; for the log. */
  lastReplaySequence = -1;
  /** Sender id of the last replay, -1 = none yet. */
  lastReplaySenderId = -1;
  /** Where the last replay came from. */
  lastReplayEndpoint = new Int32Array(ENDPOINT_WORDS);
  /** @throws SatpError `out-of-range` */
  constructor(config, windowSize) {
    checkRange("mux", config.mux, 0, MAX_MUX);
    checkRange("tag length", config.tagBytes, 0, MAX_TAG_BYTES);
    this.mux = config.mux;
    this.context = config.context;
    this.tagBytes = config.tagBytes;
    this.sequence = config.sequence;
    this.senders = new Senders(windowSize);
    if (config.endpoint !== void 0) copyEndpoint(config.endpoint, 0, this.endpoint, 0);
  }
  /** Whether there is a place to send to. */
  get reachable() {
    return this.endpoint[ENDPOINT_FAMILY] !== 0;
  }
  /** Points the peer at another place, which then counts as never heard. */
  setEndpoint(words) {
    if (!sameEndpoint(this.endpoint, 0, words, 0)) this.endpointHeardMs = -1;
    copyEndpoint(words, 0, this.endpoint, 0);
  }
};

// packages/satp-core/dist/peers/peer-table.js
var NONE = -1;
var PeerTable = class {
  /** Slot of the peer by mux. */
  #index = new Int32Array(MAX_MUX + 1).fill(NONE);
  #slots = [];
  #free = [];
  #lowest;
  get size() {
    return this.#slots.length - this.#free.length;
  }
  /** The peer with the numerically lowest mux: where everything goes when there are no routes (spec: satp-wire.md 8). */
  get lowest() {
    return this.#lowest;
  }
  get(mux) {
    const slot = this.#index[mux] ?? NONE;
    return slot < 0 ? void 0 : this.#slots[slot];
  }
  /** @throws SatpError `peer-exists` */
  add(peer) {
    if (this.get(peer.mux) !== void 0) throw new SatpError("peer-exists", `a peer with mux ${peer.mux} exists`);
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = peer;
    this.#index[peer.mux] = slot;
    if (this.#lowest === void 0 || peer.mux < this.#lowest.mux) this.#lowest = peer;
  }
  /** False when there is no such peer. */
  remove(mux) {
    const slot = this.#index[mux] ?? NONE;
    if (slot < 0) return false;
    this.#slots[slot] = void 0;
    this.#free.push(slot);
    this.#index[mux] = NONE;
    if (this.#lowest?.mux === mux) this.#lowest = this.#firstFrom(mux + 1);
    return true;
  }
  /** Peers by ascending mux. */
  *[Symbol.iterator]() {
    for (let peer = this.#lowest; peer !== void 0; peer = this.#firstFrom(peer.mux + 1)) yield peer;
  }
  #firstFrom(mux) {
    for (let candidate = mux; candidate <= MAX_MUX; candidate++) {
      const peer = this.get(candidate);
      if (peer !== void 0) return peer;
    }
    return void 0;
  }
};

// packages/satp-core/dist/wire/payload-type.js
var PayloadType = {
  /** An IPv4 packet, from a tun device. */
  ipv4: 2048,
  /** An IPv6 packet, from a tun device. */
  ipv6: 34525,
  /** An Ethernet frame from the destination address on and without checksum, from a tap device. */
  ethernet: 25944,
};
var NOT_IP = -1;
function ipPayloadType(firstByte) {
  const version = firstByte >>> 4;
  if (version === 4) return PayloadType.ipv4;
  if (version === 6) return PayloadType.ipv6;
  return NOT_IP;
}
function deviceTakes(kind, payloadType) {
  if (kind === "tap") return payloadType === PayloadType.ethernet;
  return payloadType === PayloadType.ipv4 || payloadType === PayloadType.ipv6;
}

// packages/satp-core/dist/tunnel/inbound.js
var Inbound = class {
  #config;
  #peers;
  #counters;
  /** A run of datagrams of one peer is counted once, at its end. */
  #runPeer;
  #runPackets = 0;
  #runBytes = 0;
  constructor(config, peers, counters) {
    this.#config = config;
    this.#peers = peers;
    this.#counters = counters;
  }
  /** See `Tunnel.classify`. */
  classify(batch, count) {
    let kept = 0;
    for (let row = 0; row < count; row++) {
      if (!this.#choose(batch, row)) continue;
      moveRow(batch, row, kept++);
    }
    return kept;
  }
  /** See `Tunnel.accept`. */
  accept(batch, count, nowMs) {
    let kept = 0;
    for (let row = 0; row < count; row++) {
      if (!this.#deliver(batch, row, nowMs)) continue;
      moveRow(batch, row, kept++);
    }
    this.#countRun(void 0);
    return kept;
  }
  /** Steps 1 to 4: length, and whose keys open the datagram. Nothing is changed: nothing is verified yet. */
  #choose(batch, row) {
    const { bytes, descriptors } = batch;
    const at = row * DESCRIPTOR_WORDS;
    const length = wordAt(descriptors, at + LENGTH);
    if (wordAt(descriptors, at + FLAGS) === PACKET_TRUNCATED) return this.#drop(void 0, DropReason.truncated);
    if (length < HEADER_BYTES) return this.#drop(void 0, DropReason.tooShort);
    const peer = this.#peers.get(readMux(bytes, wordAt(descriptors, at + OFFSET)));
    const keys = peer ?? this.#strangerKeys();
    if (keys === void 0) return this.#drop(void 0, DropReason.unknownMux);
    if (length < HEADER_BYTES + keys.tagBytes) return this.#drop(peer, DropReason.tooShort);
    descriptors[at + CONTEXT] = keys.context;
    return true;
  }
  /** Steps 5 to 10: the verdict on the tag, then all that an authenticated datagram may change. */
  #deliver(batch, row, nowMs) {
    const { bytes, descriptors } = batch;
    const at = row * DESCRIPTOR_WORDS;
    const offset = wordAt(descriptors, at + OFFSET);
    const mux = readMux(bytes, offset);
    let peer = this.#peers.get(mux);
    if (wordAt(descriptors, at + FLAGS) !== PACKET_OK) return this.#drop(peer, DropReason.badTag);
    let detected = false;
    if (peer === void 0) {
      peer = this.#detect(mux, batch, row);
      if (peer === void 0) return this.#drop(void 0, DropReason.unknownMux);
      detected = true;
    }
    const sequence = readI32(bytes, offset + SEQUENCE_OFFSET);
    const senderId = readSenderId(bytes, offset);
    const verdict = peer.senders.judge(senderId, sequence);
    if (verdict === SequenceVerdict.senderLimit) return this.#drop(peer, DropReason.senderLimit);
    if (verdict === SequenceVerdict.replayed) {
      peer.lastReplaySequence = sequence >>> 0;
      peer.lastReplaySenderId = senderId;
      copyEndpoint(batch.endpoints, row * ENDPOINT_WORDS, peer.lastReplayEndpoint, 0);
      return this.#drop(peer, DropReason.replay);
    }
    const previous = follow(peer, verdict, this.#config.windowSize > 0, batch, row, nowMs);
    if (detected) this.#config.events.peerDetected(peer);
    else if (previous !== void 0) this.#config.events.endpointMoved(peer, previous);
    const payloadBytes = wordAt(descriptors, at + LENGTH) - PAYLOAD_OFFSET;
    if (payloadBytes <= 0) return this.#drop(peer, DropReason.emptyPayload);
    if (!deviceTakes(this.#config.kind, readPayloadType(bytes, offset))) return this.#drop(peer, DropReason.wrongType);
    descriptors[at + OFFSET] = offset + PAYLOAD_OFFSET;
    descriptors[at + LENGTH] = payloadBytes;
    if (peer !== this.#runPeer) this.#countRun(peer);
    this.#runPackets++;
    this.#runBytes += payloadBytes;
    return true;
  }
  /** Ends the run of datagrams of one peer and begins one of `next`. */
  #countRun(next) {
    const peer = this.#runPeer;
    if (peer !== void 0) {
      peer.counters.countIn(this.#runPackets, this.#runBytes);
      this.#counters.countIn(this.#runPackets, this.#runBytes);
    }
    this.#runPeer = next;
    this.#runPackets = 0;
    this.#runBytes = 0;
  }
  /** Keys to try on a datagram of an unknown mux: only while there is no peer at all. */
  #strangerKeys() {
    return this.#peers.size === 0 ? this.#config.autodetect : void 0;
  }
  /**
   * The first authenticated datagram makes its mux a peer, for which there is one place. (With tags of
   * 0 bytes every datagram counts as authenticated, as with the originals.)
   */
  #detect(mux, batch, row) {
    const keys = this.#strangerKeys();
    if (keys === void 0) return void 0;
    const at = row * ENDPOINT_WORDS;
    const endpoint = batch.endpoints.slice(at, at + ENDPOINT_WORDS);
    const peer = new Peer({ ...keys, mux, endpoint }, this.#config.windowSize);
    this.#peers.add(peer);
    return peer;
  }
  #drop(peer, reason) {
    peer?.counters.countDrop(reason);
    this.#counters.countDrop(reason);
    return false;
  }
};

// packages/satp-core/dist/tunnel/outbound.js
var LEAST_FRAME_BYTES = 2;
var IPV4_DESTINATION = 16;
var IPV4_HEADER_BYTES = 20;
var IPV6_DESTINATION = 24;
var IPV6_HEADER_BYTES = 40;
var Outbound = class {
  #config;
  #isTap;
  #isSingle;
  #peers;
  #routes;
  #counters;
  /** A run of frames to one peer is counted once, at its end: counting each takes as long as its header. */
  #runPeer;
  #runPackets = 0;
  #runBytes = 0;
  constructor(config, peers, routes, counters) {
    this.#config = config;
    this.#isTap = config.kind === "tap";
    this.#isSingle = config.routing === "single";
    this.#peers = peers;
    this.#routes = routes;
    this.#counters = counters;
  }
  /** See `Tunnel.outbound`. */
  run(batch, count, nowMs) {
    let kept = 0;
    for (let row = 0; row < count; row++) {
      if (!this.#prepare(batch, row, nowMs)) continue;
      moveRow(batch, row, kept++);
    }
    this.#countRun(void 0, nowMs);
    return kept;
  }
  /** One frame; false when it is dropped, which is counted then. */
  #prepare(batch, row, nowMs) {
    const { bytes, descriptors } = batch;
    const at = row * DESCRIPTOR_WORDS;
    const offset = wordAt(descriptors, at + OFFSET);
    const length = wordAt(descriptors, at + LENGTH);
    if (wordAt(descriptors, at + FLAGS) === PACKET_TRUNCATED) return this.#drop(DropReason.tooLong);
    if (length < LEAST_FRAME_BYTES) return this.#drop(DropReason.tooShort);
    const type = this.#isTap ? PayloadType.ethernet : ipPayloadType(bytes[offset] ?? 0);
    if (type === NOT_IP) return this.#drop(DropReason.notIp);
    let mux = this.#config.mux;
    let peer;
    if (this.#isSingle) {
      peer = this.#peers.lowest;
    } else {
      const ipv4 = type === PayloadType.ipv4;
      if (length < (ipv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES)) return this.#drop(DropReason.tooShort);
      mux = ipv4
        ? this.#routes.lookup4(readI32(bytes, offset + IPV4_DESTINATION))
        : this.#routes.lookup6(
            readI32(bytes, offset + IPV6_DESTINATION),
            readI32(bytes, offset + IPV6_DESTINATION + 4),
            readI32(bytes, offset + IPV6_DESTINATION + 8),
            readI32(bytes, offset + IPV6_DESTINATION + 12),
          );
      if (mux < 0) return this.#drop(DropReason.noRoute);
      peer = this.#peers.get(mux);
    }
    if (peer === void 0) return this.#drop(DropReason.noPeer);
    if (!peer.reachable) return this.#dropOf(peer, DropReason.noEndpoint);
    const { sequence } = peer;
    const taken = sequence.take();
    if (taken) writeHeader(bytes, offset - PAYLOAD_OFFSET, sequence.number | 0, sequence.senderId, mux, type);
    if (sequence.takeLowSignal()) this.#config.events.sequenceLow(peer);
    if (!taken) return this.#dropOf(peer, DropReason.noSequence);
    descriptors[at + OFFSET] = offset - PAYLOAD_OFFSET;
    descriptors[at + LENGTH] = length + PAYLOAD_OFFSET;
    descriptors[at + CONTEXT] = peer.context;
    descriptors[at + FLAGS] = PACKET_OK;
    copyEndpoint(peer.endpoint, 0, batch.endpoints, row * ENDPOINT_WORDS);
    if (peer !== this.#runPeer) this.#countRun(peer, nowMs);
    this.#runPackets++;
    this.#runBytes += length;
    return true;
  }
  /** Ends the run of frames to one peer and begins one to `next`. */
  #countRun(next, nowMs) {
    const peer = this.#runPeer;
    if (peer !== void 0) {
      peer.lastSentMs = nowMs;
      peer.counters.countOut(this.#runPackets, this.#runBytes);
      this.#counters.countOut(this.#runPackets, this.#runBytes);
    }
    this.#runPeer = next;
    this.#runPackets = 0;
    this.#runBytes = 0;
  }
  #drop(reason) {
    this.#counters.countDrop(reason);
    return false;
  }
  #dropOf(peer, reason) {
    peer.counters.countDrop(reason);
    return this.#drop(reason);
  }
};

// packages/satp-core/dist/tunnel/tunnel.js
var Tunnel = class {
  /** Live counts of the whole tunnel. Each peer has its own for what can be attributed to it. */
  counters = new Counters();
  /** Destinations by prefix; used when `routing` is `routes`. */
  routes = new RoutingTable();
  #config;
  #peers = new PeerTable();
  #outbound;
  #inbound;
  /** @throws SatpError `out-of-range`, `routes-need-tun` */
  constructor(config) {
    checkRange("mux", config.mux, 0, MAX_MUX);
    checkRange("window size", config.windowSize, 0, MAX_WINDOW_SIZE);
    if (config.autodetect !== void 0) checkRange("tag length", config.autodetect.tagBytes, 0, MAX_TAG_BYTES);
    if (config.routing === "routes" && config.kind === "tap") {
      throw new SatpError("routes-need-tun", "routes need a tun device: a tap device carries Ethernet frames");
    }
    this.#config = config;
    this.#outbound = new Outbound(config, this.#peers, this.routes, this.counters);
    this.#inbound = new Inbound(config, this.#peers, this.counters);
  }
  /** Peers by ascending mux, configured and detected. */
  get peers() {
    return this.#peers;
  }
  /** The peer with this mux. */
  peer(mux) {
    return this.#peers.get(mux);
  }
  /** @throws SatpError `peer-exists`, `out-of-range` */
  addPeer(config) {
    const peer = new Peer(config, this.#config.windowSize);
    this.#peers.add(peer);
    return peer;
  }
  /** Forgets a peer with its replay windows; false when there is none with this mux. */
  removePeer(mux) {
    return this.#peers.remove(mux);
  }
  /**
   * Points a peer at another place (eight endpoint words, copied; family 0 = unknown).
   * @throws SatpError `peer-unknown`
   */
  setEndpoint(mux, endpoint) {
    const peer = this.#peers.get(mux);
    if (peer === void 0) throw new SatpError("peer-unknown", `no peer with mux ${mux}`);
    peer.setEndpoint(endpoint);
  }
  /**
   * Rows `[0, count)` hold frames of the device, with `HEADROOM_BYTES` free before and `TAILROOM_BYTES`
   * behind each. Puts header and payload type before the frame, and sets offset, length, context and
   * endpoint (spec: satp-wire.md 8). A frame that is dropped takes no sequence number.
   * @param nowMs monotonic milliseconds
   * @returns rows ready for `BatchCipher.seal`
   */
  outbound(batch, count, nowMs) {
    return this.#outbound.run(batch, count, nowMs);
  }
  /**
   * Rows `[0, count)` hold datagrams as received. Finds the peer and sets the context; changes nothing
   * else, for nothing is verified yet (spec: satp-wire.md 9, steps 1 to 4).
   * @returns rows ready for `BatchCipher.open`
   */
  classify(batch, count) {
    return this.#inbound.classify(batch, count);
  }
  /**
   * Rows `[0, count)` come from `BatchCipher.open`. Takes the verdict on the tag, detects a new peer,
   * asks the replay window, follows a roaming peer, checks the payload (spec: satp-wire.md 9, steps 3
   * and 5 to 10), and points the rows at their payloads.
   * @param nowMs monotonic milliseconds
   * @returns rows ready for the device
   */
  accept(batch, count, nowMs) {
    return this.#inbound.accept(batch, count, nowMs);
  }
};

export {
  authByName,
  cipherByName,
  cipherContext,
  DEFAULT_SUITE,
  DESCRIPTOR_WORDS,
  DROP_REASON_NAMES,
  DropReason,
  deriveMasterKeys,
  ENDPOINT_FAMILY,
  ENDPOINT_SOCKET,
  ENDPOINT_WORDS,
  effectiveSuite,
  endpointOf,
  formatAddress,
  formatEndpoint,
  HEADER_BYTES,
  kdPrfByName,
  keyBytes,
  LENGTH,
  MASTER_SALT_BYTES,
  MAX_TAG_BYTES,
  OFFSET,
  PAYLOAD_TYPE_BYTES,
  parseAddress,
  roleByName,
  SequenceCounter,
  Tunnel,
  tryParseAddress,
};
