import { createCipheriv } from "node:crypto";
import { describe, expect, it } from "vitest";
import { KeyDerivation, writeDerivationCounter } from "../../src/crypto/key-derivation.ts";
import { deriveMasterKeys } from "../../src/crypto/master-keys.ts";
import { applyKeyStream, COUNTER_BYTES, writeCipherCounter } from "../../src/crypto/payload-cipher.ts";
import { labelsOf, type Role, roleByName } from "../../src/crypto/role.ts";
import { DEFAULT_SUITE, kdPrfByName } from "../../src/crypto/suite.ts";
import { present, readVectors, toHex, type VectorRecord } from "../support/vectors.ts";

const vectors = readVectors("key-derivation.json");

describe("master keys of key-derivation.json", () => {
  const masters = vectors.records("masters", vectors.number("masters_count"));
  it.each(masters.map((c): [string, VectorRecord] => [`${c.text("kd_prf")} of '${c.text("passphrase")}'`, c]))(
    "%s",
    (_, c) => {
      const suite = { ...DEFAULT_SUITE, kdPrf: present(kdPrfByName(c.text("kd_prf")), "kd-prf") };
      for (const passphrase of [c.text("passphrase"), c.bytes("passphrase_hex")]) {
        const keys = deriveMasterKeys({ suite, passphrase });
        expect(toHex(keys.masterKey)).toBe(c.text("master_key"));
        expect(toHex(keys.masterSalt)).toBe(c.text("master_salt"));
      }
    },
  );
});

const PURPOSES = ["enc", "salt", "auth"];
const LABEL_OF_PURPOSE = new Map(PURPOSES.map((name, i) => [name, i]));

function roleOf(c: VectorRecord): Role {
  return present(roleByName(c.text("sender_role")), "role");
}

function derive(c: VectorRecord, bytes: number): Uint8Array {
  const purpose = c.text("purpose");
  const keys = new KeyDerivation(
    c.bytes("master_key"),
    c.bytes("master_salt"),
    labelsOf(roleOf(c)),
    purpose === "enc" ? bytes : 16,
  ).derive(c.number("seq"));
  if (purpose === "enc") return keys.encryptionKey;
  return purpose === "salt" ? keys.salt : keys.authenticationKey;
}

describe("session keys of key-derivation.json", () => {
  const derivations = vectors.records("derivations", vectors.number("derivations_count"));
  const named = derivations.map((c, i): [string, VectorRecord] => [
    `${i}: ${c.text("kd_prf")} ${c.text("sender_role")} ${c.text("purpose")} ${c.number("seq")}`,
    c,
  ]);
  it.each(named)("%s", (_, c) => {
    const label = present(labelsOf(roleOf(c))[present(LABEL_OF_PURPOSE.get(c.text("purpose")), "purpose")], "label");
    expect(label).toBe(Number(c.text("label")));
    const block = new Uint8Array(16);
    writeDerivationCounter(c.bytes("master_salt"), label, c.number("seq"), block, 0);
    expect(toHex(block)).toBe(c.text("counter"));
    const output = c.record("output");
    expect(output.keys().length).toBeGreaterThan(0);
    for (const length of output.keys()) expect(toHex(derive(c, Number(length)))).toBe(output.text(length));
  });
});

describe("counter blocks of key-derivation.json", () => {
  const counters = vectors.records("cipher_counters", vectors.number("cipher_counters_count"));
  it.each(counters.map((c, i): [number, VectorRecord] => [i, c]))("%i", (_, c) => {
    const block = new Uint8Array(COUNTER_BYTES).fill(0xee);
    writeCipherCounter(c.bytes("session_salt"), c.number("mux"), c.number("sender_id"), c.number("seq"), block);
    expect(toHex(block)).toBe(c.text("counter"));
    const zeros = new Uint8Array(48);
    applyKeyStream(c.bytes("session_key"), block, zeros);
    expect(toHex(zeros)).toBe(c.text("keystream_48"));
  });
});

describe("key derivation", () => {
  it("gives zero bytes for kd-prf null", () => {
    const keys = new KeyDerivation(new Uint8Array(0), new Uint8Array(0), labelsOf("left"), 24).derive(7);
    expect(toHex(keys.encryptionKey)).toBe("00".repeat(24));
    expect(toHex(keys.salt)).toBe("00".repeat(14));
    expect(toHex(keys.authenticationKey)).toBe("00".repeat(20));
  });

  it("is the key stream of AES-CTR", () => {
    const key = new Uint8Array(32).fill(9);
    const salt = new Uint8Array(14).fill(5);
    const keys = new KeyDerivation(key, salt, labelsOf("right"), 32).derive(0xfffffffe);
    const block = new Uint8Array(16);
    writeDerivationCounter(salt, labelsOf("right")[0], 0xfffffffe, block, 0);
    const stream = createCipheriv("aes-256-ctr", key, block).update(new Uint8Array(32));
    expect(toHex(keys.encryptionKey)).toBe(toHex(stream));
  });

  it("keeps its own copy of the salt", () => {
    const salt = Buffer.alloc(14, 3);
    const derivation = new KeyDerivation(new Uint8Array(16), salt, labelsOf("left"), 16);
    const before = toHex(derivation.derive(1).salt);
    salt.fill(0xff);
    expect(toHex(derivation.derive(1).salt)).toBe(before);
    derivation.close();
    expect(toHex(salt)).toBe("ff".repeat(14));
  });
});
