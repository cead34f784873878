import { argumentError } from "../errors.ts";
import { formatAddress, type IpAddress, type IpPrefix, parseAddress, parsePrefix } from "../ip-address.ts";
import { AF_INET, AF_INET6, familyNumber } from "./family.ts";
import { getLink } from "./link.ts";
import { type Attribute, NLM_F_CREATE, NLM_F_EXCL, parseAttributes, readWord, word } from "./message.ts";
import { dump, request } from "./request.ts";

const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;
const ROUTE_BYTES = 12;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
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
  fixed[5] = removing ? 0 : RTPROT_STATIC;
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
}

// Old kernels ignore the filter of the request, so every route is checked here too. Only unicast routes are ours:
// local and broadcast ones come and go with the addresses.
function readRoute(body: Uint8Array, family: number, index: number): InterfaceRoute[] {
  if (body.length < ROUTE_BYTES || body[0] !== family || body[4] !== RT_TABLE_MAIN || body[7] !== RTN_UNICAST)
    return [];
  const attributes = parseAttributes(body, ROUTE_BYTES);
  if (readWord(attributes.get(RTA_OIF)) !== index) return [];
  const bytes = attributes.get(RTA_DST) ?? new Uint8Array(family === AF_INET ? 4 : 16);
  const via = attributes.get(RTA_GATEWAY);
  const metric = readWord(attributes.get(RTA_PRIORITY));
  return [
    {
      destination: `${formatAddress(bytes)}/${body[1] ?? 0}`,
      ...(via === undefined ? {} : { via: formatAddress(via) }),
      ...(metric === undefined ? {} : { metric }),
    },
  ];
}
