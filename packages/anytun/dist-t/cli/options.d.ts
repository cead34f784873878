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
export declare const optionTable: {
  readonly help: {
    readonly type: "boolean";
    readonly alias: "h";
    readonly acts: "help";
    readonly description: "show this list and end";
  };
  readonly version: {
    readonly type: "boolean";
    readonly alias: "v";
    readonly acts: "version";
    readonly description: "show the version and end";
  };
  readonly nodaemonize: {
    readonly type: "boolean";
    readonly alias: "D";
    readonly description: "stay in the foreground";
  };
  readonly username: {
    readonly type: "string";
    readonly alias: "u";
    readonly valueHint: "<username>";
    readonly description: "run as this user once everything is open";
  };
  readonly groupname: {
    readonly type: "string";
    readonly alias: "g";
    readonly valueHint: "<groupname>";
    readonly description: "run as this group instead of the user's";
  };
  readonly chroot: {
    readonly type: "string";
    readonly alias: "C";
    readonly valueHint: "<path>";
    readonly description: "make this directory the root once running";
  };
  readonly "write-pid": {
    readonly type: "string";
    readonly alias: "P";
    readonly valueHint: "<path>";
    readonly description: "write the process id to this file";
  };
  readonly log: {
    readonly type: "string";
    readonly alias: "L";
    readonly valueHint: "<target>:<level>[,<param>[,<param>..]]";
    readonly whole: true;
    readonly below: true;
    readonly description: "log to stdout, stderr or file, from level 1 (errors) to 5 (everything); may be repeated";
  };
  readonly debug: {
    readonly type: "boolean";
    readonly alias: "U";
    readonly description: "short for -D -L stdout:5";
  };
  readonly interface: {
    readonly type: "string";
    readonly alias: "i";
    readonly valueHint: "<ip-address>";
    readonly description: "local address or name to bind to (default: all)";
  };
  readonly port: {
    readonly type: "string";
    readonly alias: "p";
    readonly valueHint: "<port>";
    readonly description: "local UDP port or service (default: 4444)";
  };
  readonly "sender-id": {
    readonly type: "string";
    readonly alias: "s";
    readonly shownAs: "sender-id ";
    readonly valueHint: "<sender-id>";
    readonly description: "number of this sender, 0-65535 (default: 0)";
  };
  readonly "remote-host": {
    readonly type: "string";
    readonly alias: "r";
    readonly valueHint: "<hostname|ip>";
    readonly description: "the peer (default: learnt from its first valid packet)";
  };
  readonly "remote-port": {
    readonly type: "string";
    readonly alias: "o";
    readonly valueHint: "<port>";
    readonly description: "the peer's UDP port or service (default: 4444)";
  };
  readonly "ipv4-only": {
    readonly type: "boolean";
    readonly alias: "4";
    readonly description: "carry the tunnel over IPv4 only";
  };
  readonly "ipv6-only": {
    readonly type: "boolean";
    readonly alias: "6";
    readonly description: "carry the tunnel over IPv6 only";
  };
  readonly "sync-interface": {
    readonly type: "string";
    readonly alias: "I";
    readonly valueHint: "<ip-address>";
    readonly description: "local address of the cluster port";
  };
  readonly "sync-port": {
    readonly type: "string";
    readonly alias: "S";
    readonly valueHint: "<port>";
    readonly description: "cluster port to serve state on";
  };
  readonly "sync-hosts": {
    readonly type: "string";
    readonly alias: "M";
    readonly valueHint: "<hostname|ip>[:<port>][,..]";
    readonly whole: true;
    readonly below: true;
    readonly description: "cluster nodes to take state from; may be repeated";
  };
  readonly "control-host": {
    readonly type: "string";
    readonly alias: "X";
    readonly valueHint: "<hostname|ip>[:<port>]";
    readonly whole: true;
    readonly below: true;
    readonly description: "server that hands out clients and routes";
  };
  readonly dev: {
    readonly type: "string";
    readonly alias: "d";
    readonly valueHint: "<name>";
    readonly description: "name of the interface, %d is numbered";
  };
  readonly type: {
    readonly type: "string";
    readonly alias: "t";
    readonly valueHint: "<tun|tap>";
    readonly description: "kind of the interface";
  };
  readonly ifconfig: {
    readonly type: "string";
    readonly alias: "n";
    readonly valueHint: "<net>/<length>";
    readonly description: "address of the interface, IPv4 or IPv6, or both";
  };
  readonly "post-up-script": {
    readonly type: "string";
    readonly alias: "x";
    readonly valueHint: "<script>";
    readonly whole: true;
    readonly description: "program to run once the interface is up";
  };
  readonly route: {
    readonly type: "string";
    readonly alias: "R";
    readonly valueHint: "<net>/<length>";
    readonly whole: true;
    readonly description: "network behind the peer; may be repeated";
  };
  readonly mux: {
    readonly type: "string";
    readonly alias: "m";
    readonly valueHint: "<mux>";
    readonly description: "number of this connection, 0-65535 (default: 0)";
  };
  readonly "window-size": {
    readonly type: "string";
    readonly alias: "w";
    readonly valueHint: "<window-size>";
    readonly description: "packets that the replay check remembers (default: 0, no check)";
  };
  readonly "kd-prf": {
    readonly type: "string";
    readonly alias: "k";
    readonly valueHint: "<kd-prf>";
    readonly description: "how packet keys are derived (default: aes-ctr)";
  };
  readonly role: {
    readonly type: "string";
    readonly alias: "e";
    readonly valueHint: "<role>";
    readonly description: "left, alice, server or right, bob, client";
  };
  readonly passphrase: {
    readonly type: "string";
    readonly alias: "E";
    readonly valueHint: "<passphrase>";
    readonly whole: true;
    readonly secret: true;
    readonly description: "text from which key and salt are made";
  };
  readonly key: {
    readonly type: "string";
    readonly alias: "K";
    readonly valueHint: "<hex>";
    readonly whole: true;
    readonly secret: true;
    readonly description: "master key, hexadecimal";
  };
  readonly salt: {
    readonly type: "string";
    readonly alias: "A";
    readonly valueHint: "<hex>";
    readonly whole: true;
    readonly secret: true;
    readonly description: "master salt, 14 bytes, hexadecimal";
  };
  readonly cipher: {
    readonly type: "string";
    readonly alias: "c";
    readonly valueHint: "<cipher>";
    readonly description: "payload encryption (default: aes-ctr)";
  };
  readonly "auth-algo": {
    readonly type: "string";
    readonly alias: "a";
    readonly valueHint: "<algorithm>";
    readonly description: "authentication: sha1 or null (default: sha1)";
  };
  readonly "auth-tag-length": {
    readonly type: "string";
    readonly alias: "b";
    readonly valueHint: "<length>";
    readonly description: "bytes of the authentication tag (default: 10)";
  };
  readonly mtu: {
    readonly type: "string";
    readonly valueHint: "<bytes|auto>";
    readonly description: "MTU of the interface; auto: what the path to the peer takes (default: 1400 with -n)";
  };
  readonly "no-mss-clamp": {
    readonly type: "boolean";
    readonly description: "leave the segment size of TCP connections alone";
  };
  readonly "state-dir": {
    readonly type: "string";
    readonly valueHint: "<path|none>";
    readonly whole: true;
    readonly description: "where used sequence numbers are remembered";
  };
  readonly "no-tun-offload": {
    readonly type: "boolean";
    readonly description: "exchange single frames with the interface";
  };
  readonly "no-udp-offload": {
    readonly type: "boolean";
    readonly description: "exchange single datagrams with the network";
  };
};
export type OptionName = keyof typeof optionTable;
export interface Option {
  readonly name: OptionName;
  readonly definition: OptionDefinition;
}
/** The table in order. */
export declare const options: readonly Option[];
/** @param spelling exactly as typed, dashes included */
export declare function findOption(spelling: string): Option | undefined;
/** `-x` first where there is one, then `--long`. */
export declare function spellings(option: Option): string[];
export declare function takesValue(option: Option): boolean;
