/**
 * Every option, once, as argument definitions of citty with our own fields beside them. The parser, the usage text and
 * the masking of secrets all read this table; citty's own parser would accept what the original refuses.
 * The order is the original's; options of our own follow and are long only.
 */
import type { BooleanArgDef, StringArgDef } from "citty";

/** What the original's grammar needs beyond citty's definitions. */
export interface OptionGrammar {
  /** The value is taken as it is; without it it is read like a stream token: blanks skipped, cut at the next blank. */
  readonly whole?: boolean;
  /** The value is never shown and is masked in the process title. */
  readonly secret?: boolean;
  /** Acts as soon as it is reached; later words are never looked at. */
  readonly acts?: "help" | "version";
  /** The usage text puts the description on lines of its own. */
  readonly below?: boolean;
  /** The usage text shows this instead of the long name: scripts that read the original's list find every entry. */
  readonly shownAs?: string;
}

export type OptionDefinition = (BooleanArgDef | StringArgDef) & OptionGrammar;

export const optionTable = {
  help: { type: "boolean", alias: "h", acts: "help", description: "show this list and end" },
  version: { type: "boolean", alias: "v", acts: "version", description: "show the version and end" },
  nodaemonize: { type: "boolean", alias: "D", description: "stay in the foreground" },
  username: {
    type: "string",
    alias: "u",
    valueHint: "<username>",
    description: "run as this user once everything is open",
  },
  groupname: {
    type: "string",
    alias: "g",
    valueHint: "<groupname>",
    description: "run as this group instead of the user's",
  },
  chroot: { type: "string", alias: "C", valueHint: "<path>", description: "make this directory the root once running" },
  "write-pid": { type: "string", alias: "P", valueHint: "<path>", description: "write the process id to this file" },
  log: {
    type: "string",
    alias: "L",
    valueHint: "<target>:<level>[,<param>[,<param>..]]",
    whole: true,
    below: true,
    description: "log to syslog, stdout, stderr or file, from level 1 (errors) to 5 (everything); may be repeated",
  },
  debug: { type: "boolean", alias: "U", description: "short for -D -L stdout:5" },
  interface: {
    type: "string",
    alias: "i",
    valueHint: "<ip-address>",
    description: "local address or name to bind to (default: all)",
  },
  port: { type: "string", alias: "p", valueHint: "<port>", description: "local UDP port or service (default: 4444)" },
  "sender-id": {
    type: "string",
    alias: "s",
    shownAs: "sender-id ",
    valueHint: "<sender-id>",
    description: "number of this sender, 0-65535 (default: 0)",
  },
  "remote-host": {
    type: "string",
    alias: "r",
    valueHint: "<hostname|ip>",
    description: "the peer (default: learnt from its first valid packet)",
  },
  "remote-port": {
    type: "string",
    alias: "o",
    valueHint: "<port>",
    description: "the peer's UDP port or service (default: 4444)",
  },
  "ipv4-only": { type: "boolean", alias: "4", description: "carry the tunnel over IPv4 only" },
  "ipv6-only": { type: "boolean", alias: "6", description: "carry the tunnel over IPv6 only" },
  "sync-interface": {
    type: "string",
    alias: "I",
    valueHint: "<ip-address>",
    description: "local address of the cluster port",
  },
  "sync-port": { type: "string", alias: "S", valueHint: "<port>", description: "cluster port to serve state on" },
  "sync-hosts": {
    type: "string",
    alias: "M",
    valueHint: "<hostname|ip>[:<port>][,..]",
    whole: true,
    below: true,
    description: "cluster nodes to take state from; may be repeated",
  },
  "control-host": {
    type: "string",
    alias: "X",
    valueHint: "<hostname|ip>[:<port>]",
    whole: true,
    below: true,
    description: "server that hands out clients and routes",
  },
  dev: { type: "string", alias: "d", valueHint: "<name>", description: "name of the interface, %d is numbered" },
  type: { type: "string", alias: "t", valueHint: "<tun|tap>", description: "kind of the interface" },
  ifconfig: {
    type: "string",
    alias: "n",
    valueHint: "<net>/<length>",
    description: "address of the interface, IPv4 or IPv6, or both",
  },
  "post-up-script": {
    type: "string",
    alias: "x",
    valueHint: "<script>",
    // parsePostUpScript decides where it ends
    whole: true,
    description: "program to run once the interface is up",
  },
  route: {
    type: "string",
    alias: "R",
    valueHint: "<net>/<length>",
    whole: true,
    description: "network behind the peer; may be repeated",
  },
  mux: {
    type: "string",
    alias: "m",
    valueHint: "<mux>",
    description: "number of this connection, 0-65535 (default: 0)",
  },
  "window-size": {
    type: "string",
    alias: "w",
    valueHint: "<window-size>",
    description: "packets that the replay check remembers (default: 0, no check)",
  },
  "kd-prf": {
    type: "string",
    alias: "k",
    valueHint: "<kd-prf>",
    description: "how packet keys are derived (default: aes-ctr)",
  },
  role: {
    type: "string",
    alias: "e",
    valueHint: "<role>",
    description: "role: left, alice, server or right, bob, client",
  },
  passphrase: {
    type: "string",
    alias: "E",
    valueHint: "<passphrase>",
    whole: true,
    secret: true,
    description: "text from which key and salt are made",
  },
  key: {
    type: "string",
    alias: "K",
    valueHint: "<hex>",
    whole: true,
    secret: true,
    description: "master key, hexadecimal",
  },
  salt: {
    type: "string",
    alias: "A",
    valueHint: "<hex>",
    whole: true,
    secret: true,
    description: "master salt, 14 bytes, hexadecimal",
  },
  cipher: { type: "string", alias: "c", valueHint: "<cipher>", description: "payload encryption (default: aes-ctr)" },
  "auth-algo": {
    type: "string",
    alias: "a",
    valueHint: "<algorithm>",
    description: "authentication: sha1 or null (default: sha1)",
  },
  "auth-tag-length": {
    type: "string",
    alias: "b",
    valueHint: "<length>",
    description: "bytes of the authentication tag (default: 10)",
  },
  mtu: {
    type: "string",
    valueHint: "<bytes|auto>",
    description: "MTU of the interface; auto: what the path to the peer takes (default: 1400 with -n)",
  },
  "install-routes": {
    type: "boolean",
    description: "let the kernel route the networks behind peers into the tunnel",
  },
  "no-mss-clamp": { type: "boolean", description: "leave the segment size of TCP connections alone" },
  keepalive: {
    type: "string",
    valueHint: "<seconds>",
    description: "send an empty packet after so long without one, tell when the peer is silent (default: 0, off)",
  },
  "state-dir": {
    type: "string",
    valueHint: "<path|none>",
    whole: true,
    description: "where used sequence numbers are remembered",
  },
  "status-socket": {
    type: "string",
    valueHint: "<path|none>",
    whole: true,
    description: 'where "anytun status" is answered',
  },
  "status-group": {
    type: "string",
    valueHint: "<name>",
    description: 'group that may ask "anytun status" besides the owner',
  },
  metrics: {
    type: "string",
    valueHint: "<[address:]port>",
    description: "serve Prometheus metrics over HTTP (default address: 127.0.0.1)",
  },
  "passphrase-file": {
    type: "string",
    valueHint: "<path>",
    whole: true,
    description: "file whose only line is the passphrase",
  },
  "key-file": {
    type: "string",
    valueHint: "<path>",
    whole: true,
    description: 'file with lines "key HEX" and "salt HEX", as genkey makes it',
  },
  "log-format": {
    type: "string",
    valueHint: "<text|json>",
    description: "layout of what goes to files and streams (default: text)",
  },
  "config-dir": {
    type: "string",
    valueHint: "<dir> [<name>]",
    whole: true,
    description: "options of this tunnel from <dir>/<name>, in this place; without a name all in <dir>/autostart",
  },
  "sync-tls-cert": {
    type: "string",
    valueHint: "<path>",
    whole: true,
    description: "certificate of this node: the cluster port speaks TLS only",
  },
  "sync-tls-key": { type: "string", valueHint: "<path>", whole: true, description: "its key" },
  "sync-tls-ca": {
    type: "string",
    valueHint: "<path>",
    whole: true,
    description: "authority whose certificates make a node of the cluster",
  },
  "sync-plain-port": {
    type: "string",
    valueHint: "<port>",
    description: "cluster port without TLS, for originals, beside the one with it",
  },
  "sync-plain-hosts": {
    type: "string",
    valueHint: "<hosts>",
    whole: true,
    description: "like -M, for nodes without TLS; may be repeated",
  },
  "sync-without-secrets": { type: "boolean", description: "leave keys out of what the cluster port sends without TLS" },
  "announce-script": {
    type: "string",
    valueHint: "<script>",
    whole: true,
    description: "program that announces this node: called with announce or withdraw, and the interface",
  },
  "no-tun-offload": { type: "boolean", description: "exchange single frames with the interface" },
  "no-udp-offload": { type: "boolean", description: "exchange single datagrams with the network" },
  "no-io-uring": { type: "boolean", description: "one system call for each of what the interface takes or gives" },
} as const;

/** Options that only a companion tool has. */
const toolTable = {
  file: { type: "string", alias: "f", valueHint: "<path>", whole: true, description: "table of messages to serve" },
} as const;

export type OptionName = keyof typeof optionTable | keyof typeof toolTable;

const everyOption: Readonly<Record<OptionName, OptionDefinition>> = { ...optionTable, ...toolTable };

export interface Option {
  readonly name: OptionName;
  readonly definition: OptionDefinition;
}

/** The options that one program knows. */
export class OptionSet {
  /** In the order of the usage text. */
  readonly options: readonly Option[];
  readonly #bySpelling: ReadonlyMap<string, Option>;

  /** @param described descriptions that mean something else for this program */
  constructor(names: readonly OptionName[], described: Partial<Record<OptionName, string>> = {}) {
    this.options = names.map((name) => {
      const description = described[name];
      const definition: OptionDefinition = everyOption[name];
      return { name, definition: description === undefined ? definition : { ...definition, description } };
    });
    this.#bySpelling = new Map(
      this.options.flatMap((option) => spellings(option).map((spelling): [string, Option] => [spelling, option])),
    );
  }

  /** @param spelling exactly as typed, dashes included */
  find(spelling: string): Option | undefined {
    return this.#bySpelling.get(spelling);
  }
}

/** What anytun itself knows. */
export const anytunOptions: OptionSet = new OptionSet(Object.keys(optionTable).filter(isAnytunOption));

/** The table of anytun in order. */
export const options: readonly Option[] = anytunOptions.options;

/** An option of anytun. @param spelling exactly as typed, dashes included */
export function findOption(spelling: string): Option | undefined {
  return anytunOptions.find(spelling);
}

/** `-x` first where there is one, then `--long`. */
export function spellings(option: Option): string[] {
  const { alias } = option.definition;
  return alias === undefined ? [`--${option.name}`] : [`-${alias}`, `--${option.name}`];
}

export function takesValue(option: Option): boolean {
  return option.definition.type === "string";
}

function isAnytunOption(name: string): name is keyof typeof optionTable {
  return Object.hasOwn(optionTable, name);
}
