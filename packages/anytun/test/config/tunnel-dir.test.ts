import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import { readAutostart, readTunnelFiles } from "../../src/config/read-tunnel-files.ts";
import { type TunnelArguments, tunnelArguments } from "../../src/config/tunnel-dir.ts";
import { scratchDir } from "../support/scratch.ts";

/** A configuration directory with these files; their text by their path. */
function directory(files: Readonly<Record<string, string>>): string {
  const dir = scratchDir();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text, { mode: 0o600 });
  }
  return dir;
}

function load(dir: string, before: readonly string[] = [], after: readonly string[] = []): TunnelArguments {
  const invocation = parseArguments([...before, "--config-dir", dir, "office", ...after]);
  if (invocation.action !== "run" || invocation.tunnel === undefined) throw new Error("no tunnel");
  return tunnelArguments(invocation.args, invocation.tunnel, readTunnelFiles(dir, "office"));
}

const pairs = ({ args }: Pick<TunnelArguments, "args">): string[] =>
  args.map(({ name, value }) => `${name} ${value}`.trim());

describe("the words of a tunnel's directory", () => {
  it("stand where its name stands, post-up.sh before everything", () => {
    const dir = directory({ "office/config": "mux 5\nusername root\n", "office/post-up.sh": "#!/bin/sh\n" });
    expect(pairs(load(dir, ["-D", "-u", "anytun"], ["-m", "7"]))).toEqual([
      `post-up-script ${dir}/office/post-up.sh`,
      "nodaemonize",
      "username anytun",
      "mux 5",
      "username root",
      "mux 7",
    ]);
  });

  it("need a config that is a regular file", () => {
    const dir = directory({ "other/config": "" });
    expect(() => load(dir)).toThrow(`${dir}/office/config: No such file or directory (ENOENT)`);
    mkdirSync(join(dir, "office/config"), { recursive: true });
    expect(() => load(dir)).toThrow(`${dir}/office/config: expected a regular file`);
  });

  it("are not what an empty config says", () => {
    expect(load(directory({ "office/config": "# nothing yet\n" }))).toEqual({
      args: [],
      clients: undefined,
      notes: [],
    });
  });
});

describe("clients in conf.d", () => {
  const conf = (text: string, config = "type tun\n") => directory({ "office/config": config, "office/conf.d/a": text });

  it("are read in the order of their names, without hidden files and backups", () => {
    const dir = directory({
      "office/config": "kd-prf aes-ctr-256\n",
      "office/conf.d/b": "mux 2\n",
      "office/conf.d/a": "mux 1\nkd-prf null\n",
      "office/conf.d/.hidden": "mux 3\n",
      "office/conf.d/a~": "mux 4\n",
      "office/conf.d/a.dpkg-old": "mux 4\n",
      "office/conf.d/a.bak": "mux 4\n",
      "office/conf.d/#a#": "mux 4\n",
    });
    const { clients, notes } = load(dir);
    expect(clients?.map(pairs)).toEqual([
      ["mux 1", "kd-prf null", "kd-prf aes-ctr-256"],
      ["mux 2", "kd-prf aes-ctr-256"],
    ]);
    expect(notes.map(({ text }) => text)).toEqual(
      ["#a#", "a.bak", "a.dpkg-old", "a~"].map(
        (name) => `${dir}/office/conf.d/${name}: passed over, a backup by its name`,
      ),
    );
  });

  it.each<[string, string]>([
    ["passphrase don't", ":1: a quote is not closed; write name = VALUE instead"],
    ["mux 1\nnope", ":2: nope: unknown option"],
    ["mux 1\nport 4444", ":2: port: not an option of a client"],
  ])("are left out one by one: %j", (text, reason) => {
    const dir = directory({ "office/config": "", "office/conf.d/a": text, "office/conf.d/b": "mux 3\n" });
    const { clients, notes } = load(dir);
    expect(clients?.map(({ path }) => path)).toEqual([`${dir}/office/conf.d/b`]);
    expect(notes).toEqual([{ level: 1, text: `client left out: ${dir}/office/conf.d/a${reason}` }]);
  });

  it("are left out where they are no files", () => {
    const dir = conf("mux 1\n");
    mkdirSync(join(dir, "office/conf.d/sub"));
    const { clients, notes } = load(dir);
    expect(clients).toHaveLength(1);
    expect(notes).toEqual([{ level: 1, text: `client left out: ${dir}/office/conf.d/sub: expected a regular file` }]);
  });

  it.each(["control-host 127.0.0.1:2323", "sync-hosts 127.0.0.1"])("are somebody else's with %s", (line) => {
    expect(load(conf("nope\n", `${line}\n`))).toMatchObject({ clients: undefined, notes: [] });
  });

  it("are not handed away by an option that only contains the word", () => {
    const dir = conf("mux 1\n", "post-up-script /opt/control-host/kd-prf.sh\n");
    expect(load(dir).clients?.map(pairs)).toEqual([["mux 1"]]);
  });

  it("tell of secrets that everybody can read", () => {
    const dir = conf("passphrase x\n");
    chmodSync(join(dir, "office/conf.d/a"), 0o644);
    expect(load(dir).notes.map(({ text }) => text)).toEqual([
      `${dir}/office/conf.d/a: everybody can read the secret in it; expected mode 0600 or 0640`,
    ]);
  });

  it("look for files of secrets in the tunnel's directory", () => {
    const dir = conf("key-file a.key\n");
    expect(load(dir).clients?.map(pairs)).toEqual([[`key-file ${dir}/office/a.key`]]);
  });
});

describe("autostart", () => {
  it.each<[string, string[], string[]]>([
    ["", [], []],
    ["office\n", ["office"], []],
    ["office home # both\n#lab\n\tlab2\n", ["office", "home", "lab2"], []],
    ["office office\noffice", ["office"], []],
    ["all", ["all"], []],
    ["a/b office * -x ..", ["office"], ["a/b", "*", "-x", ".."]],
    ["office\r\nhome\r\n", ["office", "home"], []],
  ])("%j", (text, names, refused) => {
    expect(readAutostart(directory({ autostart: text }))).toEqual({ names, refused });
  });

  it("may be absent", () => {
    expect(readAutostart(directory({}))).toEqual({ names: [], refused: [] });
  });

  it("is an error where it cannot be read", () => {
    const dir = directory({ "autostart/x": "" });
    expect(() => readAutostart(dir)).toThrow(`${dir}/autostart: Illegal operation on a directory (EISDIR)`);
  });
});
