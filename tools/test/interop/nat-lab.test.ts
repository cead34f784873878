import { describe, expect, it } from "vitest";
import { type NatKind, NatLab, requires } from "../../src/lab/index.ts";

/** Sends to the two ports of the peer, and says what comes back. */
const client = `
const socket = require("dgram").createSocket("udp4");
socket.on("message", (text) => console.log("got " + text));
socket.bind(41000, () => { for (const port of [7001, 7002]) socket.send("x", port, process.argv[1]); });
`;

/** Answers what comes to one port from both, and says where packets come from. */
const server = `
const dgram = require("dgram");
const [one, two] = [7001, 7002].map((port) => {
  const socket = dgram.createSocket("udp4");
  socket.on("message", (_, { address, port: from }) => console.log("from " + address + " " + from + " to " + port));
  socket.bind(port);
  return socket;
});
one.on("message", (_, { address, port }) => { one.send("same port", port, address); });
console.log("listening");
`;

/** Sends from a third place, to where it is told. */
const stranger = `
const socket = require("dgram").createSocket("udp4");
process.stdin.on("data", (line) => {
  const [address, port] = String(line).trim().split(" ");
  socket.send("third party", Number(port), address);
});
console.log("ready");
`;

interface Wanted {
  readonly kind: NatKind;
  /** Outside ports of packets to two ports: the own one, another one for both, or one for each. */
  readonly ports: "kept" | "changed" | "different";
  /** Whether packets of a third party to that port come in. */
  readonly isOpen: boolean;
}

const wanted: readonly Wanted[] = [
  { kind: "none", ports: "kept", isOpen: true },
  { kind: "firewall", ports: "kept", isOpen: false },
  { kind: "full-cone", ports: "kept", isOpen: true },
  { kind: "restricted", ports: "kept", isOpen: false },
  { kind: "port-restricted", ports: "kept", isOpen: false },
  { kind: "symmetric", ports: "different", isOpen: false },
  { kind: "symmetric-seq", ports: "different", isOpen: false },
  { kind: "full-cone:shift", ports: "changed", isOpen: true },
  { kind: "restricted:shift", ports: "changed", isOpen: false },
  { kind: "port-restricted:shift", ports: "changed", isOpen: false },
];

describe("gateways of the laboratory", requires("root", "ip", "nft"), () => {
  it.each(wanted)("$kind: port $ports, open to others: $isOpen", async ({ kind, ports, isOpen }) => {
    await using lab = await NatLab.create([kind], ["none"]);
    const peer = lab.right.host.spawn("node", ["-e", server]);
    const third = lab.internet.spawn("node", ["-e", stranger]);
    await Promise.all([peer.waitFor(/listening/), third.waitFor(/ready/)]);
    const host = lab.left.host.spawn("node", ["-e", client, lab.right.address]);
    await host.waitFor(/got same port/);
    const [first, second] = await Promise.all(
      [1, 2].map((n) => peer.waitFor(new RegExp(`from (\\S+) (\\d+) to 700${n}`))),
    );
    expect(first?.[1]).toBe(lab.left.address);
    expect({ kept: first?.[2] === "41000", same: first?.[2] === second?.[2] }).toEqual({
      kept: ports === "kept",
      same: ports !== "different",
    });
    if (kind === "symmetric-seq") expect(Number(second?.[2]) - Number(first?.[2])).toBe(1);
    third.write(`${first?.[1]} ${first?.[2]}\n`);
    if (isOpen) await host.waitFor(/got third party/);
    else await expect(host.waitFor(/got third party/, { timeout: 300 })).rejects.toMatchObject({ code: "timeout" });
  });

  it("chains two of them, and loses what it is told to lose", async () => {
    await using lab = await NatLab.create(["port-restricted", "port-restricted"], ["firewall"], { loss: 100 });
    const peer = lab.right.host.spawn("node", ["-e", server]);
    await peer.waitFor(/listening/);
    const host = lab.left.host.spawn("node", ["-e", client, lab.right.address]);
    await host.started();
    // The firewall is opened from inside, while nothing arrives there.
    await expect(peer.waitFor(/from/, { timeout: 300 })).rejects.toMatchObject({ code: "timeout" });
    await lab.lose(0);
    const ping = await lab.left.host.run("ping", ["-c", "1", "-W", "2", "198.51.100.1"]);
    expect(ping.status).toBe(0);
  });
});
