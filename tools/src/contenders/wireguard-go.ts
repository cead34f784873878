import type { Host, LinkEnd, Program } from "../lab/index.ts";
import { type Contender, innerMtu, type Tunnel } from "./contender.ts";

const port = 51820;

async function publicKey(host: Host, secret: string): Promise<string> {
  return (await host.check("wg", ["pubkey"], { input: secret })).trim();
}

async function configure(end: LinkEnd, peer: LinkEnd, address: string, secret: string, peerKey: string): Promise<void> {
  const file = "/run/wireguard-key";
  await end.host.check("sh", ["-c", `umask 077; cat >${file}`], { input: secret });
  await end.host.check("wg", [
    ...["set", "wg0", "listen-port", `${port}`, "private-key", file],
    ...["peer", peerKey, "allowed-ips", "10.99.0.0/30", "endpoint", `${peer.ipv4}:${port}`],
  ]);
  await end.host.ip([`address add ${address}/30 dev wg0`, `link set wg0 mtu ${innerMtu} up`]);
}

async function daemon(end: LinkEnd): Promise<Program> {
  const program = end.host.spawn("wireguard-go", ["--foreground", "wg0"], {
    env: { LOG_LEVEL: "verbose", WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD: "1" },
  });
  await program.waitFor(/UAPI listener started/);
  return program;
}

/** Debian's WireGuard in user space; a different protocol, for the scale of things. */
export const wireguardGo: Contender = {
  name: "wireguard-go (Debian 12)",
  needs: ["root", "tun", "ip", "ping", "wireguard-go", "wg"],
  async start(left: LinkEnd, right: LinkEnd): Promise<Tunnel> {
    const programs = [await daemon(left), await daemon(right)];
    const secrets = [await left.host.check("wg", ["genkey"]), await right.host.check("wg", ["genkey"])] as const;
    const keys = [await publicKey(left.host, secrets[0]), await publicKey(right.host, secrets[1])] as const;
    await configure(left, right, "10.99.0.1", secrets[0], keys[1]);
    await configure(right, left, "10.99.0.2", secrets[1], keys[0]);
    await left.host.reach("10.99.0.2");
    return { left: "10.99.0.1", right: "10.99.0.2", device: "wg0", programs };
  },
};
