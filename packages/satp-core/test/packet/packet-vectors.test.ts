import { describe, expect, it } from "vitest";
import { cipherContext } from "../../src/crypto/cipher-context.ts";
import { deriveMasterKeys } from "../../src/crypto/master-keys.ts";
import { oppositeRole, type Role, roleByName } from "../../src/crypto/role.ts";
import { authByName, cipherByName, effectiveSuite, kdPrfByName, type Suite } from "../../src/crypto/suite.ts";
import { openPacket } from "../../src/packet/open-packet.ts";
import { sealPacket } from "../../src/packet/seal-packet.ts";
import { SequenceCounter } from "../../src/peers/sequence-counter.ts";
import { endpoint, TestTunnel } from "../support/test-tunnel.ts";
import { present, readVectors, toHex, type VectorRecord } from "../support/vectors.ts";

const vectors = readVectors("satp-packets.json");
const cases = vectors.records("cases", vectors.number("count"));

function suiteOf(c: VectorRecord): Suite {
  return {
    kdPrf: present(kdPrfByName(c.text("kd_prf")), "kd-prf"),
    cipher: present(cipherByName(c.text("cipher")), "cipher"),
    auth: present(authByName(c.text("auth_algo")), "auth"),
    tagBytes: c.number("auth_tag_length"),
  };
}

function contextOf(c: VectorRecord, role: Role) {
  const suite = suiteOf(c);
  const keys = deriveMasterKeys({
    suite,
    passphrase: c.optionalBytes("passphrase_hex"),
    key: c.optionalBytes("key"),
    salt: c.optionalBytes("salt"),
  });
  return cipherContext(suite, keys, role);
}

function senderOf(c: VectorRecord): Role {
  return present(roleByName(c.text("sender_role")), "role");
}

describe.each(cases.map((c): [string, VectorRecord] => [c.text("id"), c]))("satp-packets.json %s", (_, c) => {
  const sender = senderOf(c);
  const packet = c.text("packet");
  const plaintext = c.text("plaintext");
  const numbers = { sequence: c.number("seq"), senderId: c.number("sender_id"), mux: c.number("mux") };

  it("uses the suite the program used", () => {
    const effective = effectiveSuite(suiteOf(c));
    expect(effective.kdPrf).toBe(kdPrfByName(c.text("kd_prf_effective")));
    expect(effective.tagBytes).toBe(c.number("auth_tag_length_effective"));
    const context = contextOf(c, sender);
    expect(toHex(context.masterKey)).toBe(c.record("derived").text("master_key"));
    expect(toHex(context.masterSalt)).toBe(c.record("derived").text("master_salt"));
  });

  it("seals to the same bytes", () => {
    const payload = c.bytes("plaintext");
    const payloadType = Number(c.text("payload_type"));
    expect(toHex(sealPacket(contextOf(c, sender), { ...numbers, payloadType, payload }))).toBe(packet);
  });

  it("opens to the plain text", () => {
    const opened = openPacket(contextOf(c, oppositeRole(sender)), c.bytes("packet"));
    expect(opened).toMatchObject({ ok: true, ...numbers, payloadType: Number(c.text("payload_type")) });
    if (opened.ok) expect(toHex(opened.payload)).toBe(plaintext);
  });

  it("leaves a tunnel as the same bytes", () => {
    const sequence = new SequenceCounter({
      senderId: numbers.senderId,
      first: numbers.sequence,
      end: numbers.sequence + 1,
    });
    const kind = c.text("device") === "tap" ? "tap" : "tun";
    const test = new TestTunnel({ kind, mux: numbers.mux, context: contextOf(c, sender), sequence });
    test.addPeer(endpoint(4444), numbers.mux);
    expect(test.send([c.bytes("plaintext")]).map((sent) => toHex(sent.datagram))).toEqual([packet]);
  });

  it("arrives through a tunnel as the plain text", () => {
    const kind = c.text("device") === "tap" ? "tap" : "tun";
    const test = new TestTunnel({ kind, mux: numbers.mux, context: contextOf(c, oppositeRole(sender)) });
    test.addPeer(endpoint(4444), numbers.mux);
    expect(test.receive([c.bytes("packet")], [endpoint(4444)]).map(toHex)).toEqual([plaintext]);
    expect(test.drops()).toEqual({});
  });
});
