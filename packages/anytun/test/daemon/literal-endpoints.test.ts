import { endpointOf, parseAddress } from "satp-core";
import { expect, it } from "vitest";
import { literalEndpoints } from "../../src/daemon/literal-endpoints.ts";

it("are those of addresses that a local socket reaches", () => {
  const remotes = [
    { mux: 1, remote: { host: "192.0.2.9", port: 4444 } },
    { mux: 2, remote: { host: "peer.example", port: 4444 } },
    { mux: 3, remote: { host: "2001:db8::9", port: 5 } },
    { mux: 4, remote: undefined },
  ];
  const both = [
    { family: 4, id: 0 },
    { family: 6, id: 1 },
  ] as const;
  expect(literalEndpoints(remotes, both)).toEqual([
    { mux: 1, endpoint: endpointOf(parseAddress("192.0.2.9"), 4444) },
    { mux: 3, endpoint: endpointOf(parseAddress("2001:db8::9"), 5, { socket: 1 }) },
  ]);
  expect(literalEndpoints(remotes, [both[1]]).map(({ mux }) => mux)).toEqual([3]);
});
