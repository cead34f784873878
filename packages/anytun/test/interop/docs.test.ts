/**
 * Every command of the pages below runs, in its order, on hosts of the laboratory. What a block is for stands behind its language:
 * `a` and `b` name the host, `systemd` that systemd runs there, `original` that `anytun` is Debian's; `copy` is done by the
 * test, because there is no ssh; `docker` and `dockerfile` are tried by a test of their own in tools, `install` by that of the packages.
 */
import { fileURLToPath } from "node:url";
import { type Host, Lab, type LinkEnd, requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { type CodeBlock, codeBlocks } from "../support/doc-page.ts";
import { ServiceHost } from "../support/services.ts";

const OWN_DAEMON = fileURLToPath(new URL("../../dist/anytun.js", import.meta.url));
const PAGES = ["quick-start.md", "migrating.md", "systemd.md", "containers.md", "security.md"] as const;

/** `anytun` is ours in /run/own, /etc and /var are the host's own for as long as it lives. */
const PREPARE = `
set -e
mkdir -p /run/own/bin /run/own/up /run/own/work /run/anytun /run/own/lib
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/own/up,workdir=/run/own/work /etc
mount --bind /run/own/lib /var/lib
rm -rf /etc/anytun && mkdir /etc/anytun
ln -s ${OWN_DAEMON} /run/own/bin/anytun`;

async function prepare({ host }: LinkEnd, names: Readonly<Record<string, string>>): Promise<void> {
  await host.check("sh", ["-c", PREPARE]);
  await host.hosts(names);
}

/** As somebody at a terminal would run it: an error ends it. */
async function runBlock(host: Host, { text, place }: CodeBlock, path: string): Promise<void> {
  const { status, stdout, stderr } = await host.run("sh", ["-e", "-c", text], {
    env: { PATH: `${path}:${process.env["PATH"]}` },
    timeout: 30_000,
  });
  expect(status, `${place}\n${text}\n${stdout}${stderr}`).toBe(0);
}

async function copy(from: Host, to: Host, { text, place }: CodeBlock): Promise<void> {
  const [, source = "", target = ""] = /^scp -p (\S+) b\.example\.com:(\S+)$/.exec(text) ?? [];
  expect(source, place).not.toBe("");
  const input = await from.check("cat", [source]);
  await to.check("sh", ["-c", 'umask 077; mkdir -p "$(dirname "$0")" && cat >"$0"', target], { input });
}

async function runPage(page: string): Promise<void> {
  await using lab = await Lab.create();
  const [a, b] = await lab.pair("a", "b");
  const names = { "a.example.com": a.ipv4, "b.example.com": b.ipv4 };
  await Promise.all([prepare(a, names), prepare(b, names)]);
  const hosts = { a: a.host, b: b.host };
  let services: ServiceHost | undefined;
  for (const block of codeBlocks(page)) {
    switch (block.info) {
      case "sh a":
      case "sh b":
        await runBlock(block.info === "sh a" ? hosts.a : hosts.b, block, "/run/own/bin");
        break;
      case "sh b original":
        await runBlock(hosts.b, block, "/usr/sbin");
        break;
      case "sh a systemd": {
        services ??= await ServiceHost.boot(hosts.a, `mkdir -p /run/own/bin; ln -s ${OWN_DAEMON} /run/own/bin/anytun`);
        const script = `PATH=/run/own/bin:$PATH\n${block.text}`;
        const { status, stdout, stderr } = await services.run("sh", "-e", "-c", script);
        expect(status, `${block.place}\n${block.text}\n${stdout}${stderr}`).toBe(0);
        break;
      }
      case "sh copy":
        await copy(hosts.a, hosts.b, block);
        break;
      case "sh install":
        expect(block.text).toBe("npm install --global anytun");
        break;
      case "dockerfile":
      case "sh docker":
        expect(page).toBe("containers.md");
        break;
      default:
        throw new Error(`${block.place}: nobody tries a block of ${JSON.stringify(block.info)}`);
    }
  }
}

describe("docs", requires("root", "tun", "anytun", "ifconfig", "ping", "systemd", "unshare"), () => {
  it.each(PAGES)("%s: every command works", (page) => runPage(page));
});
