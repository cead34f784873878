// The command lines of the original's manual, as they stand there: between ours, and between ours and the original.
import { type LinkEnd, type Program, requires, waitUntil } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { type Kind, MIXES, PROGRAM, TwoHosts } from "./two-hosts.ts";

describe("the manual's examples", requires("root", "ip", "unshare", "nat-traverse", "nft", "nc", "openvpn"), () => {
  /** Hosts of their own, since the manual's ports are everywhere the same. */
  async function manualHosts(): Promise<TwoHosts> {
    const hosts = await TwoHosts.create();
    // nc asks for the name of the address that it listens on, and gives up where nobody answers
    await hosts.left.host.hosts({
      anywhere: "0.0.0.0",
      "natgw-of-right": hosts.right.ipv4,
      right: hosts.right.ipv4,
    });
    await hosts.right.host.hosts({ "natgw-of-left": hosts.left.ipv4, left: hosts.left.ipv4 });
    return hosts;
  }

  /** A shell line in which `nat-traverse` is one or the other program. */
  const line = (kind: Kind, text: string): [string, string[]] => {
    const ours = `nat-traverse() { ${process.execPath} ${PROGRAM} "$@"; }\n`;
    return ["bash", ["-c", `${kind === "ours" ? ours : ""}${text}`]];
  };
  const spawn = (end: LinkEnd, kind: Kind, text: string): Program => end.host.spawn(...line(kind, text));

  it.concurrent.each(MIXES)("text, %s and %s", async (...mix) => {
    await using hosts = await manualHosts();
    const left = spawn(hosts.left, mix[0], "nat-traverse 40000:natgw-of-right:40001");
    const right = spawn(hosts.right, mix[1], "nat-traverse 40001:natgw-of-left:40000");
    await Promise.all([
      left.waitFor(/Type ahead/, { timeout: 30_000 }),
      right.waitFor(/Type ahead/, { timeout: 30_000 }),
    ]);
    const [writer, reader] = mix[1] === "ours" ? [left, right] : [right, left];
    writer.write("Hello!\n");
    await reader.waitFor(/^Hello!$/m);
  });

  it.concurrent.each(MIXES)("netcat, %s and %s", async (...mix) => {
    await using hosts = await manualHosts();
    const server = hosts.right.host.spawn("nc", ["-l", "127.0.0.1", "22"]);
    await waitUntil(async () => (await hosts.right.host.check("ss", ["-Hlnt"])).includes(":22 "));
    const left = spawn(hosts.left, mix[0], 'nat-traverse 10001:natgw-of-right:10002 --cmd="nc -vl 20000"');
    const right = spawn(hosts.right, mix[1], 'nat-traverse 10002:natgw-of-left:10001 --cmd="nc -v localhost 22"');
    await Promise.all([
      left.waitFor(/Listening on/, { timeout: 30_000 }),
      right.waitFor(/succeeded/, { timeout: 30_000 }),
    ]);
    const client = hosts.left.host.spawn("nc", ["localhost", "20000"]);
    client.write("SSH-2.0-client\n");
    await server.waitFor(/SSH-2\.0-client/);
    server.write("SSH-2.0-server\n");
    await client.waitFor(/SSH-2\.0-server/);
  });

  it.concurrent.each(MIXES)("openvpn, %s and %s", async (...mix) => {
    await using hosts = await manualHosts();
    await hosts.left.host.check("openvpn", ["--genkey", "secret", "/run/key"]);
    const key = await hosts.left.host.check("cat", ["/run/key"]);
    const run = async (side: "left" | "right", kind: Kind, peer: string, addresses: string) => {
      await hosts[side].host.check("sh", ["-c", "cat >/run/key"], { input: key });
      const vpn = `openvpn --dev tun --proto udp --lport 60001 --rport 60001 --remote ${peer} --ifconfig ${addresses} --secret /run/key --cipher AES-256-CBC --ping 1`;
      return spawn(
        hosts[side],
        kind,
        `until nat-traverse --quit-after-connect 60001:${peer}:60001; do sleep 5; done; exec ${vpn}`,
      );
    };
    const left = await run("left", mix[0], "right", "10.8.0.1 10.8.0.2");
    const right = await run("right", mix[1], "left", "10.8.0.2 10.8.0.1");
    await Promise.all(
      [left, right].map((end) => end.waitFor(/Initialization Sequence Completed/, { timeout: 60_000 })),
    );
    await hosts.left.host.reach("10.8.0.2");
  });

  it.concurrent("many, onto one port", async () => {
    await using hosts = await manualHosts();
    const ports = ["5001", "5002"];
    const echo = `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 1194))
print("listening", flush=True)
while True:
    data, peer = s.recvfrom(100)
    s.sendto(b"from the server: " + data, peer)`;
    const server = hosts.right.host.spawn("python3", ["-c", echo]);
    await server.waitFor(/listening/);
    for (const port of ports) {
      const right = spawn(hosts.right, "ours", `nat-traverse --quit-after-connect ${port}:natgw-of-left:${port}`);
      const left = spawn(hosts.left, "ours", `nat-traverse --quit-after-connect ${port}:natgw-of-right:${port}`);
      expect([(await left.result()).status, (await right.result()).status]).toEqual([0, 0]);
    }
    // nftables' words for: iptables -t nat -A PREROUTING -p udp --dport $PORT -j REDIRECT --to-port $LPORT
    const rule = `udp dport { ${ports.join(", ")} } redirect to :1194`;
    await hosts.right.host.check("nft", ["-f", "-"], {
      input: `table ip many { chain pre { type nat hook prerouting priority dstnat; ${rule}; }; }`,
    });
    for (const port of ports) {
      const client = hosts.left.host.spawn("nc", ["-u", "-p", port, "natgw-of-right", port]);
      client.write(`hello through ${port}\n`);
      await client.waitFor(new RegExp(`from the server: hello through ${port}`));
      await client.stop();
    }
  });
});
