// docs/containers.md: the Dockerfile makes an image, and `docker run` starts it, as far as that goes without Docker. The image it
// begins with is this machine's own system, packages come from files instead of the network, and what a container may do is
// what the kernel gives to a process with one capability, a root, devices and process ids of its own.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Host, Lab, type Program, requires } from "../../src/lab/index.ts";
import { pack } from "../support/pack.ts";

const page = readFileSync(fileURLToPath(new URL("../../../docs/containers.md", import.meta.url)), "utf8");
const blockOf = (info: string): string => new RegExp(`^\`\`\`${info}\n([^]*?)\n\`\`\`$`, "m").exec(page)?.[1] ?? "";

/** A new root above this machine's, without sources of packages. */
const FROM = `
set -e
mkdir -p /run/image && mount -t tmpfs tmpfs /run/image && cd /run/image
mkdir up work root tarballs volume
mount -t overlay overlay -o lowerdir=/,upperdir=up,workdir=work root
mount --rbind /dev root/dev && mount -t proc proc root/proc && mount -t tmpfs tmpfs root/run
rm -rf root/etc/apt/sources.list root/etc/apt/sources.list.d root/etc/anytun root/var/lib/anytun
mkdir root/run/tarballs`;
/** $1: the volume's place. Devices as Docker gives them, and the one that was asked for. */
const RUN = `
set -e
cd /run/image
mkdir -p "root$1" root/etc/anytun /run/etc/office
printf 'type tun\\nifconfig 10.9.0.1/30\\npassphrase x\\n' >/run/etc/office/config
chmod 0600 /run/etc/office/config
mount --bind volume "root$1" && mount --bind /run/etc root/etc/anytun && mount -o remount,bind,ro root/etc/anytun
mount -t tmpfs -o mode=0755 tmpfs root/dev && mkdir root/dev/net
mknod -m 0666 root/dev/null c 1 3 && mknod -m 0666 root/dev/urandom c 1 9 && mknod -m 0600 root/dev/net/tun c 10 200`;
/** $@: what is run. */
const START = `
set -e
mount -t proc proc /run/image/root/proc
exec chroot /run/image/root setpriv --bounding-set=-all,+net_admin --inh-caps=-all,+net_admin "$@"`;

describe("the container of the docs", requires("root", "tun", "npm", "ip", "unshare", "apt-get"), () => {
  let lab: Lab;
  let host: Host;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "satp-image-"));
    for (const name of ["anytun", "tun-native"]) await pack(name, join(folder, `${name}.tgz`));
    lab = await Lab.create();
    host = await lab.host("docker");
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Does what the Dockerfile says. */
  async function build(): Promise<{ volume: string; entry: readonly string[] }> {
    await host.check("sh", ["-c", FROM]);
    await host.check("cp", ["-r", `${folder}/.`, "/run/image/root/run/tarballs"]);
    let volume = "";
    let entry: readonly string[] = [];
    for (const line of blockOf("dockerfile").split("\n")) {
      const [, word, rest = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
      switch (word) {
        case "FROM":
          expect(rest).toMatch(/^node:\d+-slim$/);
          break;
        case "RUN": {
          const tarballs = "/run/tarballs/anytun.tgz /run/tarballs/tun-native.tgz";
          const command = rest.replace("npm install --global anytun ", `npm install --global ${tarballs} `);
          expect(command).not.toBe(rest);
          await host.check("chroot", ["/run/image/root", "sh", "-c", command], {
            timeout: 100_000,
            // where Node's images install to; this machine has the original's programs in /usr
            env: { npm_config_prefix: "/usr/local", npm_config_offline: "true", npm_config_audit: "false" },
          });
          break;
        }
        case "VOLUME":
          volume = rest;
          break;
        case "ENTRYPOINT":
          entry = JSON.parse(rest);
          break;
        default:
          throw new Error(`nobody tries ${line}`);
      }
    }
    await host.check("rm", ["-r", "/run/image/root/run/tarballs"]);
    return { volume, entry };
  }

  const inside = (...words: readonly string[]): readonly string[] => [
    ...["--pid", "--fork", "--kill-child", "--mount", "sh", "-c", START, "sh", ...words],
  ];

  it("is built, runs with one capability and a new volume, answers, ends at once and starts again", async () => {
    const { volume, entry } = await build();
    const line = blockOf("sh docker").replaceAll("\\\n", " ");
    const [, rights = "", words = ""] = /^docker run (.*) anytun (-.*)$/.exec(line) ?? [];
    expect(rights).toContain("--cap-add NET_ADMIN --device /dev/net/tun");
    expect(rights).toContain(`--volume anytun-state:${volume} `);
    await host.check("sh", ["-c", RUN, "sh", volume]);
    const start = (): Program => host.spawn("unshare", inside(...entry, ...words.trim().split(/\s+/)));
    for (let round = 0; round < 2; round++) {
      const daemon = start();
      await daemon.waitFor(/KeyDerivation: using role/);
      expect(await host.check("ip", ["address", "show", "dev", "tun0"])).toContain("inet 10.9.0.1/30");
      expect(await host.check("stat", ["-c", "%a", "/run/image/volume"])).toBe("700\n");
      const pid = (await host.check("pgrep", ["-x", "-o", "anytun"])).trim();
      const answer = await host.check("nsenter", ["-t", pid, "-m", "-p", "-r", ...entry, "status"]);
      expect(answer).toContain("office");
      await host.check("kill", [pid]);
      expect(await daemon.result(10_000)).toMatchObject({ status: 0 });
    }
    expect(await host.check("ls", ["/run/image/volume"])).toBe("sender-0\n");
  });
});
