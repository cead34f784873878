import { argumentError } from "../errors.ts";
import { formatAddress, type IpAddress, type IpPrefix, parseAddress, parsePrefix } from "../ip-address.ts";
import { AF_INET, AF_INET6, familyNumber } from "./family.ts";
import { getLink, linkNames } from "./link.ts";
import {
  type Attribute,
  LITTLE_ENDIAN,
  NLM_F_CREATE,
  NLM_F_EXCL,
  parseAttributes,
  readWord,
  viewOf,
  word,
} from "./message.ts";
import { dump, request } from "./request.ts";

const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;
const ROUTE_BYTES = 12;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_MULTIPATH = 9;
const NEXT_HOP_BYTES = 8;
const RT_TABLE_MAIN = 254;
const RTPROT_STATIC = 4;
const RTN_UNICAST = 1;
const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
const RT_SCOPE_NOWHERE = 255;

/** A unicast route of the main table through one interface. */
export interface InterfaceRoute {
  /** `10.1.0.0/16`, `fd00::/8`; `0.0.0.0/0` and `::/0` are default routes. */
  readonly destination: string;
  /** Next hop; absent: the destination is on the link. */
  readonly via?: string;
  readonly metric?: number;
  /** Who made it, 0 to 255: the kernel's `rtm_protocol`. Default 4, "static". */
  readonly protocol?: number;
}

/** A unicast route of the main table. Of several next hops, the first. */
export interface MainRoute extends InterfaceRoute {
  readonly device: string;
  readonly protocol: number;
}

/** Routes of the main table through an interface, IPv4 first. */
export function listRoutes(name: string): InterfaceRoute[] {
  const { index } = getLink(name);
  return [AF_INET, AF_INET6].flatMap((family) => {
    const messages = dump({
      type: RTM_GETROUTE,
      fixed: Uint8Array.of(family, 0, 0, 0, RT_TABLE_MAIN, 0, 0, 0, 0, 0, 0, 0),
      attributes: [{ type: RTA_OIF, data: word(index) }],
      operation: "list routes",
      object: name,
    });
    return messages.flatMap(({ type, body }) => (type === RTM_NEWROUTE ? readRoute(body, family, index) : []));
  });
}

/** The main table of a family, whatever the interface. Routes without one are left out. @throws TunNativeError */
export function listMainRoutes(family: 4 | 6): MainRoute[] {
  const number = familyNumber(family);
  const names = linkNames();
  const messages = dump({
    type: RTM_GETROUTE,
    fixed: Uint8Array.of(number, 0, 0, 0, RT_TABLE_MAIN, 0, 0, 0, 0, 0, 0, 0),
    operation: "list routes",
    object: `IPv${family}`,
  });
  return messages.flatMap(({ type, body }) => (type === RTM_NEWROUTE ? readMainRoute(body, number, names) : []));
}

/** @throws TunNativeError `EEXIST`, `ENETUNREACH` (next hop not on a link), `ENETDOWN`, `EINVAL`, … */
export function addRoute(name: string, route: InterfaceRoute): void {
  change(name, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "add route", route);
}

/** @throws TunNativeError `ESRCH` when there is none */
export function removeRoute(name: string, route: InterfaceRoute): void {
  change(name, RTM_DELROUTE, 0, "remove route", route);
}

function change(name: string, type: number, flags: number, operation: string, route: InterfaceRoute): void {
  const destination = parsePrefix(route.destination);
  const via = route.via === undefined ? undefined : parseAddress(route.via);
  checkRoute(destination, via, route);
  const attributes: Attribute[] = [
    { type: RTA_DST, data: destination.bytes },
    { type: RTA_OIF, data: word(getLink(name).index) },
  ];
  if (via !== undefined) attributes.push({ type: RTA_GATEWAY, data: via.bytes });
  if (route.metric !== undefined) attributes.push({ type: RTA_PRIORITY, data: word(route.metric) });
  const removing = type === RTM_DELROUTE;
  const scope = removing ? RT_SCOPE_NOWHERE : via === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  const fixed = new Uint8Array(ROUTE_BYTES);
  fixed[0] = familyNumber(destination.family);
  fixed[1] = destination.prefixLength;
  fixed[4] = RT_TABLE_MAIN;
  fixed[5] = removing ? (route.protocol ?? 0) : (route.protocol ?? RTPROT_STATIC);
  fixed[6] = destination.family === 4 ? scope : RT_SCOPE_UNIVERSE;
  fixed[7] = removing ? 0 : RTN_UNICAST;
  const object = `${route.destination}${route.via === undefined ? "" : ` via ${route.via}`} on ${name}`;
  request({ type, flags, fixed, attributes, operation, object });
}

function checkRoute(destination: IpPrefix, via: IpAddress | undefined, route: InterfaceRoute): void {
  if (via !== undefined && via.family !== destination.family) {
    throw argumentError("via", route.via, `an IPv${destination.family} address`);
  }
  const { metric = 0 } = route;
  if (!Number.isInteger(metric) || metric < 0 || metric > 0xffffffff) {
    throw argumentError("metric", metric, "a number from 0 to 4294967295");
  }
  const { protocol = RTPROT_STATIC } = route;
  if (!Number.isInteger(protocol) || protocol < 1 || protocol > 255) {
    throw argumentError("protocol", protocol, "a number from 1 to 255");
  }
}

function readMainRoute(body: Uint8Array, family: number, names: ReadonlyMap<number, string>): MainRoute[] {
  if (body.length < ROUTE_BYTES) return [];
  const attributes = parseAttributes(body, ROUTE_BYTES);
  const hop = firstHop(attributes);
  const device = names.get(readWord(hop.get(RTA_OIF)) ?? hopIndex(attributes) ?? 0);
  if (device === undefined || body[0] !== family || body[4] !== RT_TABLE_MAIN || body[7] !== RTN_UNICAST) return [];
  return [{ ...describe(body, family, attributes, hop), device, protocol: body[5] ?? 0 }];
}

/** Attributes of the next hop: the route's own, or those of the first of several (struct rtnexthop: 8 bytes). */
function firstHop(attributes: ReadonlyMap<number, Uint8Array>): ReadonlyMap<number, Uint8Array> {
  const hops = attributes.get(RTA_MULTIPATH);
  if (hops === undefined || hops.length < NEXT_HOP_BYTES) return attributes;
  const length = viewOf(hops).getUint16(0, LITTLE_ENDIAN);
  return parseAttributes(hops.subarray(0, length), NEXT_HOP_BYTES);
}

function hopIndex(attributes: ReadonlyMap<number, Uint8Array>): number | undefined {
  const hops = attributes.get(RTA_MULTIPATH);
  return hops === undefined || hops.length < NEXT_HOP_BYTES ? undefined : viewOf(hops).getInt32(4, LITTLE_ENDIAN);
}

// Old kernels ignore the filter of the request, so every route is checked here too. Only unicast routes are ours:
// local and broadcast ones come and go with the addresses.
function readRoute(body: Uint8Array, family: number, index: number): InterfaceRoute[] {
  if (body.length < ROUTE_BYTES || body[0] !== family || body[4] !== RT_TABLE_MAIN || body[7] !== RTN_UNICAST)
    return [];
  const attributes = parseAttributes(body, ROUTE_BYTES);
  if (readWord(attributes.get(RTA_OIF)) !== index) return [];
  return [describe(body, family, attributes, attributes)];
}

function describe(
  body: Uint8Array,
  family: number,
  attributes: ReadonlyMap<number, Uint8Array>,
  hop: ReadonlyMap<number, Uint8Array>,
): InterfaceRoute {
  const bytes = attributes.get(RTA_DST) ?? new Uint8Array(family === AF_INET ? 4 : 16);
  const via = hop.get(RTA_GATEWAY);
  const metric = readWord(attributes.get(RTA_PRIORITY));
  return {
    destination: `${formatAddress(bytes)}/${body[1] ?? 0}`,
    ...(via === undefined ? {} : { via: formatAddress(via) }),
    ...(metric === undefined ? {} : { metric }),
  };
}
