/** Who this node is to the others, and whether one of them would use the same key stream (spec: satp-wire.md 15). */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Role } from "satp-core";
import { EXTENSION_VERSION, type Hello } from "satp-sync";

export interface IdentityOptions {
  /** Of the first epoch; later ones keep its low byte. */
  readonly senderId: number;
  readonly role: Role;
  /** Whether there are keys at the moment that two nodes must not use alike. */
  readonly hasKeys: () => boolean;
}

const ROLES: Readonly<Record<Role, number>> = { left: 0, right: 1 };

export class NodeIdentity {
  readonly hello: Hello;
  readonly #hasKeys: () => boolean;

  constructor({ senderId, role, hasKeys }: IdentityOptions) {
    // one name for each process: a node that was started again is another one to those that still know the old
    const node = `${
      hostname()
        .replace(/[^!-~]/g, "?")
        .slice(0, 40) || "node"
    }/${randomBytes(6).toString("hex")}`;
    this.hello = { type: "hello", version: EXTENSION_VERSION, node, sender: { id: senderId, role: ROLES[role] } };
    this.#hasKeys = hasKeys;
  }

  /** Lists of hosts are often the same everywhere, so that a node finds itself in its own. */
  isSelf({ node }: Hello): boolean {
    return node === this.hello.node;
  }

  /** Why this node and that one must not run together; undefined when they may. */
  conflict({ node, sender }: Hello): string | undefined {
    const own = this.hello.sender;
    if (!this.#hasKeys() || sender === undefined || own === undefined || sender.role !== own.role) return undefined;
    if (node === this.hello.node || ((sender.id ^ own.id) & 0xff) !== 0) return undefined;
    const other = `node ${node} has sender id ${sender.id}`;
    const rule = sender.id === own.id ? "the same" : `the same low byte as ${own.id}`;
    return `${other}, ${rule} and the same role: both use the same key streams; give each node a -s of its own`;
  }
}
