import { describe, expect, it } from "vitest";
import { parsePeerSpec } from "../src/peer-spec.ts";

describe("LOCALPORT:PEER:REMOTEPORT", () => {
  it.each([
    ["40000:gw.example.com:40001", { localPort: 40000, peer: "gw.example.com", remotePort: 40001 }],
    ["0:192.0.2.1:1", { localPort: 0, peer: "192.0.2.1", remotePort: 1 }],
    ["1:127.1:65535", { localPort: 1, peer: "127.1", remotePort: 65535 }],
    ["040000:2130706433:7", { localPort: 40000, peer: "2130706433", remotePort: 7 }],
    ["1:[2001:db8::1]:2", { localPort: 1, peer: "2001:db8::1", remotePort: 2 }],
    ["1:[fe80::1%eth0]:2", { localPort: 1, peer: "fe80::1%eth0", remotePort: 2 }],
  ])("%s", (text, spec) => {
    expect(parsePeerSpec(text)).toEqual(spec);
  });

  it.each([
    ["40000", "40000: expected LOCALPORT:PEER:REMOTEPORT"],
    ["", '"": expected LOCALPORT:PEER:REMOTEPORT'],
    [":a:2", ":a:2: LOCALPORT is missing, expected a port from 0 to 65535"],
    ["x:a:2", "x:a:2: LOCALPORT x: expected a port from 0 to 65535"],
    ["40000abc:a:2", "40000abc:a:2: LOCALPORT 40000abc: expected a port from 0 to 65535"],
    ["70000:a:2", "70000:a:2: LOCALPORT 70000: expected a port from 0 to 65535"],
    ["-1:a:2", "-1:a:2: LOCALPORT -1: expected a port from 0 to 65535"],
    ["1::2", "1::2: PEER a host name or an address is missing"],
    ["1:0:2", "1:0:2: PEER a host name or an address is missing"],
    ["1:a b:2", '"1:a b:2": PEER a name has no blanks'],
    ["1:a", "1:a: REMOTEPORT the peer's port is missing"],
    ["1:a:", "1:a:: REMOTEPORT is missing, expected a port from 1 to 65535"],
    ["1:a:0", "1:a:0: REMOTEPORT 0: expected a port from 1 to 65535"],
    ["1:a:70000", "1:a:70000: REMOTEPORT 70000: expected a port from 1 to 65535"],
    ["1:a:2 ", '"1:a:2 ": REMOTEPORT "2 ": expected a port from 1 to 65535'],
    ["1:a:2:3", "1:a:2:3: too many fields; write an IPv6 address in brackets: LOCALPORT:[ADDRESS]:REMOTEPORT"],
    [
      "1:2001:db8::1:2",
      "1:2001:db8::1:2: too many fields; write an IPv6 address in brackets: LOCALPORT:[ADDRESS]:REMOTEPORT",
    ],
    ["1:[::1:2", "1:[::1:2: PEER the bracket after [::1:2 is missing"],
    ["1:[]:2", "1:[]:2: PEER the address in the brackets is missing"],
    ["1:[a]:2", "1:[a]:2: PEER a is no IPv6 address: brackets are for those only"],
    ["1:[::1]2", "1:[::1]2: REMOTEPORT expected :PORT after the bracket"],
    ["1:[::1]", "1:[::1]: REMOTEPORT expected :PORT after the bracket"],
  ])("%s is refused", (text, message) => {
    expect(() => parsePeerSpec(text)).toThrow(expect.objectContaining({ code: "usage", message }));
  });
});
