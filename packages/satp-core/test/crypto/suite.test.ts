import { describe, expect, it } from "vitest";
import { cipherContext } from "../../src/crypto/cipher-context.ts";
import { deriveMasterKeys, type KeyMaterial } from "../../src/crypto/master-keys.ts";
import { labelsOf, oppositeRole, roleByName } from "../../src/crypto/role.ts";
import {
  authByName,
  type Cipher,
  cipherByName,
  DEFAULT_SUITE,
  effectiveSuite,
  kdPrfByName,
  keyBytes,
  type Suite,
} from "../../src/crypto/suite.ts";
import { SatpError, type SatpErrorCode } from "../../src/errors.ts";
import { toHex } from "../support/vectors.ts";

describe("algorithm names", () => {
  it.each<[string, Cipher | undefined, number]>([
    ["null", "null", 0],
    ["aes-ctr", "aes-ctr-128", 16],
    ["aes-ctr-128", "aes-ctr-128", 16],
    ["aes-ctr-192", "aes-ctr-192", 24],
    ["aes-ctr-256", "aes-ctr-256", 32],
    ["aes-ctr-128x", undefined, -1],
    ["AES-CTR", undefined, -1],
    ["", undefined, -1],
  ])("'%s' is the cipher %s with %i key bytes", (name, cipher, bytes) => {
    expect(cipherByName(name)).toBe(cipher);
    expect(kdPrfByName(name)).toBe(cipher);
    if (cipher !== undefined) expect(keyBytes(cipher)).toBe(bytes);
  });

  it("knows null and sha1 for authentication", () => {
    expect(authByName("null")).toBe("null");
    expect(authByName("sha1")).toBe("sha1");
    expect(authByName("sha256")).toBeUndefined();
  });
});

describe("effective suite", () => {
  const suite = (over: Partial<Suite>): Suite => ({ ...DEFAULT_SUITE, ...over });
  it.each<[string, Suite, Suite]>([
    ["defaults stay", DEFAULT_SUITE, DEFAULT_SUITE],
    [
      "nothing to protect: no key derivation",
      suite({ cipher: "null", auth: "null" }),
      { kdPrf: "null", cipher: "null", auth: "null", tagBytes: 0 },
    ],
    ["no authentication: no tag", suite({ auth: "null", tagBytes: 20 }), suite({ auth: "null", tagBytes: 0 })],
    ["no cipher, but a tag: keys are derived", suite({ cipher: "null" }), suite({ cipher: "null" })],
    ["longest tag", suite({ tagBytes: 32 }), suite({ tagBytes: 20 })],
    ["no tag is sent or checked", suite({ tagBytes: 0 }), suite({ tagBytes: 0 })],
  ])("%s", (_, given, effective) => {
    expect(effectiveSuite(given)).toEqual(effective);
  });

  it.each([-1, 1.5, Number.NaN])("refuses a tag of %s bytes", (tagBytes) => {
    expect(() => effectiveSuite(suite({ tagBytes }))).toThrow(SatpError);
  });
});

describe("roles", () => {
  it.each([
    ["left", "left"],
    ["alice", "left"],
    ["server", "left"],
    ["right", "right"],
    ["bob", "right"],
    ["client", "right"],
    ["LEFT", undefined],
    ["", undefined],
  ])("'%s' is %s", (name, role) => {
    expect(roleByName(name)).toBe(role);
  });

  it("separates the directions of a tunnel", () => {
    const keys = deriveMasterKeys({ suite: DEFAULT_SUITE, passphrase: "x" });
    const left = cipherContext(DEFAULT_SUITE, keys, "left");
    const right = cipherContext(DEFAULT_SUITE, keys, oppositeRole("left"));
    expect(left.sealLabels).toEqual(right.openLabels);
    expect(left.openLabels).toEqual(right.sealLabels);
    expect(new Set([...labelsOf("left"), ...labelsOf("right")]).size).toBe(6);
  });

  it("puts the effective suite into the context", () => {
    const suite = { ...DEFAULT_SUITE, cipher: "aes-ctr-192", auth: "null" } as const;
    const context = cipherContext(suite, deriveMasterKeys({ suite, passphrase: "x" }), "left");
    expect(context.cipherKeyBytes).toBe(24);
    expect(context.tagBytes).toBe(0);
  });
});

describe("key material", () => {
  const suite = DEFAULT_SUITE;
  const key = new Uint8Array(16).fill(1);
  const salt = new Uint8Array(14).fill(2);
  const fromTest = { key: "a3bf4f1b2b0b822cd15d6c15b0f00a08", salt: "9ba61c4c0873d391e987982fbbd3" };

  it.each<[string, Omit<KeyMaterial, "suite">, string, string]>([
    ["passphrase alone", { passphrase: "test" }, fromTest.key, fromTest.salt],
    ["passphrase and key", { passphrase: "test", key }, "01".repeat(16), fromTest.salt],
    ["passphrase and salt", { passphrase: "test", salt }, fromTest.key, "02".repeat(14)],
    ["key and salt", { key, salt }, "01".repeat(16), "02".repeat(14)],
    ["all three", { passphrase: "test", key, salt }, "01".repeat(16), "02".repeat(14)],
  ])("from %s", (_, material, masterKey, masterSalt) => {
    const keys = deriveMasterKeys({ suite, ...material });
    expect(toHex(keys.masterKey)).toBe(masterKey);
    expect(toHex(keys.masterSalt)).toBe(masterSalt);
  });

  it.each<[SatpErrorCode, Omit<KeyMaterial, "suite">]>([
    ["key-missing", {}],
    ["key-missing", { salt }],
    ["salt-missing", { key }],
    ["key-length", { passphrase: "test", key: new Uint8Array(24) }],
    ["key-length", { passphrase: "test", key: new Uint8Array(0) }],
    ["salt-length", { passphrase: "test", salt: new Uint8Array(13) }],
    ["salt-length", { passphrase: "test", salt: new Uint8Array(15) }],
  ])("%s for %o", (code, material) => {
    expect(() => deriveMasterKeys({ suite, ...material })).toThrow(
      expect.objectContaining({ name: "SatpError", code }),
    );
  });

  it("is not needed when the effective kd-prf is null", () => {
    const none = { masterKey: new Uint8Array(0), masterSalt: new Uint8Array(0) };
    expect(deriveMasterKeys({ suite: { ...suite, kdPrf: "null" } })).toEqual(none);
    expect(deriveMasterKeys({ suite: { ...suite, cipher: "null", auth: "null" }, passphrase: "test" })).toEqual(none);
  });

  it("copies given bytes, also those of a Buffer", () => {
    const given = Buffer.from(key);
    const keys = deriveMasterKeys({ suite, key: given, salt });
    given.fill(0);
    expect(toHex(keys.masterKey)).toBe("01".repeat(16));
  });
});
