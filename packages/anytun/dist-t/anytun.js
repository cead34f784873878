#!/usr/bin/env node

// packages/anytun/src/cli/main.ts
import { readFileSync as readFileSync3, statSync } from "node:fs";
import {
  AnytunError,
  errorText,
  LOG_DEBUG,
  LOG_ERROR,
  LOG_INFO,
  LOG_NOTICE,
  LOG_WARNING,
  quoted,
  UsageError,
} from "./chunk-6N5UERDM.js";
import {
  authByName,
  cipherByName,
  DEFAULT_SUITE,
  deriveMasterKeys,
  effectiveSuite,
  formatAddress,
  kdPrfByName,
  keyBytes,
  MASTER_SALT_BYTES,
  MAX_TAG_BYTES,
  roleByName,
  tryParseAddress,
} from "./chunk-JLWDG6CX.js";

// packages/anytun/src/log/target-spec.ts
var DEFAULT_LOG_FILE = "anytun.log";
var MAX_INT = 2 ** 31;
function splitLogTarget(option, value) {
  const colon = value.indexOf(":");
  if (colon < 0) throw new UsageError(option, value, "expected TARGET:LEVEL[,PARAMETER,..]");
  const [levelText = "", ...parameters] = value.slice(colon + 1).split(",");
  return { type: value.slice(0, colon), level: parseLevel(option, value, levelText), parameters };
}
function parseLogTarget(option, value) {
  const { type, level, parameters } = splitLogTarget(option, value);
  switch (type) {
    case "stdout":
    case "stderr":
      return { type, level };
    case "file":
      return { type, level, path: parameters[0] || DEFAULT_LOG_FILE };
    case "syslog":
      throw new UsageError(option, value, "logging to syslog is not available yet");
    case "eventlog":
      throw new UsageError(option, value, "the eventlog target is not supported; use stdout, stderr or file");
    default:
      throw new UsageError(option, value, "unknown log target; expected stdout, stderr or file");
  }
}
function parseLevel(option, value, text) {
  const level = /^[+-]?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!(level >= -MAX_INT && level < MAX_INT)) {
    throw new UsageError(option, value, "expected a log level from 0 (off) to 5 (debug) after the colon");
  }
  return Math.min(Math.max(level, 0), 5);
}
function parseLogTargets(values) {
  const specs = [];
  for (const { option, value } of values) {
    const spec = parseLogTarget(option, value);
    if (spec.type !== "file" && specs.some((other) => other.type === spec.type)) {
      throw new UsageError(option, value, `the ${spec.type} log target is supported only once`);
    }
    specs.push(spec);
  }
  return specs;
}

// packages/anytun/src/config/argument-set.ts
var ArgumentSet = class {
  #args;
  constructor(args) {
    this.#args = args;
  }
  /** True when the option was typed, whatever its value. */
  has(name) {
    return this.#args.some((arg) => arg.name === name);
  }
  /** The occurrence that wins; an earlier one is never looked at. */
  last(name) {
    return this.#args.findLast((arg) => arg.name === name);
  }
  /** Like `last`, for words whose empty value changes nothing. */
  lastWord(name) {
    return this.#args.findLast((arg) => arg.name === name && arg.value !== "");
  }
  /** Every occurrence of these options, in command-line order. */
  all(...names) {
    return this.#args.filter((arg) => names.includes(arg.name));
  }
};

// packages/anytun/src/config/values.ts
function parseNumber(arg, least, most, expected) {
  const value = decimal(arg.value);
  if (value === void 0 || value < least || value > most) {
    throw new UsageError(arg.typed, arg.value, expected ?? `expected a number from ${least} to ${most}`);
  }
  return value;
}
function decimal(text) {
  return /^[0-9]+$/.test(text) ? Number(text) : void 0;
}
function parsePort(arg, services) {
  const port = decimal(arg.value) ?? services(arg.value);
  if (port === void 0 || port > 65535) {
    throw new UsageError(arg.typed, arg.value, "expected a port from 0 to 65535 or the name of a UDP service");
  }
  return port;
}
function parseName(arg, byName, expected) {
  const value = byName(arg.value);
  if (value === void 0) throw new UsageError(arg.typed, arg.value, expected);
  return value;
}
function parseSecretHex(arg) {
  if (!/^[0-9a-fA-F]*$/.test(arg.value)) {
    throw new UsageError(arg.typed, void 0, "expected hexadecimal digits and nothing else");
  }
  if (arg.value.length % 2 !== 0) {
    throw new UsageError(arg.typed, void 0, `expected an even number of hexadecimal digits, got ${arg.value.length}`);
  }
  return new Uint8Array(Buffer.from(arg.value, "hex"));
}

// packages/anytun/src/config/device.ts
var MAX_NAME_LENGTH = 15;
function parseDevice(args, notes) {
  const type = args.lastWord("type");
  const dev = args.lastWord("dev");
  const name = dev === void 0 ? void 0 : parseDeviceName(dev, notes);
  if (type !== void 0) return { kind: kindOf(type, 'expected "tun" or "tap"'), name };
  if (dev === void 0) return { kind: "tun", name: void 0 };
  return {
    kind: kindOf(dev, "unable to recognize type of device (tun or tap); expected -t tun or -t tap with it"),
    name,
  };
}
function kindOf(arg, expected) {
  const kind = arg.value.slice(0, 3);
  if (kind !== "tun" && kind !== "tap") throw new UsageError(arg.typed, arg.value, expected);
  return kind;
}
function parseDeviceName(arg, notes) {
  const name = arg.value.slice(0, MAX_NAME_LENGTH);
  if (name === "." || name === ".." || /[/:\s]/.test(name) || /%(?!d)|%.*%/.test(name)) {
    throw new UsageError(arg.typed, arg.value, "expected an interface name, with at most one %d");
  }
  if (name !== arg.value) {
    notes.push({
      level: LOG_WARNING,
      text: `${arg.typed} ${arg.value}: cut to ${MAX_NAME_LENGTH} characters, ${name}`,
    });
  }
  return name;
}
function parseInterfaceAddresses(args) {
  let ipv4;
  let ipv6;
  for (const arg of args.all("ifconfig")) {
    if (arg.value === "") continue;
    for (const element of arg.value.split(",")) {
      const { family, ...address } = parseInterfaceAddress(arg, element);
      if (family === 4) ipv4 = address;
      else ipv6 = address;
    }
  }
  return { ipv4, ipv6 };
}
function parseInterfaceAddress(arg, element) {
  const slash = element.indexOf("/");
  const address = tryParseAddress(element.slice(0, Math.max(slash, 0)));
  const prefixLength = decimal(element.slice(slash + 1));
  if (address === void 0 || prefixLength === void 0 || prefixLength > (address.family === 4 ? 32 : 128)) {
    throw new UsageError(arg.typed, element, "expected ADDRESS/LENGTH, like 192.0.2.1/24 or 2001:db8::1/64");
  }
  return { family: address.family, address: formatAddress(address), prefixLength };
}
var MTU_RANGE = { least: 576, most: 9e3 };
function parseMtu(args) {
  const arg = args.lastWord("mtu");
  if (arg === void 0 || arg.value === "auto") return arg === void 0 ? void 0 : "auto";
  const { least, most } = MTU_RANGE;
  return parseNumber(arg, least, most, `expected a number of bytes from ${least} to ${most}, or auto`);
}
function parsePostUpScript(args, isFile) {
  const value = args.last("post-up-script")?.value.replace(/^\s+/, "");
  if (value === void 0 || value === "") return void 0;
  return /\s/.test(value) && !isFile(value) ? value.replace(/\s.*/s, "") : value;
}

// packages/anytun/src/config/endpoints.ts
import { isIP } from "node:net";

var DEFAULT_PORT = 4444;
var MAX_HOST_LENGTH = 253;
function parseEndpoints(args, services, notes) {
  const family = parseFamily(args);
  const local = args.lastWord("interface");
  const remote = args.lastWord("remote-host");
  const localPort = args.lastWord("port");
  const remotePort = args.lastWord("remote-port");
  const port = localPort === void 0 ? DEFAULT_PORT : parsePort(localPort, services);
  const peerPort = remotePort === void 0 ? DEFAULT_PORT : parsePort(remotePort, services);
  for (const arg of [local, remote]) {
    if (arg !== void 0) checkHost(arg, family);
  }
  if (local !== void 0 && remote !== void 0 && familiesDiffer(local.value, remote.value)) {
    const text = `${remote.typed} ${remote.value} cannot be reached from ${local.typed} ${local.value}`;
    notes.push({ level: LOG_WARNING, text: `${text}: different address families` });
  }
  return {
    family,
    local: { host: local?.value, port },
    remote: remote === void 0 ? void 0 : { host: remote.value, port: peerPort },
  };
}
function parseFamily(args) {
  const ipv4 = args.last("ipv4-only");
  const ipv6 = args.last("ipv6-only");
  if (ipv4 !== void 0 && ipv6 !== void 0) {
    throw new UsageError(`${ipv4.typed} ${ipv6.typed}`, void 0, "mutually exclusive; expected one of them or none");
  }
  if (ipv4 !== void 0) return "ipv4";
  return ipv6 === void 0 ? "any" : "ipv6";
}
function checkHost(arg, family) {
  const literal = isIP(arg.value);
  if (literal === 0) {
    if (/[:/[\]%,]/.test(arg.value) || arg.value.length > MAX_HOST_LENGTH) {
      throw new UsageError(arg.typed, arg.value, "expected a host name or an IP address");
    }
  } else if (family !== "any" && literal !== (family === "ipv4" ? 4 : 6)) {
    const wanted =
      family === "ipv4" ? "expected an IPv4 address because of -4" : "expected an IPv6 address because of -6";
    throw new UsageError(arg.typed, arg.value, wanted);
  }
}
function familiesDiffer(a, b) {
  return isIP(a) !== 0 && isIP(b) !== 0 && isIP(a) !== isIP(b);
}

// packages/anytun/src/config/protection.ts
var MAX_WINDOW_SIZE = 2 ** 24;
var CIPHER_NAMES = "expected null, aes-ctr, aes-ctr-128, aes-ctr-192 or aes-ctr-256";
function parseSuite(args, notes) {
  const kdPrf = args.lastWord("kd-prf");
  const cipher = args.lastWord("cipher");
  const auth = args.lastWord("auth-algo");
  const tag = args.last("auth-tag-length");
  const asked = {
    kdPrf: kdPrf === void 0 ? DEFAULT_SUITE.kdPrf : parseName(kdPrf, kdPrfByName, CIPHER_NAMES),
    cipher: cipher === void 0 ? DEFAULT_SUITE.cipher : parseName(cipher, cipherByName, CIPHER_NAMES),
    auth: auth === void 0 ? DEFAULT_SUITE.auth : parseName(auth, authByName, "expected null or sha1"),
    tagBytes: tag === void 0 ? DEFAULT_SUITE.tagBytes : parseTagBytes(tag),
  };
  const suite = effectiveSuite(asked);
  if (suite.kdPrf === "null" && (suite.cipher !== "null" || suite.auth !== "null")) {
    const text = "key derivation is null: encryption and authentication work with keys that everybody knows";
    notes.push({ level: LOG_WARNING, text });
  }
  if (suite.auth !== "null" && asked.tagBytes > MAX_TAG_BYTES) {
    const text = `authentication tag length ${tag?.value} is longer than ${MAX_TAG_BYTES} bytes, using ${MAX_TAG_BYTES}`;
    notes.push({ level: LOG_WARNING, text });
  }
  if (suite.auth !== "null" && suite.tagBytes === 0) {
    notes.push({ level: LOG_WARNING, text: "authentication tag length is 0: packets are accepted from anybody" });
  }
  return suite;
}
function parseTagBytes(tag) {
  return parseNumber(tag, 0, Number.MAX_SAFE_INTEGER, `expected a number of bytes from 0 to ${MAX_TAG_BYTES}`);
}
function parseRole(args) {
  const role = args.lastWord("role");
  if (role === void 0) return "left";
  return parseName(role, roleByName, "expected left, alice or server, or right, bob or client");
}
function parseWindowSize(args, notes) {
  const window = args.last("window-size");
  const size =
    window === void 0
      ? 0
      : parseNumber(
          window,
          0,
          MAX_WINDOW_SIZE,
          `expected a number of packets from 0 to the limit of ${MAX_WINDOW_SIZE}`,
        );
  if (size === 0) notes.push({ level: LOG_INFO, text: "replay protection is off; switch it on with -w" });
  return size;
}
function parseKeys(args, suite, bytesOf) {
  const passphrase = args.last("passphrase");
  const key = args.lastWord("key");
  const salt = args.lastWord("salt");
  const keyValue = key === void 0 ? void 0 : parseSecretHex(key);
  const saltValue = salt === void 0 ? void 0 : parseSecretHex(salt);
  const hasPassphrase = passphrase !== void 0 && passphrase.value !== "";
  if (suite.kdPrf !== "null") {
    if (!hasPassphrase) requireBoth(key, salt);
    if (key !== void 0 && keyValue !== void 0) checkLength(key, keyValue, keyBytes(suite.kdPrf), suite.kdPrf);
    if (salt !== void 0 && saltValue !== void 0) checkLength(salt, saltValue, MASTER_SALT_BYTES, "a salt");
  }
  return deriveMasterKeys({
    suite,
    passphrase: hasPassphrase ? bytesOf(passphrase) : void 0,
    key: keyValue,
    salt: saltValue,
  });
}
function requireBoth(key, salt) {
  const rule = "a passphrase, or a key (-K) with a salt (-A), unless key derivation is null (-k null)";
  if (key === void 0 && salt === void 0) throw new UsageError("-E", void 0, `missing; expected ${rule}`);
  if (key === void 0) throw new UsageError("-K", void 0, `missing beside -A; expected ${rule}`);
  if (salt === void 0) throw new UsageError("-A", void 0, `missing beside -K; expected ${rule}`);
}
function checkLength(arg, value, bytes, owner) {
  if (value.length === bytes) return;
  const expected = `expected ${bytes * 2} hexadecimal digits (${bytes} bytes) for ${owner}`;
  throw new UsageError(arg.typed, void 0, `${expected}, got ${value.length} bytes`);
}

// packages/anytun/src/config/state-dir.ts
import { isAbsolute, join, resolve } from "node:path";

var SYSTEM_STATE_DIR = "/var/lib/anytun";
function parseStateDir(args, { uid, cwd, variables }) {
  const given = args.last("state-dir");
  if (given !== void 0) {
    if (given.value === "") throw new UsageError(given.typed, "", "expected a directory, or none");
    return given.value === "none" ? "none" : resolve(cwd, given.value);
  }
  if (uid === 0) return SYSTEM_STATE_DIR;
  const { XDG_STATE_HOME: state, HOME: home } = variables;
  if (state !== void 0 && isAbsolute(state)) return join(state, "anytun");
  if (home !== void 0 && isAbsolute(home)) return join(home, ".local/state/anytun");
  throw new UsageError("--state-dir", void 0, "missing; expected a directory, or none, because HOME is not set");
}

// packages/anytun/src/config/parse.ts
var DEFAULT_LOG = [{ type: "stdout", level: 3 }];
var NOT_AVAILABLE = /* @__PURE__ */ new Map([
  ["username", "running as another user"],
  ["groupname", "running as another group"],
  ["chroot", "changing the root directory"],
  ["write-pid", "writing a pid file"],
  ["sync-interface", "cluster synchronisation"],
  ["sync-port", "cluster synchronisation"],
  ["sync-hosts", "cluster synchronisation"],
  ["control-host", "cluster synchronisation"],
  ["route", "routing between several connections"],
]);
function parseConfig(list, environment) {
  refuseUnavailable(list);
  const args = new ArgumentSet(list);
  const notes = [];
  const suite = parseSuite(args, notes);
  return {
    logTargets: parseLog(args),
    foreground: args.has("nodaemonize") || args.has("debug"),
    ...parseEndpoints(args, environment.services, notes),
    device: parseDevice(args, notes),
    ...parseInterfaceAddresses(args),
    mtu: parseMtu(args),
    mssClamp: !args.has("no-mss-clamp"),
    offload: { tun: !args.has("no-tun-offload"), udp: !args.has("no-udp-offload") },
    postUpScript: parsePostUpScript(args, environment.isFile),
    mux: parseId(args, "mux"),
    senderId: parseId(args, "sender-id"),
    windowSize: parseWindowSize(args, notes),
    suite,
    role: parseRole(args),
    keys: parseKeys(args, suite, environment.bytesOf),
    stateDir: parseStateDir(args, environment),
    notes,
  };
}
function refuseUnavailable(list) {
  for (const arg of list) {
    const feature = NOT_AVAILABLE.get(arg.name);
    if (feature !== void 0) throw new UsageError(arg.typed, arg.value, `${feature} is not available yet`);
  }
}
function parseLog(args) {
  const debug = args.last("debug");
  const wanted = args.all("log", "debug").flatMap((arg) => {
    if (arg.name === "debug") return arg === debug ? [{ option: arg.typed, value: "stdout:5" }] : [];
    return [{ option: arg.typed, value: arg.value }];
  });
  return wanted.length === 0 ? DEFAULT_LOG : parseLogTargets(wanted);
}
function parseId(args, name) {
  const arg = args.last(name);
  return arg === void 0 ? 0 : parseNumber(arg, 0, 65535);
}

// packages/anytun/src/config/services.ts
import { readFileSync } from "node:fs";

var SERVICES_FILE = "/etc/services";
var systemServices = (name) => {
  let text;
  try {
    text = readFileSync(SERVICES_FILE, "latin1");
  } catch {
    return void 0;
  }
  return findUdpService(text, name);
};
function findUdpService(text, name) {
  for (const line of text.split("\n")) {
    const [service, portAndProtocol, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (portAndProtocol === void 0 || service === void 0) continue;
    const port = /^([0-9]{1,5})\/udp$/.exec(portAndProtocol)?.[1];
    if (port !== void 0 && (service === name || aliases.includes(name))) return Number(port);
  }
  return void 0;
}

// packages/anytun/src/log/targets.ts
import { closeSync, openSync, writeSync } from "node:fs";

// packages/anytun/src/log/line.ts
var MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
var LEVEL_NAMES = {
  1: "ERROR",
  2: "WARNING",
  3: "NOTICE",
  4: "INFO",
  5: "DEBUG",
};
function formatLine(time, level, text) {
  return `${formatTime(new Date(time))} ${LEVEL_NAMES[level]}: ${printable(text)}
`;
}
function formatTime(date) {
  const day = `${date.getFullYear()}-${MONTHS[date.getMonth()]}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
function two(value) {
  return value < 10 ? `0${value}` : `${value}`;
}
function printable(text) {
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

// packages/anytun/src/log/logger.ts
function createLog(targets, now = Date.now) {
  const highest = targets.reduce((level, target) => Math.max(level, target.level), 0);
  const log = (level, text) => {
    if (level > highest) return;
    const line = formatLine(now(), level, text);
    for (const target of targets) {
      if (level <= target.level) target.write(level, line);
    }
  };
  return {
    enabled: (level) => level <= highest,
    log,
    error: (text) => log(LOG_ERROR, text),
    warning: (text) => log(LOG_WARNING, text),
    notice: (text) => log(LOG_NOTICE, text),
    info: (text) => log(LOG_INFO, text),
    debug: (text) => log(LOG_DEBUG, text),
    close: () => {
      for (const target of targets) target.close();
    },
  };
}

// packages/anytun/src/log/targets.ts
function openLog(specs, streams, now = Date.now) {
  const targets = [];
  try {
    for (const spec of specs) {
      targets.push(
        spec.type === "file" ? fileTarget(spec.path, spec.level, now) : streamTarget(streams[spec.type], spec.level),
      );
    }
  } catch (error) {
    for (const target of targets) target.close();
    throw error;
  }
  return createLog(targets, now);
}
function streamTarget(stream, level) {
  let alive = true;
  stream.on("error", () => {
    alive = false;
  });
  return {
    level,
    write: (_level, line) => {
      if (alive) stream.write(line);
    },
    close: () => void 0,
  };
}
function fileTarget(path, level, now) {
  const fd = openLogFile(path);
  let lost = 0;
  let reason = "";
  return {
    level,
    write: (_level, line) => {
      try {
        if (lost > 0) {
          writeSync(fd, formatLine(now(), LOG_WARNING, `${lost} log lines could not be written to ${path}: ${reason}`));
          lost = 0;
        }
        writeSync(fd, line);
      } catch (error) {
        lost++;
        reason = errorText(error);
      }
    },
    close: () => closeSync(fd),
  };
}
function openLogFile(path) {
  try {
    return openSync(path, "a", 438);
  } catch (cause) {
    throw new AnytunError("log", `-L file: can't open log file (${path}): ${errorText(cause)}`, { cause });
  }
}

// packages/anytun/src/cli/options.ts
var optionTable = {
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
    description: "log to stdout, stderr or file, from level 1 (errors) to 5 (everything); may be repeated",
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
  role: { type: "string", alias: "e", valueHint: "<role>", description: "left, alice, server or right, bob, client" },
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
  "no-mss-clamp": { type: "boolean", description: "leave the segment size of TCP connections alone" },
  "state-dir": {
    type: "string",
    valueHint: "<path|none>",
    whole: true,
    description: "where used sequence numbers are remembered",
  },
  "no-tun-offload": { type: "boolean", description: "exchange single frames with the interface" },
  "no-udp-offload": { type: "boolean", description: "exchange single datagrams with the network" },
};
var options = Object.keys(optionTable)
  .filter(isOptionName)
  .map((name) => ({
    name,
    definition: optionTable[name],
  }));
var bySpelling = new Map(options.flatMap((option) => spellings(option).map((spelling) => [spelling, option])));
function findOption(spelling) {
  return bySpelling.get(spelling);
}
function spellings(option) {
  const { alias } = option.definition;
  return alias === void 0 ? [`--${option.name}`] : [`-${alias}`, `--${option.name}`];
}
function takesValue(option) {
  return option.definition.type === "string";
}
function isOptionName(name) {
  return Object.hasOwn(optionTable, name);
}

// packages/anytun/src/cli/arguments.ts
function parseArguments(words) {
  const args = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const joined = joinedValue(word);
    const typed = joined?.typed ?? word;
    const option = findOption(typed);
    if (option === void 0) throw unknownWord(word, index, args.at(-1));
    if (option.definition.acts !== void 0 && joined === void 0) return { action: option.definition.acts };
    if (!takesValue(option)) {
      if (joined !== void 0) throw new UsageError(typed, void 0, "takes no value");
      args.push({ name: option.name, typed, value: "", index });
      continue;
    }
    const raw = joined === void 0 ? nextValue(option, typed, words, ++index) : joined.value;
    const value = option.definition.whole ? raw : firstToken(raw);
    checkSyntax(option.name, typed, value);
    args.push({ name: option.name, typed, value, index });
  }
  return { action: "run", args };
}
function secretWords(words) {
  const found = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const option = findOption(word);
    if (option === void 0) {
      if (gluedSecret(word) !== void 0) found.push(index);
    } else if (takesValue(option)) {
      index++;
      if (option.definition.secret && index < words.length) found.push(index);
    }
  }
  return found;
}
function nextValue(option, typed, words, index) {
  const value = words[index];
  if (value === void 0) throw new UsageError(typed, void 0, "a value is missing");
  if (value.startsWith("-")) {
    const hint = `a value cannot begin with "-"; write --${option.name}=VALUE`;
    throw new UsageError(typed, option.definition.secret ? void 0 : value, hint);
  }
  return value;
}
function joinedValue(word) {
  const equals = word.indexOf("=");
  if (equals < 0 || !word.startsWith("--")) return void 0;
  return { typed: word.slice(0, equals), value: word.slice(equals + 1) };
}
function firstToken(value) {
  return value.match(/[^ \t\n\v\f\r]+/)?.[0] ?? "";
}
function checkSyntax(name, typed, value) {
  if (name === "log") splitLogTarget(typed, value);
  else if (name === "ifconfig" || name === "route") {
    for (const element of value.split(",")) {
      if (value !== "" && !element.includes("/")) throw new UsageError(typed, value, "expected ADDRESS/LENGTH");
    }
  }
}
function unknownWord(word, index, previous) {
  const secret = gluedSecret(word);
  if (secret !== void 0) return new UsageError(secret, void 0, "the value must be a word of its own");
  if (word.startsWith("-")) {
    const name = joinedValue(word)?.typed ?? word;
    const glued = /^-[^-]./.test(word) && findOption(word.slice(0, 2)) !== void 0;
    return new UsageError(quoted(name), void 0, glued ? "unknown option (options cannot be joined)" : "unknown option");
  }
  if (previous !== void 0 && findOption(previous.typed)?.definition.secret) {
    return new UsageError(previous.typed, void 0, `a word that is no option follows the value (word ${index + 1})`);
  }
  return new UsageError(quoted(word), void 0, "unexpected word; options begin with -");
}
function gluedSecret(word) {
  for (const { name, definition } of options) {
    if (!definition.secret) continue;
    const short = `-${definition.alias}`;
    const long = `--${name}`;
    if (word.startsWith(short) && word !== short) return short;
    if (word.startsWith(long) && word !== long) return long;
  }
  return void 0;
}

// packages/anytun/src/cli/command-line.ts
function splitCommandLine(content) {
  const words = [];
  for (let start = 0; start < content.length; ) {
    const zero = content.indexOf(0, start);
    const end = zero < 0 ? content.length : zero;
    words.push(content.slice(start, end));
    start = end + 1;
  }
  return words;
}
var REPLACEMENT = "\uFFFD";
function argumentBytes(arg, raw) {
  const word = raw[arg.index];
  if (word === void 0 || !arg.value.includes(REPLACEMENT)) return new Uint8Array(Buffer.from(arg.value, "utf8"));
  const prefix = Buffer.from(`${arg.typed}=`);
  return Buffer.from(word.subarray(0, prefix.length)).equals(prefix) ? word.subarray(prefix.length) : word;
}

// packages/anytun/src/cli/exit-status.ts
var EXIT_OK = 0;
var EXIT_FAILURE = 255;

// packages/anytun/src/cli/supervise.ts
var STOP_SIGNALS = { SIGINT: "SIG-Int", SIGQUIT: "SIG-Quit", SIGTERM: "SIG-Term" };
var OTHER_SIGNALS = { SIGHUP: "SIG-Hup", SIGUSR1: "SIG-Usr1", SIGUSR2: "SIG-Usr2" };
var CLOSE_TIMEOUT_MS = 1e4;
async function supervise(supervision) {
  const { start, log, signals, closeTimeoutMs = CLOSE_TIMEOUT_MS } = supervision;
  const stop = new AbortController();
  const stopped = new Promise((resolve2) => {
    stop.signal.addEventListener("abort", () => resolve2("stop"), { once: true });
  });
  let force = () => void 0;
  const forced = new Promise((resolve2) => {
    force = resolve2;
  });
  let daemon;
  const release = listen(signals, {
    stop: (name) => {
      log.notice(`${name} caught, exiting`);
      if (stop.signal.aborted) force(EXIT_FAILURE);
      else stop.abort();
    },
    other: (name) => {
      log.notice(`${name} caught`);
      if (name === OTHER_SIGNALS.SIGUSR1) void logReport(daemon, log);
    },
  });
  const run2 = async () => {
    try {
      daemon = await start(stop.signal);
      if (daemon === void 0) return EXIT_OK;
      await Promise.race([daemon.closed, stopped]);
      await daemon.close();
      return EXIT_OK;
    } catch (error) {
      fatal(error, supervision);
      await daemon?.close().catch(() => void 0);
      return EXIT_FAILURE;
    }
  };
  const running = run2();
  const deadline = stopped.then(() => afterDeadline(closeTimeoutMs, running, log));
  const status = await Promise.race([running, forced, deadline]);
  release();
  return status;
}
function fatal(error, { log, complain: complain2 }) {
  const text = errorText(error);
  log.error(`uncaught runtime error, exiting: ${text}`);
  complain2(text);
}
function listen(source, on) {
  const listeners = [
    ["SIGINT", () => on.stop(STOP_SIGNALS.SIGINT)],
    ["SIGQUIT", () => on.stop(STOP_SIGNALS.SIGQUIT)],
    ["SIGTERM", () => on.stop(STOP_SIGNALS.SIGTERM)],
    ["SIGHUP", () => on.other(OTHER_SIGNALS.SIGHUP)],
    ["SIGUSR1", () => on.other(OTHER_SIGNALS.SIGUSR1)],
    ["SIGUSR2", () => on.other(OTHER_SIGNALS.SIGUSR2)],
  ];
  for (const [signal, listener] of listeners) source.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) source.off(signal, listener);
  };
}
async function logReport(daemon, log) {
  try {
    for (const line of (await daemon?.report()) ?? []) log.notice(line);
  } catch (error) {
    log.warning(`the counters are not available: ${errorText(error)}`);
  }
}
function afterDeadline(ms, running, log) {
  return new Promise((resolve2) => {
    const timer = setTimeout(() => {
      log.error(`the end takes longer than ${ms / 1e3} sec., giving up`);
      resolve2(EXIT_FAILURE);
    }, ms);
    void running.then(() => clearTimeout(timer));
  });
}

// packages/anytun/src/cli/usage.ts
var DESCRIPTION_COLUMN = 40;
function usageText() {
  return `USAGE:
anytun 
${options.map(entry).join("")}`;
}
function versionText(version, runtime) {
  return `anytun version ${version}
node ${runtime.version}, addon ${runtime.platform}-${runtime.arch}
`;
}
function entry(option) {
  const { shownAs, valueHint, description, below } = option.definition;
  const names = shownAs === void 0 ? spellings(option) : [...spellings(option).slice(0, -1), `--${shownAs}`];
  const head = `   [${names.join("|")}]${valueHint === void 0 ? "" : ` ${valueHint}`}`;
  const indent = " ".repeat(DESCRIPTION_COLUMN - 1);
  const apart = below || head.length >= DESCRIPTION_COLUMN - 1;
  return apart
    ? `${head}
${indent}${description}
`
    : `${head.padEnd(DESCRIPTION_COLUMN - 1)}${description}
`;
}

// packages/anytun/src/cli/version.ts
import { readFileSync as readFileSync2 } from "node:fs";

function packageVersion() {
  for (let url = new URL("package.json", import.meta.url); ; url = new URL("../package.json", url)) {
    const version = versionIn(url);
    if (version !== void 0) return version;
    if (url.pathname === "/package.json") return "unknown";
  }
}
function versionIn(url) {
  let text;
  try {
    text = readFileSync2(url, "utf8");
  } catch {
    return void 0;
  }
  const content = JSON.parse(text);
  if (typeof content !== "object" || content === null || !("name" in content) || !("version" in content)) return void 0;
  return content.name === "anytun" && typeof content.version === "string" ? content.version : void 0;
}

// packages/anytun/src/cli/main.ts
var complain = (text) =>
  void process.stderr.write(`anytun: ${text}
`);
process.stdout.on("error", () => void 0);
process.stderr.on("error", () => void 0);
process.exit(await run(process.argv.slice(2)));
async function run(words) {
  try {
    const secrets = await maskSecrets(words);
    const invocation = parseArguments(words);
    switch (invocation.action) {
      case "help":
        process.stdout.write(usageText());
        return EXIT_OK;
      case "version":
        process.stdout.write(versionText(packageVersion(), process));
        return EXIT_OK;
      case "run":
        return await runDaemon(invocation.args, secrets);
    }
  } catch (error) {
    complain(errorText(error));
    return EXIT_FAILURE;
  }
}
async function maskSecrets(words) {
  const secrets = secretWords(words);
  if (secrets.length === 0) return { raw: [], problem: void 0 };
  try {
    const all = splitCommandLine(readFileSync3("/proc/self/cmdline"));
    const first = all.length - words.length;
    const { maskArguments } = await import("tun-native");
    maskArguments(secrets.map((index) => first + index));
    return { raw: all.slice(first), problem: void 0 };
  } catch (error) {
    return { raw: [], problem: errorText(error) };
  }
}
async function runDaemon(args, { raw, problem }) {
  const config = parseConfig(args, {
    uid: process.geteuid?.() ?? 0,
    cwd: process.cwd(),
    variables: process.env,
    services: systemServices,
    isFile: (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false,
    bytesOf: (arg) => argumentBytes(arg, raw),
  });
  const log = openLog(config.logTargets, process);
  if (!config.foreground) complain("running in the background is not available yet; staying in the foreground");
  if (problem !== void 0) log.warning(`secrets of the command line can be seen by other users: ${problem}`);
  endOnDefects(log);
  const status = await supervise({
    start: async (signal) => {
      const { startDaemon } = await import("./chunk-ACMBJSAI.js");
      return startDaemon(config, log, signal);
    },
    log,
    signals: process,
    complain,
  });
  log.close();
  return status;
}
function endOnDefects(log) {
  process.on("uncaughtException", (error) => {
    fatal(error, { log, complain });
    process.exit(EXIT_FAILURE);
  });
}
