/** The commands of docs/cluster.md, run as they stand there, with names that a hosts file knows. */
import { fileURLToPath } from "node:url";
import { type Host, Lab, requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { codeBlocks } from "../support/doc-page.ts";

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
const ANYCAST = "198.51.100.1";

/** Our programs first on the PATH, their state in memory, files in a directory of the host's own. */
const PREPARE = `
set -e
mkdir -p /run/bin /run/work /var/lib
mount -t tmpfs tmpfs /var/lib
for name in anytun anytun-config anytun-controld anytun-showtables; do ln -s ${DIST}$name.js /run/bin/$name; done`;

/** The block that starts with a word. */
function block(start: string): string {
  const found = codeBlocks("cluster.md").find(({ text }) => text.startsWith(start));
  if (found === undefined) throw new Error(`no block that starts with ${start}`);
  return found.text;
}

async function sh(host: Host, script: string): Promise<string> {
  const { status, stdout, stderr } = await host.run("sh", ["-e", "-c", script], {
    env: { PATH: `/run/bin:${process.env["PATH"]}` },
    cwd: "/run/work",
    timeout: 30_000,
  });
  expect(status, `${script}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

describe("docs/cluster.md", requires("root", "tun", "ping"), () => {
  it("sets a cluster up that serves a client through each of its hosts", async () => {
    await using lab = await Lab.create();
    const hosts = await Promise.all(
      ["client", "control", "unicast1", "unicast2", "unicast3"].map((name) => lab.host(name)),
    );
    const [client, control, ...nodes] = await lab.network(hosts);
    if (client === undefined || control === undefined) throw new Error("no hosts");
    const names = { ANYCAST, CONTROL: control.ipv4 };
    await Promise.all(hosts.map((host) => host.check("sh", ["-c", PREPARE])));

    await control.host.hosts(names);
    await sh(control.host, block("umask 077"));
    for (const [index, node] of nodes.entries()) {
      const [other1, other2] = nodes.filter((other) => other !== node);
      await node.host.hosts({ ...names, OTHER1: other1?.ipv4 ?? "", OTHER2: other2?.ipv4 ?? "" });
      await node.host.ip([`address add ${ANYCAST}/32 dev lo`]);
      await sh(node.host, block("anytun -i ANYCAST").replace("-s N", `-s ${index + 1}`));
    }
    await client.host.hosts(names);
    await client.host.ip([`route add ${ANYCAST}/32 via ${nodes[0]?.ipv4}`]);
    await sh(client.host, block("anytun -r ANYCAST"));
    for (const node of nodes) {
      await client.host.ip([`route replace ${ANYCAST}/32 via ${node.ipv4}`]);
      await client.host.reach("10.99.0.1");
      const tables = node.host.spawn("sh", ["-c", `exec anytun-showtables --connect ${node.ipv4}:2342`], {
        env: { PATH: `/run/bin:${process.env["PATH"]}` },
      });
      await tables.waitFor(new RegExp(`Client 1: ${client.ipv4}:4444[^]*Route: 10.99.1.0/24 -> 1`));
      await tables.stop();
    }
  });
});
