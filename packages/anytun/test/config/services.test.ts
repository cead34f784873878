import { expect, it } from "vitest";
import { findService } from "../../src/config/services.ts";

const TEXT = `# comment
http 80/tcp www
domain\t53/tcp
domain\t53/udp # name server
ntp 123/udp xntp  timed
bad 12x/udp
#off 1/udp
longest 65535/udp`;

it.each<[string, number | undefined]>([
  ["domain", 53],
  ["ntp", 123],
  ["timed", 123],
  ["longest", 65535],
  ["http", undefined],
  ["www", undefined],
  ["name", undefined],
  ["off", undefined],
  ["#off", undefined],
  ["bad", undefined],
  ["", undefined],
  ["NTP", undefined],
])("%s", (name, port) => {
  expect(findService(TEXT, name, "udp")).toBe(port);
});

it("TCP ports are others", () => {
  expect(["http", "www", "domain", "ntp"].map((name) => findService(TEXT, name, "tcp"))).toEqual([
    80,
    80,
    53,
    undefined,
  ]);
});
