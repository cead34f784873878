import { TunNativeError } from "../errors.ts";
import {
  type Attribute,
  cString,
  LITTLE_ENDIAN,
  parseAttributes,
  readString,
  readWord,
  viewOf,
  word,
} from "./message.ts";
import { dump, request } from "./request.ts";

const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const IFINFO_BYTES = 16;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFF_UP = 1;

/** What the kernel says about an interface. */
export interface Link {
  readonly index: number;
  readonly name: string;
  readonly isUp: boolean;
  readonly mtu: number;
  /** Link-layer address; empty where there is none (TUN). */
  readonly mac: Uint8Array;
}

/** @throws TunNativeError `ENODEV` */
export function getLink(name: string): Link {
  const answer = request({
    type: RTM_GETLINK,
    fixed: linkInfo(0, 0, 0),
    attributes: [{ type: IFLA_IFNAME, data: cString(name) }],
    operation: "get link",
    object: name,
  });
  for (const message of answer) {
    if (message.type !== RTM_NEWLINK || message.body.length < IFINFO_BYTES) continue;
    const view = viewOf(message.body);
    const attributes = parseAttributes(message.body, IFINFO_BYTES);
    return {
      index: view.getInt32(4, LITTLE_ENDIAN),
      name: readString(attributes.get(IFLA_IFNAME)),
      isUp: (view.getUint32(8, LITTLE_ENDIAN) & IFF_UP) !== 0,
      mtu: readWord(attributes.get(IFLA_MTU)) ?? 0,
      mac: attributes.get(IFLA_ADDRESS) ?? new Uint8Array(0),
    };
  }
  throw new TunNativeError({ code: "ERR_NETLINK", object: name, message: `get link ${name}: no link in the answer` });
}

/** Names of all interfaces by index. @throws TunNativeError */
export function linkNames(): ReadonlyMap<number, string> {
  const messages = dump({ type: RTM_GETLINK, fixed: linkInfo(0, 0, 0), operation: "list", object: "links" });
  const names = new Map<number, string>();
  for (const { type, body } of messages) {
    if (type !== RTM_NEWLINK || body.length < IFINFO_BYTES) continue;
    names.set(
      viewOf(body).getInt32(4, LITTLE_ENDIAN),
      readString(parseAttributes(body, IFINFO_BYTES).get(IFLA_IFNAME)),
    );
  }
  return names;
}

/** Changes what is given. @throws TunNativeError `ENODEV`, `EPERM`, `EINVAL` (MTU out of range), `EOPNOTSUPP`, … */
export function setLink(name: string, change: { mtu?: number; mac?: Uint8Array; isUp?: boolean }): void {
  const { index } = getLink(name);
  const attributes: Attribute[] = [];
  if (change.mtu !== undefined) attributes.push({ type: IFLA_MTU, data: word(change.mtu) });
  if (change.mac !== undefined) attributes.push({ type: IFLA_ADDRESS, data: change.mac });
  const fixed = linkInfo(index, change.isUp === true ? IFF_UP : 0, change.isUp === undefined ? 0 : IFF_UP);
  const what = Object.keys(change).join(", ");
  request({ type: RTM_NEWLINK, fixed, attributes, operation: `set ${what}`, object: name });
}

function linkInfo(index: number, flags: number, changed: number): Uint8Array {
  const bytes = new Uint8Array(IFINFO_BYTES);
  const view = new DataView(bytes.buffer);
  view.setInt32(4, index, LITTLE_ENDIAN);
  view.setUint32(8, flags, LITTLE_ENDIAN);
  view.setUint32(12, changed, LITTLE_ENDIAN);
  return bytes;
}
