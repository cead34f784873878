import { describe, expect, it } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import type { Config } from "../../src/config/config.ts";
import { type LoadEnvironment, loadConfig } from "../../src/config/load.ts";
import type { TunnelFiles } from "../../src/config/tunnel-dir.ts";

const KEY = "00112233445566778899aabbccddeeff";
const SALT = "00112233445566778899aabbccdd";
const DIR = "/etc/anytun/office";

/** @param clients text of the files in conf.d, by name; undefined = no conf.d */
function load(config: string, clients?: Readonly<Record<string, string>>, environmentSecret?: string): Config {
  const file = (path: string, text: string) => ({ path, content: new Uint8Array(Buffer.from(text)), mode: 0o600 });
  const files: TunnelFiles = {
    dir: DIR,
    config: file(`${DIR}/config`, config),
    postUpScript: undefined,
    clients: clients && Object.entries(clients).map(([name, text]) => file(`${DIR}/conf.d/${name}`, text)),
    notes: [],
  };
  const environment: LoadEnvironment = {
    uid: 0,
    cwd: "/",
    variables: {},
    services: () => undefined,
    isFile: () => false,
    bytesOf: (arg) => arg.bytes ?? new Uint8Array(Buffer.from(arg.value)),
    secretVariables:
      environmentSecret === undefined ? {} : { passphrase: new Uint8Array(Buffer.from(environmentSecret)) },
    readSecretFile: () => new Uint8Array(Buffer.from(`key ${KEY}\nsalt ${SALT}\n`)),
    readCredential: () => undefined,
    readTunnelFiles: () => files,
  };
  const invocation = parseArguments(["--config-dir", "/etc/anytun", "office"]);
  if (invocation.action !== "run") throw new Error(invocation.action);
  return loadConfig(invocation, environment);
}

const warnings = ({ notes }: Config): string[] => notes.filter(({ level }) => level <= 2).map(({ text }) => text);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("a server with clients of its own", () => {
  it("has a connection with keys, window, role, place and networks for each", () => {
    const config = load("type tun\nkd-prf aes-ctr-256\n", {
      a: "mux 1\npassphrase one\nroute 10.1.0.0/16,fd01::/64\nwindow-size 64\n",
      b: "mux 2\npassphrase two\nroute 10.2.0.0/16\nrole client\nremote-host b.example\nremote-port 5000\nipv4-only\n",
    });
    expect(config).toMatchObject({ routing: "routes", mux: 0, remote: undefined, suite: { kdPrf: "aes-ctr-256" } });
    expect(config.clients).toMatchObject([
      {
        mux: 1,
        role: "left",
        kdPrf: "aes-ctr-256",
        windowSize: 64,
        remote: undefined,
        family: "any",
        routes: [{ length: 16 }, { length: 64 }],
      },
      {
        mux: 2,
        role: "right",
        kdPrf: "aes-ctr-256",
        windowSize: 0,
        remote: { host: "b.example", port: 5000 },
        family: "ipv4",
        routes: [{ length: 16 }],
      },
    ]);
    const keys = config.clients.map(({ keys }) => hex(keys.masterKey));
    expect(keys[0]).toHaveLength(64);
    expect(keys[1]).not.toBe(keys[0]);
    expect(warnings(config)).toEqual([]);
  });

  it("takes keys from files beside its config", () => {
    const [client] = load("", { a: "key-file a.key\nroute 10.0.0.0/8\n" }).clients;
    expect(hex(client?.keys.masterKey ?? new Uint8Array())).toBe(KEY);
  });

  it("with one client and no networks is the other end of a tunnel", () => {
    expect(load("", { a: "mux 5\npassphrase one\n" })).toMatchObject({ routing: "single", mux: 5 });
  });

  it("may have a peer of its own beside them", () => {
    const config = load("remote-host a.example\npassphrase own\n", { a: "mux 5\npassphrase one\nroute 10.0.0.0/8" });
    expect(config).toMatchObject({ routing: "routes", mux: 0, remote: { host: "a.example" } });
    expect(hex(config.keys.masterKey)).not.toBe(hex(config.clients[0]?.keys.masterKey ?? new Uint8Array()));
  });

  it("is told which clients nothing will reach", () => {
    const two = { a: "mux 1\npassphrase x\nroute 10.0.0.0/8", b: "mux 2\npassphrase y" };
    expect(warnings(load("", two))).toEqual(["client with mux 2: no route leads to it; nothing will be sent to it"]);
    expect(warnings(load("type tap", two))).toEqual([
      "Ethernet frames have no routes: all go to the client with the lowest mux",
    ]);
  });

  it("is told that its own secret is for nobody", () => {
    expect(warnings(load("passphrase own", { a: "mux 1\npassphrase x" }))).toEqual([
      "the server's own secret is not used: each client has its own",
    ]);
  });

  it("takes no secret of its own for theirs", () => {
    const own = "passphrase own\n";
    for (const environmentSecret of [undefined, "of the environment"]) {
      expect(() => load(own, { a: "mux 1\n" }, environmentSecret)).toThrow("no client can be used");
    }
  });

  it("uses the last of several with one mux", () => {
    const config = load("", { a: "mux 1\npassphrase x", b: "mux 1\npassphrase y\nroute 10.0.0.0/8" });
    expect(config.clients).toHaveLength(1);
    expect(config.clients[0]?.routes).toHaveLength(1);
    expect(warnings(config)).toEqual([`${DIR}/conf.d/b: the same mux 1 as ${DIR}/conf.d/a, which is left out`]);
  });

  it.each<[string, string]>([
    ["mux 70000\npassphrase x", ":1: mux 70000: expected a number from 0 to 65535"],
    ["route 10.0.0.0/33\npassphrase x", ":1: route 10.0.0.0/33: expected NETWORK/LENGTH, like 10.0.0.0/8 or fd00::/8"],
    ["key 0011\nsalt 00", ":1: key: expected 32 hexadecimal digits (16 bytes) for aes-ctr-128, got 2 bytes"],
    [
      "mux 1",
      ": -E: missing; expected a passphrase, or a key (-K) with a salt (-A), unless key derivation is null (-k null)",
    ],
    ["nope", ":1: nope: unknown option"],
  ])("leaves out %j and keeps the others", (text, reason) => {
    const config = load("", { bad: text, good: "mux 3\npassphrase x\nroute 10.0.0.0/8" });
    expect(config.clients.map(({ mux }) => mux)).toEqual([3]);
    expect(warnings(config)).toEqual([`client left out: ${DIR}/conf.d/bad${reason}`]);
    expect(() => load("", { bad: text })).toThrow(
      `conf.d: no client can be used; client left out: ${DIR}/conf.d/bad${reason}`,
    );
  });
});

describe("no clients of its own", () => {
  it.each<[string, string, Record<string, string> | undefined]>([
    ["without conf.d", "passphrase x", undefined],
    ["with an empty conf.d", "passphrase x", {}],
  ])("%s", (_, config, clients) => {
    expect(load(config, clients)).toMatchObject({ clients: [], routing: "single" });
  });

  it("ask for the server's own key", () => {
    expect(() => load(`salt ${SALT}\nkey 00`, {})).toThrow(`${DIR}/config:2: key: expected 32`);
  });
});
