/** The two ends of a tunnel differ in one thing: the labels that separate their keys (spec: satp-wire.md 4.1). */

/** Which end a peer is. Both ends of a tunnel must have different roles. */
export type Role = "left" | "right";

/** Key derivation labels, unsigned 32 bit: encryption key, session salt, authentication key. */
export type Labels = readonly [encryption: number, salt: number, authentication: number];

const LEFT: Labels = [0x356a192b, 0x77de68da, 0xac3478d6];
const RIGHT: Labels = [0xda4b9237, 0x1b645389, 0xc1dfd96e];

/** Role of an option word: left = alice = server, right = bob = client; undefined for other words. */
export function roleByName(name: string): Role | undefined {
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
      return undefined;
  }
}

/** The role at the other end. */
export function oppositeRole(role: Role): Role {
  return role === "left" ? "right" : "left";
}

/** Labels of what a peer with this role sends. */
export function labelsOf(sender: Role): Labels {
  return sender === "left" ? LEFT : RIGHT;
}
