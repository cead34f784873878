import { argumentError } from "../errors.ts";
import { formatAddress, parseAddress } from "../ip-address.ts";
import { AF_INET, AF_INET6, familyNumber } from "./family.ts";
import { getLink } from "./link.ts";
import { type Attribute, LITTLE_ENDIAN, NLM_F_CREATE, NLM_F_EXCL, parseAttributes, viewOf, word } from "./message.ts";
import { dump, request } from "./request.ts";

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const IFADDR_BYTES = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const IFA_FLAGS = 8;
const IFA_F_NODAD = 2;

/** An address of an interface. */
export interface InterfaceAddress {
  readonly address: string;
  /** 0 to 32, or 0 to 128 for IPv6. */
  readonly prefixLength: number;
  /** IPv4 only. */
  readonly broadcast?: string;
  /** The other end of a point-to-point address; the prefix then belongs to it. */
  readonly peer?: string;
}

export interface NewInterfaceAddress extends InterfaceAddress {
  /** IPv6: false makes the address usable at once instead of after duplicate address detection. Default true. */
  readonly duplicateDetection?: boolean;
}

/** Addresses of an interface, in the kernel's order, IPv4 first. */
export function listAddresses(name: string): InterfaceAddress[] {
  const { index } = getLink(name);
  return [AF_INET, AF_INET6].flatMap((family) => {
    const messages = dump({
      type: RTM_GETADDR,
      fixed: addressInfo(family, 0, index),
      operation: "list addresses",
      object: name,
    });
    return messages.flatMap(({ type, body }) => (type === RTM_NEWADDR ? readAddress(body, family, index) : []));
  });
}

/** @throws TunNativeError `EEXIST`, `EPERM`, `ENODEV`, `EACCES` (IPv6 is switched off), … */
export function addAddress(name: string, address: NewInterfaceAddress): void {
  change(name, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "add address", address);
}

/** @throws TunNativeError `EADDRNOTAVAIL` when the interface does not have it */
export function removeAddress(name: string, address: InterfaceAddress): void {
  change(name, RTM_DELADDR, 0, "remove address", address);
}

function change(name: string, type: number, flags: number, operation: string, address: NewInterfaceAddress): void {
  const local = parseAddress(address.address);
  const peer = address.peer === undefined ? local : parseAddress(address.peer);
  checkAddress(local.family, peer.family, address);
  const { index } = getLink(name);
  const attributes: Attribute[] = [
    { type: IFA_LOCAL, data: local.bytes },
    { type: IFA_ADDRESS, data: peer.bytes },
  ];
  if (address.broadcast !== undefined) {
    attributes.push({ type: IFA_BROADCAST, data: parseAddress(address.broadcast).bytes });
  }
  if (address.duplicateDetection === false) attributes.push({ type: IFA_FLAGS, data: word(IFA_F_NODAD) });
  const fixed = addressInfo(familyNumber(local.family), address.prefixLength, index);
  const object = `${address.address}/${address.prefixLength} on ${name}`;
  request({ type, flags, fixed, attributes, operation, object });
}

function checkAddress(family: 4 | 6, peerFamily: 4 | 6, address: InterfaceAddress): void {
  const most = family === 4 ? 32 : 128;
  if (!Number.isInteger(address.prefixLength) || address.prefixLength < 0 || address.prefixLength > most) {
    throw argumentError("prefixLength", address.prefixLength, `a number from 0 to ${most}`);
  }
  if (peerFamily !== family) throw argumentError("peer", address.peer, `an IPv${family} address`);
  if (address.broadcast !== undefined && (family !== 4 || parseAddress(address.broadcast).family !== 4)) {
    throw argumentError("broadcast", address.broadcast, "an IPv4 address beside an IPv4 address");
  }
}

// IPv6 has no IFA_LOCAL unless there is a peer; IPv4 always has both.
function readAddress(body: Uint8Array, family: number, index: number): InterfaceAddress[] {
  const view = viewOf(body);
  if (body.length < IFADDR_BYTES || view.getUint8(0) !== family || view.getUint32(4, LITTLE_ENDIAN) !== index)
    return [];
  const attributes = parseAttributes(body, IFADDR_BYTES);
  const far = attributes.get(IFA_ADDRESS);
  const local = attributes.get(IFA_LOCAL) ?? far;
  if (local === undefined) return [];
  const address = formatAddress(local);
  const peer = far === undefined ? address : formatAddress(far);
  const broadcast = attributes.get(IFA_BROADCAST);
  return [
    {
      address,
      prefixLength: view.getUint8(1),
      ...(broadcast === undefined ? {} : { broadcast: formatAddress(broadcast) }),
      ...(peer === address ? {} : { peer }),
    },
  ];
}

function addressInfo(family: number, prefixLength: number, index: number): Uint8Array {
  const bytes = new Uint8Array(IFADDR_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, family);
  view.setUint8(1, prefixLength);
  view.setUint32(4, index, LITTLE_ENDIAN);
  return bytes;
}
