import type { CipherContext } from "./batch-cipher.ts";
import type { MasterKeys } from "./master-keys.ts";
import { labelsOf, oppositeRole, type Role } from "./role.ts";
import { effectiveSuite, keyBytes, type Suite } from "./suite.ts";

/**
 * All that sealing and opening needs, as plain data that can be cloned into another thread.
 * @param suite coupling rules are applied here
 * @param keys from `deriveMasterKeys` for the same suite; shared, not copied
 * @param role the own role: decides which labels seal and which open (spec: satp-wire.md 4.1)
 */
export function cipherContext(suite: Suite, keys: MasterKeys, role: Role): CipherContext {
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
