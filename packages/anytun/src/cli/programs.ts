/** The companion tools and what each of them knows of the options (spec: anytun-suite-cli.md 1 and 2). */
import { OptionSet } from "./options.ts";

export const configOptions: OptionSet = new OptionSet(
  [
    ...(["help", "version", "log", "debug", "remote-host", "remote-port", "ipv4-only", "ipv6-only"] as const),
    ...(["route", "mux", "window-size", "kd-prf", "role", "passphrase", "key", "salt"] as const),
    ...(["passphrase-file", "key-file"] as const),
  ],
  {
    log: "accepted for old scripts; what is wrong goes to stderr",
    debug: "accepted for old scripts",
    "remote-host": "where the client is (default: it registers itself)",
    "remote-port": "the client's UDP port or service (default: 4444)",
    "ipv4-only": "an IPv4 address only",
    "ipv6-only": "an IPv6 address only",
    route: "network behind the client; may be repeated",
    mux: "number of the client's connection, 0-65535 (default: 0)",
    role: "role of the servers: left, alice or server (default), or right, bob or client",
  },
);

export const controldOptions: OptionSet = new OptionSet(
  [
    ...(["help", "version", "nodaemonize", "username", "groupname", "chroot", "write-pid"] as const),
    ...(["log", "debug", "file", "control-host", "log-format"] as const),
    ...(["sync-tls-cert", "sync-tls-key", "sync-tls-ca"] as const),
  ],
  {
    username: "run as this user",
    chroot: "make this directory the root",
    "control-host": "address and port to listen on, :PORT for all (default: 127.0.0.1:2323)",
  },
);
