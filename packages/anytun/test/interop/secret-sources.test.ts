/** Wherever a secret comes from, it gets to the wire byte by byte: datagrams open under the key that was meant. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cipherContext, DEFAULT_SUITE, deriveMasterKeys, openPacket } from "satp-core";
import { Lab, requires } from "satp-tools/lab";
import { describe, expect, it } from "vitest";
import { scratchDir } from "../support/scratch.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/anytun.js", import.meta.url));
const FIRST_PORT = 5000;
const MUX_OFFSET = 6;

/** Shell words of a tunnel, what is run before it, and whose datagrams they must make. */
interface Source {
  readonly words: string;
  readonly prepare?: string;
  readonly passphrase: Uint8Array;
  readonly mux?: number;
}

describe("secrets of all sources", requires("root", "tun", "tcpdump"), () => {
  it("get to the wire as they are", async () => {
    const dir = scratchDir();
    const latin = Buffer.from("Gr\xfc\xdfe", "latin1");
    const key = createHash("sha256").update(latin).digest("hex").slice(-32);
    const salt = createHash("sha1").update(latin).digest("hex").slice(-28);
    const printed = "$(printf 'Gr\\374\\337e')";
    writeFileSync(join(dir, "anytun.passphrase"), Buffer.concat([latin, Buffer.from("\n")]), { mode: 0o600 });
    mkdirSync(join(dir, "office"));
    writeFileSync(join(dir, "office/config"), '# the office\n  passphrase = "Gr\xfc\xdfe # 1"\r\nmux = 5\n', {
      mode: 0o600,
    });
    const office = Buffer.from("Grüße # 1");
    const sources: Source[] = [
      { words: `-E ${printed}`, passphrase: latin },
      { words: `"--passphrase=${printed}"`, passphrase: latin },
      { words: `-K ${key} -A ${salt}`, passphrase: latin },
      { words: "-E Grüße", passphrase: Buffer.from("Grüße") },
      { words: `--passphrase-file ${dir}/anytun.passphrase`, passphrase: latin },
      { words: `--passphrase-file /dev/fd/0 <${dir}/anytun.passphrase`, passphrase: latin },
      { words: "", prepare: `export ANYTUN_PASSPHRASE=${printed}`, passphrase: latin },
      { words: "", prepare: `export CREDENTIALS_DIRECTORY=${dir}`, passphrase: latin },
      { words: "", prepare: "export ANYTUN_PASSPHRASE=other", passphrase: Buffer.from("other") },
      { words: `--config-dir ${dir} office`, passphrase: office, mux: 5 },
      { words: `-m 7 --config-dir ${dir} office -m 6`, passphrase: office, mux: 6 },
    ];
    await using lab = await Lab.create();
    const [near, far] = await lab.pair("near", "far");
    await using capture = await near.host.capture(near.device);
    const common = `-D -t tun -L stdout:5 --state-dir /run/state --keepalive 1 -r ${far.ipv4}`;
    for (const [index, { words, prepare = ":", passphrase, mux = 0 }] of sources.entries()) {
      const source = `${prepare}; exec "$0" "$1" ${common} -p ${FIRST_PORT + index} ${words}`;
      const daemon = near.host.spawn("sh", ["-c", source, process.execPath, PROGRAM]);
      const [sent] = await capture.waitFor(1, ({ sourcePort }) => sourcePort === FIRST_PORT + index);
      await daemon.stop("SIGKILL");
      const datagram = Buffer.from(sent?.payload ?? []);
      // as the other end opens it: a keep-alive has nothing in it, a datagram under another key is refused before
      const context = cipherContext(DEFAULT_SUITE, deriveMasterKeys({ suite: DEFAULT_SUITE, passphrase }), "right");
      const opened = openPacket(context, datagram);
      expect({ opened, mux: datagram.readUInt16BE(MUX_OFFSET) }, words).toEqual({
        opened: { ok: false, reason: "empty-payload" },
        mux,
      });
    }
  });
});
