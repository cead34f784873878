/**
 * What travels besides data: two packets of the original, and an extension behind the first of them, by which two ends
 * of this package recognise each other. An original reads 20 bytes and ignores what begins with garbage while it waits.
 *
 * ```
 *  0                    20      23  24  25  26  28       36       44
 * +--------------------+-------+---+---+---+---+--------+--------+--------------- …
 * |nat-traverse-garbage| 0 n t |ver|knd|cap| 0 |session | session| body, by kind
 * |                    |       | 1 |   |   |   |of this | heard  |
 * +--------------------+-------+---+---+---+---+--------+--------+--------------- …
 * ```
 *
 * Body of a handshake packet:
 *
 * ```
 *  44  45  46  47  48       52       56    58    60    62    64    66
 * +---+---+---+---+--------+--------+-----+-----+-----+-----+-----+
 * |lev|his|nom| 0 |  path  | heard  |port |stamp|heard|local|peer |
 * +---+---+---+---+--------+--------+-----+-----+-----+-----+-----+
 * ```
 *
 * All integers are big endian; docs/wire/nat-traverse.md says what they mean.
 */

/** What keeps a hole open before the connection. */
export const GARBAGE: Uint8Array = Buffer.from("nat-traverse-garbage");
/** "I have sent all my garbage, and wait for yours." */
export const ACK: Uint8Array = Buffer.from("nat-traverse-ackacka");
/** Bytes that an original looks at. */
export const CLASSIC_BYTES = 20;

/** What follows garbage that is more than garbage. */
export const EXTENSION: readonly number[] = [0x00, 0x6e, 0x74, 0x01];
const KIND_AT = 24;
const CAPABILITIES_AT = 25;
const SESSION_AT = 28;
const HEARD_SESSION_AT = 36;
const BODY_AT = 44;
const HANDSHAKE_BYTES = 66;

/** What a packet with the extension is about. Numbers unknown here are ignored, so that later versions can add some. */
export const PacketKind = {
  handshake: 0,
  keepalive: 1,
  endOfInput: 2,
  endOfInputHeard: 3,
  bye: 4,
  /** Data that begins like garbage: the body is the datagram. */
  data: 5,
  /** Asks how far the receiver is with the data, see relay/flow-window.ts; answered in order. */
  mark: 6,
  markAnswer: 7,
} as const;
export type PacketKind = (typeof PacketKind)[keyof typeof PacketKind];
/** Kinds that only exist between two connected ends. */
export type ControlKind = Exclude<PacketKind, typeof PacketKind.handshake>;

/** Bits of what an end does once it is connected. Without `relay` it takes nothing but data, from then on. */
export const Capability = { relay: 1, command: 2, quit: 4 } as const;

/** Random number of one run of the program, never 0. */
export type Session = bigint;

interface ExtensionPacket {
  readonly capabilities: number;
  readonly session: Session;
  /** The receiver's session as far as the sender knows, 0 if not at all. */
  readonly heardSession: Session;
}

export interface HandshakePacket extends ExtensionPacket {
  readonly kind: typeof PacketKind.handshake;
  /** How far the sender is: 0 … 3, see punch/agreement.ts. */
  readonly level: number;
  /** How far the receiver is, as the sender last heard. */
  readonly heardLevel: number;
  /** Number of the nomination that the sender makes, or follows; 0 for none. */
  readonly nomination: number;
  /** The sender's number for the way that this packet takes: his socket, and the port that he sends to. */
  readonly path: number;
  /** The receiver's number of the last packet that the sender heard on this way, 0 for none. */
  readonly heardPath: number;
  /** Port from which the receiver's packets arrive at the sender on this way, 0 if none did. */
  readonly observedPort: number;
  /** Milliseconds of the sender's clock, modulo 65,536. */
  readonly stamp: number;
  /** `stamp` of the last packet that the sender heard on this way, plus the time that he held it. */
  readonly heardStamp: number;
  /** Ports that the sender was started with: its own, and the one that it was told of its peer. */
  readonly localPort: number;
  readonly peerPort: number;
}

export interface ControlPacket extends ExtensionPacket {
  readonly kind: ControlKind;
  readonly body: Uint8Array;
}

/** What a datagram is to somebody who waits for the peer. */
export type Packet =
  | { readonly is: "garbage" }
  | { readonly is: "ack" }
  | { readonly is: "handshake"; readonly packet: HandshakePacket }
  | { readonly is: "control"; readonly packet: ControlPacket }
  | { readonly is: "data" };

/**
 * Sorts a datagram as one who waits for the peer: what begins with the acknowledgement is one, and what begins with
 * garbage and has no extension that can be read is garbage, whatever its length. An original thinks so too.
 */
export function readPacket(bytes: Uint8Array): Packet {
  if (startsWith(bytes, ACK)) return { is: "ack" };
  if (!startsWith(bytes, GARBAGE)) return { is: "data" };
  const packet = readExtension(bytes);
  if (packet === undefined) return { is: "garbage" };
  return packet.kind === PacketKind.handshake ? { is: "handshake", packet } : { is: "control", packet };
}

/** Whether data would be taken for something else by {@link readPacket}, and must be wrapped in a `data` packet. */
export function needsWrapping(bytes: Uint8Array): boolean {
  return startsWith(bytes, GARBAGE) || (bytes.length === CLASSIC_BYTES && startsWith(bytes, ACK));
}

export function writeHandshake(packet: Omit<HandshakePacket, "kind">): Uint8Array {
  const { bytes, view } = begin(PacketKind.handshake, packet, HANDSHAKE_BYTES);
  bytes[44] = packet.level;
  bytes[45] = packet.heardLevel;
  bytes[46] = packet.nomination;
  view.setUint32(48, packet.path);
  view.setUint32(52, packet.heardPath);
  view.setUint16(56, packet.observedPort);
  view.setUint16(58, packet.stamp);
  view.setUint16(60, packet.heardStamp);
  view.setUint16(62, packet.localPort);
  view.setUint16(64, packet.peerPort);
  return bytes;
}

export function writeControl(packet: ControlPacket): Uint8Array {
  const { bytes } = begin(packet.kind, packet, BODY_AT + packet.body.length);
  bytes.set(packet.body, BODY_AT);
  return bytes;
}

function begin(kind: PacketKind, packet: ExtensionPacket, length: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  bytes.set(GARBAGE);
  bytes.set(EXTENSION, CLASSIC_BYTES);
  bytes[KIND_AT] = kind;
  bytes[CAPABILITIES_AT] = packet.capabilities;
  view.setBigUint64(SESSION_AT, packet.session);
  view.setBigUint64(HEARD_SESSION_AT, packet.heardSession);
  return { bytes, view };
}

function readExtension(bytes: Uint8Array): HandshakePacket | ControlPacket | undefined {
  if (bytes.length < BODY_AT || !EXTENSION.every((byte, i) => bytes[CLASSIC_BYTES + i] === byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = bytes[KIND_AT] ?? 0;
  const capabilities = bytes[CAPABILITIES_AT] ?? 0;
  const session = view.getBigUint64(SESSION_AT);
  const heardSession = view.getBigUint64(HEARD_SESSION_AT);
  if (session === 0n) return undefined;
  if (isControl(kind)) return { kind, capabilities, session, heardSession, body: bytes.slice(BODY_AT) };
  // Longer ones are of a later version that says more.
  if (kind !== PacketKind.handshake || bytes.length < HANDSHAKE_BYTES) return undefined;
  return {
    kind,
    capabilities,
    session,
    heardSession,
    level: Math.min(3, view.getUint8(44)),
    heardLevel: Math.min(3, view.getUint8(45)),
    nomination: view.getUint8(46),
    path: view.getUint32(48),
    heardPath: view.getUint32(52),
    observedPort: view.getUint16(56),
    stamp: view.getUint16(58),
    heardStamp: view.getUint16(60),
    localPort: view.getUint16(62),
    peerPort: view.getUint16(64),
  };
}

function isControl(kind: number): kind is ControlKind {
  return kind >= PacketKind.keepalive && kind <= PacketKind.markAnswer;
}

function startsWith(bytes: Uint8Array, magic: Uint8Array): boolean {
  return bytes.length >= magic.length && magic.every((byte, i) => bytes[i] === byte);
}
