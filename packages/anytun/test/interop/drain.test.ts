/** A node that leaves its cluster in an orderly way, with a stub for the BGP speaker: it moves the route that it is told about. */
import { fileURLToPath } from "node:url";
import { Lab, requires, waitUntil } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { codeBlocks } from "../support/doc-page.ts";
import { Anycast, NODE_INSIDE } from "./anycast.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/anytun.js", import.meta.url));
const SPEAKER = "/run/speaker.sh";
const TOLD = "/run/told";
/** What is written to ExaBGP's pipe, or is said to birdc, stands in one file. */
const STUBS = `
set -e
mkdir -p /run/exabgp
mkfifo /run/exabgp/exabgp.in
(while true; do cat /run/exabgp/exabgp.in >>${TOLD}; done) </dev/null >/dev/null 2>&1 &
mount -t tmpfs tmpfs /usr/local/sbin
printf '#!/bin/sh\\necho "$*" >>${TOLD}\\n' >/usr/local/sbin/birdc
chmod 755 /usr/local/sbin/birdc`;
const COMMON = ["-E", "a passphrase", "-w", "1024"];

describe("anytun drain", requires("root", "tun", "ip", "ping"), () => {
  it("withdraws the node, waits until the others have its traffic, and ends it", async () => {
    await using world = await Anycast.create({
      client: "ours",
      nodes: ["ours", "ours"],
      common: COMMON,
      extra: (index) => ["-s", `${index + 1}`, "--announce-script", SPEAKER],
      prepare: async ({ host }) => {
        const input = `#!/bin/sh\necho "$1 $2" >>${TOLD}\n`;
        await host.check("sh", ["-c", `cat >${SPEAKER} && chmod 755 ${SPEAKER}`], { input });
      },
    });
    const [leaving, staying] = [world.node(0), world.node(1)];
    const told = async (node: typeof leaving): Promise<string> => (await node.end.host.run("cat", [TOLD])).stdout;
    for (const node of [leaving, staying]) await waitUntil(async () => (await told(node)) === "announce anytun0\n");
    await world.client.host.reach(NODE_INSIDE, { timeout: 30_000 });

    const pings = world.client.host.spawn("ping", ["-n", "-i", "0.05", "-c", "120", NODE_INSIDE]);
    await pings.waitFor(/icmp_seq=10 /);
    const drained = leaving.end.host.run(process.execPath, [PROGRAM, "drain", "anytun0", "--quiet", "2"]);
    await waitUntil(async () => (await told(leaving)).includes("withdraw"));
    const { stdout } = await leaving.end.host.run(process.execPath, [PROGRAM, "status", "anytun0", "--interval", "0"]);
    expect(stdout).toMatch(/draining +for/);
    expect(leaving.daemon.running).toBe(true);
    await world.switchTo(1);

    expect(await drained).toMatchObject({ status: 0, stderr: "" });
    expect(await leaving.daemon.exited).toMatchObject({ status: 0 });
    expect(leaving.daemon.output).toMatch(/drained: nobody sends to this node any more/);
    expect(await told(leaving)).toBe("announce anytun0\nwithdraw anytun0\n");
    await pings.exited;
    expect(pings.output).toMatch(/120 packets transmitted, 120 received/);
  });

  it("is said to nobody when nobody runs", async () => {
    await using world = await Anycast.create({ client: "ours", nodes: [], common: COMMON });
    const result = await world.client.host.run(process.execPath, [PROGRAM, "drain", "nobody"]);
    expect(result).toMatchObject({ status: 3, stderr: "anytun: drain nobody: no such daemon is running\n" });
  });
});

describe("scripts of the page about clusters", requires("root", "tun"), () => {
  it.each([
    // a program in place of birdc, a pipe in place of ExaBGP's
    ["bird", "enable anycast\n", "disable anycast\n"],
    ["exabgp", "announce route 198.51.100.1/32 next-hop self\n", "withdraw route 198.51.100.1/32 next-hop self\n"],
  ])("%s", async (speaker, announced, withdrawn) => {
    await using lab = await Lab.create();
    const [node] = await lab.pair("node", "other");
    const { host } = node;
    await host.check("sh", ["-c", STUBS]);
    const block = codeBlocks("cluster.md").find(({ info }) => info === `sh ${speaker}`);
    await host.check("sh", ["-c", `cat >${SPEAKER} && chmod 755 ${SPEAKER}`], { input: `${block?.text}\n` });
    const told = async (): Promise<string> => (await host.run("cat", [TOLD])).stdout;
    const words = ["-D", "-L", "stderr:3", "-t", "tun", "-E", "a passphrase", "--state-dir", "/run/anytun"];
    const daemon = host.spawn(process.execPath, [PROGRAM, ...words, "--announce-script", SPEAKER]);
    await waitUntil(async () => (await told()) === announced);
    expect(await daemon.stop()).toMatchObject({ status: 0 });
    await waitUntil(async () => (await told()) === `${announced}${withdrawn}`);
    expect(daemon.stderr).not.toMatch(/failed to/);
  });
});
