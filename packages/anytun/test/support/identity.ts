import type { SequenceIdentity } from "../../src/daemon/sequence-identity.ts";

export const testIdentity: SequenceIdentity = {
  kdPrf: "aes-ctr-128",
  masterKey: new Uint8Array(16).fill(1),
  masterSalt: new Uint8Array(14).fill(2),
  role: "left",
  senderId: 7,
  mux: 0,
};
