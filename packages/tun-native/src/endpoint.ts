import { formatAddress, type IpAddress } from "./ip-address.ts";
import { ENDPOINT_ADDRESS, ENDPOINT_FAMILY, ENDPOINT_PORT, ENDPOINT_SCOPE, ENDPOINT_WORDS } from "./packet-batch.ts";

/** Writes family, port, scope and address of a row; the socket word stays. Not for hot paths. */
export function writeEndpoint(
  endpoints: Int32Array,
  row: number,
  address: IpAddress,
  port: number,
  scope: number,
): void {
  const at = row * ENDPOINT_WORDS;
  endpoints[at + ENDPOINT_FAMILY] = address.family;
  endpoints[at + ENDPOINT_PORT] = port;
  endpoints[at + ENDPOINT_SCOPE] = scope;
  const view = new DataView(address.bytes.buffer, address.bytes.byteOffset, address.bytes.byteLength);
  for (let i = 0; i < 4; i++) {
    endpoints[at + ENDPOINT_ADDRESS + i] = i * 4 < address.bytes.byteLength ? view.getInt32(i * 4) : 0;
  }
}

/** Address of a row as text; empty when the row has none. Not for hot paths. */
export function endpointAddress(endpoints: Int32Array, row: number): string {
  const at = row * ENDPOINT_WORDS;
  const family = endpoints[at + ENDPOINT_FAMILY];
  if (family !== 4 && family !== 6) return "";
  const bytes = new Uint8Array(family === 4 ? 4 : 16);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i * 4 < bytes.length; i++) view.setInt32(i * 4, endpoints[at + ENDPOINT_ADDRESS + i] ?? 0);
  return formatAddress(bytes);
}
