// packages/anytun/src/data-plane/thread.ts
import { Worker } from "node:worker_threads";
// packages/anytun/src/daemon/daemon.ts
import { EventSignal, lockFile, NetworkInterface as NetworkInterface2, pathMtu, unlockFile } from "tun-native";
import {
  AnytunError,
  errorCode,
  errorReason,
  errorText,
  LOG_ERROR,
  LOG_NOTICE,
  LOG_WARNING,
} from "./chunk-6N5UERDM.js";
import {
  cipherContext,
  DROP_REASON_NAMES,
  ENDPOINT_FAMILY,
  endpointOf,
  formatAddress,
  formatEndpoint,
  HEADER_BYTES,
  PAYLOAD_TYPE_BYTES,
  parseAddress,
} from "./chunk-JLWDG6CX.js";

var WORKER_URL = new URL("./data-plane-worker.js", import.meta.url);
var DataPlaneThread = class _DataPlaneThread {
  /** Settles when the worker is gone: resolved if it was told to stop, else rejected with its fatal error. */
  closed;
  #worker;
  #signal;
  #snapshots = [];
  #running = () => {};
  #failure;
  #ended = false;
  constructor(setup, onEvent) {
    this.#signal = EventSignal.create();
    this.#worker = new Worker(WORKER_URL, {
      name: "data-plane",
      workerData: { ...setup, signal: this.#signal.fd },
    });
    this.#worker.on("message", (report) => this.#receive(report, onEvent));
    this.closed = new Promise((resolve3, reject) => {
      this.#worker.on("error", (error) => {
        this.#failure ??= { message: error.message, code: void 0 };
      });
      this.#worker.on("exit", () => {
        this.#ended = true;
        this.#signal.close();
        for (const deliver of this.#snapshots.splice(0)) deliver(void 0);
        if (this.#failure === void 0) resolve3();
        else reject(Object.assign(new Error(this.#failure.message), { code: this.#failure.code }));
      });
    });
  }
  /**
   * Starts the worker and waits until it moves packets.
   * @throws the worker's first error; the device and the sockets are closed then
   */
  static async start(setup, onEvent) {
    const thread = new _DataPlaneThread(setup, onEvent);
    const running = new Promise((resolve3) => {
      thread.#running = resolve3;
    });
    await Promise.race([running, thread.closed]);
    return thread;
  }
  /** Sends what leaves for the peer to another endpoint from now on. */
  setEndpoint(mux, endpoint) {
    this.#command({ type: "endpoint", mux, endpoint });
  }
  /** Adds reserved sequence numbers behind those that are left. */
  extendSequence(range) {
    this.#command({ type: "sequence", range });
  }
  /** TCP connections that begin from now on are told to fit packets of so many bytes; 0 = as they like. */
  setPacketLimit(bytes) {
    this.#command({ type: "packet-limit", bytes });
  }
  /** Counters as of now; undefined once the worker has ended. */
  snapshot() {
    if (this.#ended) return Promise.resolve(void 0);
    const answer = new Promise((resolve3) => this.#snapshots.push(resolve3));
    this.#command({ type: "snapshot" });
    return answer;
  }
  /** Ends the worker after the burst it is in, and returns when all it owned is closed. Idempotent; never rejects. */
  async close() {
    if (!this.#ended) this.#command({ type: "stop" });
    await this.closed.catch(() => {});
  }
  #command(command) {
    if (this.#ended) return;
    this.#worker.postMessage(command);
    this.#signal.signal();
  }
  #receive(report, onEvent) {
    switch (report.type) {
      case "running":
        this.#running();
        break;
      case "snapshot":
        this.#snapshots.shift()?.(report.snapshot);
        break;
      case "failed":
        this.#failure = report.error;
        break;
      default:
        onEvent(report);
    }
  }
};

// packages/anytun/src/daemon/clock.ts
import { setTimeout as delay } from "node:timers/promises";

var systemClock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, void 0, { signal }).catch(() => void 0),
};

// packages/anytun/src/daemon/local-device.ts
import { NetworkInterface, TunDevice } from "tun-native";

var DEVICE_NODE = "/dev/net/tun";
var CONFIGURED_MTU = 1400;
function openDevice(config, log) {
  const { kind, name } = config.device;
  const offload = { tunSegmentation: config.offload.tun, coalescing: config.offload.tun };
  const device = TunDevice.open(name === void 0 ? { kind, offload } : { kind, name, offload });
  try {
    log.notice(`dev opened - name '${device.name}', node '${DEVICE_NODE}'`);
    log.notice(`dev type is '${kind}'`);
    log.notice(`dev offloads: ${device.offloads.join(" ") || "none"}`);
    const { ipv4, ipv6 } = config;
    const link = new NetworkInterface(device.name);
    if (typeof config.mtu === "number") link.mtu = config.mtu;
    if (ipv4 !== void 0 || ipv6 !== void 0) {
      if (typeof config.mtu !== "number") link.mtu = CONFIGURED_MTU;
      if (ipv4 !== void 0) link.addAddress(kind === "tap" ? withBroadcast(ipv4) : ipv4);
      if (ipv6 !== void 0) link.addAddress(ipv6);
      link.isUp = true;
    }
    return device;
  } catch (error) {
    device.close();
    throw error;
  }
}
function withBroadcast(ipv4) {
  if (ipv4.prefixLength > 30) return ipv4;
  const [word] = parseAddress(ipv4.address).words;
  const hostBits = 4294967295 >>> ipv4.prefixLength;
  return { ...ipv4, broadcast: formatAddress({ family: 4, words: [word | hostBits, 0, 0, 0] }) };
}

// packages/anytun/src/daemon/resolver.ts
import { lookup as dnsLookup } from "node:dns/promises";
import { isIP } from "node:net";
// packages/anytun/src/daemon/local-sockets.ts
import { TunNativeError, UdpSocket } from "tun-native";

var RETRY_MS = 1e4;
var FAILURES_PER_LINE = 30;
var systemLookup = async (host, family) => {
  const literal = literalAddress(host);
  if (literal !== void 0) return [literal];
  const answers = await dnsLookup(host, { all: true, family: FAMILY_NUMBER[family], order: "verbatim" });
  const addresses = answers.map(({ address, family: family2 }) => ({ address, family: family2 === 6 ? 6 : 4 }));
  if (addresses.length === 0) throw new Error(`${host} has no address`);
  return addresses;
};
var FAMILY_NUMBER = { any: 0, ipv4: 4, ipv6: 6 };
function literalAddress(host) {
  const family = isIP(host);
  return family === 4 || family === 6 ? { address: host, family } : void 0;
}
var ResolveLog = class {
  #log;
  #name;
  #failures = 0;
  constructor(log, name) {
    this.#log = log;
    this.#name = name;
  }
  attempt() {
    this.#log.debug(`trying to resolv UDP: ${this.#quoted()}`);
  }
  failed(error) {
    if (this.#failures++ % FAILURES_PER_LINE === 0) {
      this.#log.error(`Error while resolving ${this.#quoted()}, retrying in 10 sec.`);
      this.#log.info(`resolving ${this.#quoted()} failed: ${errorText(error)}`);
    }
  }
  succeeded() {
    if (this.#failures > 0) this.#log.notice(`resolved ${this.#quoted()} after ${this.#failures} failed attempts`);
    this.#failures = 0;
  }
  #quoted() {
    return `'${this.#name.host}' '${this.#name.port}'`;
  }
};
async function resolve(name, family, { lookup, clock, log }, signal) {
  const lines = new ResolveLog(log, name);
  while (!signal.aborted) {
    lines.attempt();
    try {
      const addresses = await lookup(name.host, family);
      if (signal.aborted) return void 0;
      lines.succeeded();
      return addresses;
    } catch (error) {
      if (signal.aborted) return void 0;
      lines.failed(error);
    }
    await clock.sleep(RETRY_MS, signal);
  }
  return void 0;
}

// packages/anytun/src/daemon/local-sockets.ts
var ANY = {
  any: [
    { family: 4, address: "0.0.0.0" },
    { family: 6, address: "::" },
  ],
  ipv4: [{ family: 4, address: "0.0.0.0" }],
  ipv6: [{ family: 6, address: "::" }],
};
async function openSockets(config, context, signal) {
  const { host, port } = config.local;
  const addresses =
    host === void 0 ? ANY[config.family] : await resolve({ host, port }, config.family, context, signal);
  if (addresses === void 0) return void 0;
  const offload = { udpSegmentation: config.offload.udp, udpCoalescing: config.offload.udp };
  const sockets = [];
  try {
    for (const { family, address } of addresses) {
      const socket = tryOpen({ family, address, port, id: sockets.length, offload }, host === void 0);
      if (socket === void 0) continue;
      sockets.push(socket);
      context.log.notice(`opening socket: ${socket.label}`);
    }
    const [first] = sockets;
    if (first === void 0) throw new Error("neither IPv4 nor IPv6 is available on this host");
    context.log.notice(`socket offloads: ${first.offloads.join(" ") || "none"}`);
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw error;
  }
  return sockets;
}
function tryOpen(options, optional) {
  try {
    return UdpSocket.open(options);
  } catch (error) {
    if (optional && error instanceof TunNativeError && error.code === "EAFNOSUPPORT") return void 0;
    throw error;
  }
}

// packages/anytun/src/daemon/peer-endpoint.ts
import { networkInterfaces } from "node:os";

function peerEndpoint(peer, port, sockets) {
  const socket = sockets.find(({ family }) => family === peer.family);
  if (socket === void 0) return void 0;
  const [address = "", zone = ""] = peer.address.split("%");
  return endpointOf(parseAddress(address), port, { scope: scopeOf(zone), socket: socket.id });
}
function scopeOf(zone) {
  if (/^\d+$/.test(zone)) return Number(zone);
  const link = networkInterfaces()[zone]?.find((entry) => entry.family === "IPv6" && entry.scopeid !== 0);
  return link?.family === "IPv6" ? link.scopeid : 0;
}

// packages/anytun/src/daemon/peer-address.ts
var SILENT_MS = 6e4;
var ROTATE_MS = 1e4;
var NONE = { type: "none" };
var initialPeerAddress = {
  answers: [],
  chosen: void 0,
  namedAt: 0,
  rotatedAt: 0,
  lookupAt: Number.NEGATIVE_INFINITY,
  lookingUp: false,
};
function tickMatters(state, now) {
  return (
    (!state.lookingUp && now >= state.lookupAt) || (state.answers.length > 1 && now >= state.rotatedAt + ROTATE_MS)
  );
}
function decidePeerAddress(state, event, now) {
  switch (event.type) {
    case "failure":
      return { state: { ...state, lookingUp: false, lookupAt: now + RETRY_MS }, action: NONE };
    case "answer":
      return onAnswer(state, event.answers, now);
    case "tick":
      return onTick(state, event.heardAt, now);
  }
}
function onAnswer(state, answers, now) {
  const known = { ...state, answers, lookingUp: false, lookupAt: now + SILENT_MS };
  const { chosen } = state;
  const first = answers[0];
  if (first === void 0) return { state: { ...state, lookingUp: false, lookupAt: now + RETRY_MS }, action: NONE };
  if (chosen !== void 0 && indexOf(answers, chosen) >= 0) return { state: known, action: NONE };
  return {
    state: { ...known, chosen: first, namedAt: now, rotatedAt: now },
    action: { type: "use", address: first },
  };
}
function onTick(state, heardAt, now) {
  const unheard = heardAt < 0 || heardAt < state.namedAt;
  const silent = unheard || now - heardAt >= SILENT_MS;
  if (!silent) {
    const lookupAt = Math.max(state.lookupAt, heardAt + SILENT_MS);
    return { state: { ...state, lookupAt, rotatedAt: now }, action: NONE };
  }
  if (!state.lookingUp && now >= state.lookupAt) {
    return { state: { ...state, lookingUp: true }, action: { type: "look-up" } };
  }
  if (unheard && state.chosen !== void 0 && now - state.rotatedAt >= ROTATE_MS) {
    const next = state.answers[(indexOf(state.answers, state.chosen) + 1) % state.answers.length];
    if (next !== void 0 && !same(next, state.chosen)) {
      return { state: { ...state, chosen: next, rotatedAt: now }, action: { type: "use", address: next } };
    }
  }
  return { state, action: NONE };
}
function indexOf(answers, wanted) {
  return answers.findIndex((answer) => same(answer, wanted));
}
function same(a, b) {
  return a.family === b.family && a.address === b.address;
}

// packages/anytun/src/daemon/peer-resolver.ts
var TICK_MS = 1e3;
var PeerResolver = class {
  #options;
  #abort = new AbortController();
  #lines;
  #running;
  #state = initialPeerAddress;
  constructor(options) {
    this.#options = options;
    this.#lines = new ResolveLog(options.log, options.name);
    this.#running = this.#run();
  }
  /** Idempotent; nothing is called back after it has been called. A look-up under way is left to itself. */
  close() {
    this.#abort.abort();
    return this.#running;
  }
  async #run() {
    const { clock, name, use } = this.#options;
    const literal = literalAddress(name.host);
    if (literal !== void 0) {
      use(literal, name.port);
      return;
    }
    const { signal } = this.#abort;
    while (!signal.aborted) {
      if (tickMatters(this.#state, clock.now())) {
        const ago2 = await this.#options.heardAgo();
        if (signal.aborted) return;
        this.#step({ type: "tick", heardAt: ago2 < 0 ? -1 : clock.now() - ago2 });
      }
      await clock.sleep(TICK_MS, signal);
    }
  }
  #step(event) {
    const { clock, name, use, log } = this.#options;
    const before = this.#state.chosen;
    const { state, action } = decidePeerAddress(this.#state, event, clock.now());
    this.#state = state;
    if (action.type === "look-up") void this.#lookUp();
    if (action.type !== "use") return;
    if (before !== void 0) log.info(`trying ${action.address.address} for '${name.host}'`);
    use(action.address, name.port);
  }
  async #lookUp() {
    const { lookup, name, family } = this.#options;
    const { signal } = this.#abort;
    this.#lines.attempt();
    const event = await lookup(name.host, family).then(
      (answers) => ({ type: "answer", answers }),
      (error) => {
        if (!signal.aborted) this.#lines.failed(error);
        return { type: "failure" };
      },
    );
    if (signal.aborted) return;
    if (event.type === "answer") this.#lines.succeeded();
    this.#step(event);
  }
};

// packages/anytun/src/log/rate-limiter.ts
var DEFAULT_LIMITS = { lines: 5, intervalMs: 1e4 };
var RateLimiter = class {
  #log;
  #now;
  #limits;
  #causes = /* @__PURE__ */ new Map();
  /** @param now monotonic milliseconds */
  constructor(log, now, limits = DEFAULT_LIMITS) {
    this.#log = log;
    this.#now = now;
    this.#limits = limits;
  }
  /** @param count how many events this text stands for; those beyond the first are held */
  note(cause, level, text, count = 1) {
    if (count < 1) return;
    const state = this.#current(cause, level, text);
    let held = count;
    if (state.written < this.#limits.lines) {
      state.written++;
      held--;
      this.#log.log(level, text);
    }
    if (held > 0) {
      state.held += held;
      state.level = level;
      state.text = text;
    }
  }
  /** Writes the summaries of intervals that are over. Call it now and then; without it they wait for the next event. */
  flush() {
    const now = this.#now();
    for (const [cause, state] of this.#causes) {
      if (now - state.intervalStart < this.#limits.intervalMs) continue;
      this.#summarise(state);
      this.#causes.delete(cause);
    }
  }
  /** Writes every summary; the end of the daemon. */
  finish() {
    for (const state of this.#causes.values()) this.#summarise(state);
    this.#causes.clear();
  }
  #current(cause, level, text) {
    const now = this.#now();
    const state = this.#causes.get(cause);
    if (state !== void 0 && now - state.intervalStart < this.#limits.intervalMs) return state;
    if (state !== void 0) this.#summarise(state);
    const fresh = { intervalStart: now, written: 0, held: 0, level, text };
    this.#causes.set(cause, fresh);
    return fresh;
  }
  #summarise(state) {
    if (state.held > 0) this.#log.log(state.level, `${state.text} (${state.held} more)`);
    state.held = 0;
  }
};

// packages/anytun/src/daemon/plane-log.ts
var PlaneLog = class {
  #log;
  #limiter;
  #device;
  #mux;
  /** @param mux the one in the header of what we send */
  constructor(log, clock, device, mux) {
    this.#log = log;
    this.#limiter = new RateLimiter(log, () => clock.now());
    this.#device = device;
    this.#mux = mux;
  }
  peerDetected(mux, endpoint) {
    const text = formatEndpoint(endpoint);
    this.#log.notice(`autodetected remote host ${text}`);
    this.#log.notice(`added connection remote host ${text}`);
    if (mux === this.#mux) return;
    this.#log.warning(`the peer sends with mux ${mux} and we with ${this.#mux}: it may drop what we send; use one -m`);
  }
  endpointMoved(mux, endpoint) {
    const text = `connection ${mux} autodetected remote host ip changed ${formatEndpoint(endpoint)}`;
    this.#limiter.note("endpoint-moved", LOG_NOTICE, text);
  }
  rejected({ badTags, replays, lastReplay, tooLong, noSequence }) {
    this.#limiter.note("bad-tag", LOG_NOTICE, "wrong Authentication Tag!", badTags);
    if (lastReplay !== void 0) {
      const { endpoint, sequence, senderId } = lastReplay;
      const text = `Replay attack from ${formatEndpoint(endpoint)} seq:${sequence} sid: ${senderId}`;
      this.#limiter.note("replay", LOG_NOTICE, text, replays);
    }
    const long = `frames too long for the tunnel were dropped: lower the MTU of ${this.#device}`;
    this.#limiter.note("too-long", LOG_WARNING, long, tooLong);
    this.#limiter.note("no-sequence", LOG_ERROR, "frames were dropped: no sequence numbers are reserved", noSequence);
  }
  segmentsRefused() {
    const cause = `datagrams are longer than the path takes in one piece, or a device below takes none`;
    this.#log.warning(`${cause}: they leave one by one, which is slower; a lower MTU of ${this.#device} may help`);
  }
  /** Writes the summaries that are due. */
  flush() {
    this.#limiter.flush();
  }
  /** Writes all summaries. */
  finish() {
    this.#limiter.finish();
  }
};

// packages/anytun/src/daemon/post-up.ts
import { spawn } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import { constants } from "node:os";
import { resolve as resolve2 } from "node:path";
import { createInterface } from "node:readline";

var PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
var DEFAULT_TIMEOUT_MS = 6e4;
var DEFAULT_GRACE_MS = 5e3;
var MAX_LOG_LINES = 1e3;
var MAX_LINE_LENGTH = 1024;
function startPostUp(options) {
  const { script, device, node, log, timeoutMs = DEFAULT_TIMEOUT_MS, graceMs = DEFAULT_GRACE_MS } = options;
  log.notice(`executing post-up script '${script}'`);
  const file = resolve2(script);
  if (!hasExecutableFormat(file)) {
    log.error(`script '${script}' exec() error: Exec format error`);
    return { ended: Promise.resolve(), close: () => Promise.resolve() };
  }
  const child = spawn(file, [device, node], {
    env: { PATH },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  logOutput(child, script, log);
  let killTimer;
  const end = () => {
    if (killTimer !== void 0) return;
    signalGroup(child, "SIGTERM");
    killTimer = setTimeout(() => signalGroup(child, "SIGKILL"), graceMs);
  };
  const timer = setTimeout(() => {
    log.warning(`script '${script}' still runs after ${timeoutMs / 1e3} sec., terminating it`);
    end();
  }, timeoutMs);
  let running = true;
  const ended = new Promise((done) => {
    const finish = () => {
      running = false;
      clearTimeout(timer);
      clearTimeout(killTimer);
      done();
    };
    child.once("error", (error) => {
      if (child.pid === void 0) log.error(`script '${script}' exec() error: ${errorReason(error)}`);
      finish();
    });
    child.once("exit", (status, signal) => {
      if (signal === null) log.notice(`script '${script}' returned ${status}`);
      else log.notice(`script '${script}' terminated after signal ${constants.signals[signal]}`);
      finish();
    });
  });
  return {
    ended,
    close: () => {
      if (running) end();
      return ended;
    },
  };
}
function signalGroup(child, signal) {
  if (child.pid === void 0) return;
  try {
    process.kill(-child.pid, signal);
  } catch {}
}
function logOutput(child, script, log) {
  let lines = 0;
  const take = (line) => {
    lines++;
    if (lines <= MAX_LOG_LINES) log.info(`script '${script}': ${line.slice(0, MAX_LINE_LENGTH)}`);
    else if (lines === MAX_LOG_LINES + 1)
      log.warning(`script '${script}' wrote ${MAX_LOG_LINES} lines, ignoring the rest`);
  };
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", take);
    unref(stream);
  }
}
function unref(stream) {
  if ("unref" in stream && typeof stream.unref === "function") stream.unref();
}
function hasExecutableFormat(file) {
  const head = Buffer.alloc(64);
  try {
    const fd = openSync(file, "r");
    try {
      const length = readSync(fd, head);
      return head.toString("latin1", 0, 2) === "#!" || head.subarray(0, length).includes(0);
    } finally {
      closeSync(fd);
    }
  } catch {
    return true;
  }
}

// packages/anytun/src/daemon/report.ts
function reportLines(snapshot) {
  if (snapshot === void 0) return [];
  const { traffic, drops, peers, offloads } = snapshot;
  return [
    `counters: ${trafficWords(traffic)}`,
    `drops: ${dropWords(drops)}`,
    ...peers.flatMap(peerLines),
    ...(offloads === void 0 ? [] : [`offloads: ${offloadWords(offloads)}`]),
  ];
}
function peerLines({ mux, endpoint, heardAgoMs, sentAgoMs, traffic, drops }) {
  const name = `peer ${mux} ${formatEndpoint(endpoint)}`;
  const times = `heard ${ago(heardAgoMs)}, sent ${ago(sentAgoMs)}`;
  return [`${name}: ${times}, ${trafficWords(traffic)}`, `${name}: drops: ${dropWords(drops)}`];
}
function trafficWords({ packetsIn, bytesIn, packetsOut, bytesOut }) {
  return `packets-in=${packetsIn} bytes-in=${bytesIn} packets-out=${packetsOut} bytes-out=${bytesOut}`;
}
function dropWords(drops) {
  const happened = DROP_REASON_NAMES.flatMap((name, reason) => {
    const count = drops[reason] ?? 0;
    return count > 0 ? [`${name}=${count}`] : [];
  });
  return happened.length === 0 ? "none" : happened.join(" ");
}
function offloadWords(offloads) {
  return Object.entries(offloads)
    .map(([name, count]) => `${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}=${count}`)
    .join(" ");
}
function ago(ms) {
  return ms < 0 ? "never" : `${(ms / 1e3).toFixed(1)} s ago`;
}

// packages/anytun/src/daemon/sequence-store.ts
// packages/anytun/src/daemon/sequence-identity.ts
import { randomInt, scryptSync } from "node:crypto";

var DOMAIN = "anytun sequence numbers, version 1";
var NAME_BYTES = 16;
var SCRYPT = { N: 2 ** 14, r: 8, p: 1 };
function fingerprint({ kdPrf, masterKey, masterSalt, role, senderId, mux }) {
  const secret = Buffer.concat([lengthPrefixed(masterKey), lengthPrefixed(masterSalt)]);
  const place = [DOMAIN, kdPrf, role, senderId, mux].join("\n");
  const name = scryptSync(secret, place, NAME_BYTES, SCRYPT).toString("hex");
  secret.fill(0);
  return name;
}
function lengthPrefixed(bytes) {
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

// packages/anytun/src/daemon/sequence-space.ts
var EPOCH_NUMBERS = 2 ** 32;
var ALL_EPOCHS = 65536;
var CLUSTER_EPOCHS = 256;
var FIRST_NUMBER = { least: 2 ** 28, limit: 2 ** 29 };
var FIRST_NUMBER_UNKEPT = { least: 2 ** 28, limit: 2 ** 31 };
var FIRST_BLOCK = 65536;
var MAX_BLOCK = 1048576;
var SHORT_LIVED_MS = 1e4;
function firstPosition(space, epoch = 0) {
  const { least, limit } = space.kept ? FIRST_NUMBER : FIRST_NUMBER_UNKEPT;
  return { epoch, next: space.random(least, limit) };
}
function senderIdOf(baseSenderId, epoch) {
  return (baseSenderId + 256 * (epoch % 256) + Math.floor(epoch / 256)) % ALL_EPOCHS;
}
function takeRange(space, position, count) {
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`count ${count}: expected a positive integer`);
  const { epoch, next: first } = position.next < EPOCH_NUMBERS ? position : firstPosition(space, position.epoch + 1);
  if (epoch >= (space.cluster ? CLUSTER_EPOCHS : ALL_EPOCHS)) {
    const text = "all sequence numbers of this key are used up; nothing more can be sent until both ends get a new key";
    throw new AnytunError("sequence-exhausted", text);
  }
  const end = Math.min(first + count, EPOCH_NUMBERS);
  return { range: { senderId: senderIdOf(space.baseSenderId, epoch), first, end }, next: { epoch, next: end } };
}
function later(a, b) {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.next >= b.next) ? a : b;
}
function nextBlockSize(previous, lastedMs) {
  return lastedMs < SHORT_LIVED_MS ? Math.min(previous * 2, MAX_BLOCK) : previous;
}

// packages/anytun/src/daemon/state-file.ts
// packages/anytun/src/daemon/state-record.ts
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync as closeSync2,
  constants as constants2,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync as openSync2,
  readSync as readSync2,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";

var RECORD_BYTES = 48;
var MAGIC = Buffer.from("anytunS1", "latin1");
var GENERATION_AT = 8;
var EPOCH_AT = 16;
var NEXT_AT = 20;
var CHECKSUM_AT = 32;
var MAX_NEXT = 2 ** 32;
function encodeRecord(record, fingerprint2) {
  const bytes = Buffer.alloc(RECORD_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUIntBE(record.generation, GENERATION_AT + 2, 6);
  bytes.writeUInt32BE(record.epoch, EPOCH_AT);
  bytes.writeUIntBE(record.next, NEXT_AT + 2, 6);
  checksum(bytes, fingerprint2).copy(bytes, CHECKSUM_AT);
  return bytes;
}
function decodeRecord(bytes, fingerprint2) {
  if (bytes.length !== RECORD_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return void 0;
  if (!bytes.subarray(CHECKSUM_AT).equals(checksum(bytes, fingerprint2))) return void 0;
  const next = bytes.readUIntBE(NEXT_AT + 2, 6);
  if (next > MAX_NEXT) return void 0;
  return { generation: bytes.readUIntBE(GENERATION_AT + 2, 6), epoch: bytes.readUInt32BE(EPOCH_AT), next };
}
function checksum(bytes, fingerprint2) {
  const hash = createHash("sha256").update(fingerprint2).update(bytes.subarray(0, CHECKSUM_AT));
  return hash.digest().subarray(0, RECORD_BYTES - CHECKSUM_AT);
}

// packages/anytun/src/daemon/state-file.ts
var SLOT_STRIDE = 4096;
var SLOTS = [0, 1];
var OTHERS = 63;
var LOCK_WAIT_MS = 2e3;
var LOCK_POLL_MS = 2;
var StateFile = class _StateFile {
  path;
  #fingerprint;
  #lock;
  #fd;
  constructor(path, fd, fingerprint2, lock) {
    this.path = path;
    this.#fd = fd;
    this.#fingerprint = fingerprint2;
    this.#lock = lock;
  }
  /**
   * Opens the file of this fingerprint, or makes it with `first` in it.
   * @throws AnytunError `state` naming path, system call and errno
   */
  static open(dir, fingerprint2, first, lock) {
    const path = join(dir, fingerprint2);
    prepareDirectory(dir);
    const fd = openExisting(path) ?? create(dir, path, encodeRecord({ generation: 0, ...first() }, fingerprint2));
    try {
      checkPrivate(path, "file", fstatSync(fd), 384);
      const file = new _StateFile(path, fd, fingerprint2, lock);
      file.#read();
      return file;
    } catch (error) {
      closeSync2(fd);
      throw error;
    }
  }
  /**
   * Reads the position, stores what `change` makes of it and returns when that is on the disk. Nobody else's change
   * comes in between.
   * @throws AnytunError `state`; and whatever `change` throws, with nothing stored
   */
  update(change) {
    this.#takeLock();
    try {
      const current = this.#read();
      const { next, result } = change(current);
      this.#write({ generation: current.generation + 1, epoch: next.epoch, next: next.next });
      return result;
    } finally {
      this.#lock.unlockFile(this.#fd);
    }
  }
  /** Idempotent. */
  close() {
    if (this.#fd < 0) return;
    closeSync2(this.#fd);
    this.#fd = -1;
  }
  #takeLock() {
    const deadline = performance.now() + LOCK_WAIT_MS;
    while (!this.#lock.lockFile(this.#fd)) {
      if (performance.now() > deadline) {
        throw new AnytunError("state", `state file ${this.path} is locked by another process for ${LOCK_WAIT_MS} ms`);
      }
      sleepSync(LOCK_POLL_MS);
    }
  }
  #read() {
    let newest;
    for (const slot of SLOTS) {
      const bytes = Buffer.alloc(RECORD_BYTES);
      attempt("read", this.path, () => readSync2(this.#fd, bytes, 0, RECORD_BYTES, slot * SLOT_STRIDE));
      const record = decodeRecord(bytes, this.#fingerprint);
      if (record !== void 0 && (newest === void 0 || record.generation > newest.generation)) newest = record;
    }
    if (newest !== void 0) return newest;
    const advice = "use a new key or another --sender-id, then remove the file";
    throw new AnytunError("state", `state file ${this.path} is damaged: used sequence numbers are unknown; ${advice}`);
  }
  #write(record) {
    const bytes = encodeRecord(record, this.#fingerprint);
    const position = (record.generation % SLOTS.length) * SLOT_STRIDE;
    const written = attempt("write", this.path, () => writeSync(this.#fd, bytes, 0, RECORD_BYTES, position));
    if (written !== RECORD_BYTES)
      throw new AnytunError("state", `state file ${this.path}: write: no space for a record`);
    attempt("fdatasync", this.path, () => fdatasyncSync(this.#fd));
  }
};
function prepareDirectory(dir) {
  attempt("mkdir", dir, () => makeDirectory(dir));
  checkPrivate(
    dir,
    "directory",
    attempt("stat", dir, () => statSync(dir)),
    448,
  );
}
function makeDirectory(dir) {
  try {
    makeOneDirectory(dir);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    makeDirectory(dirname(dir));
    makeOneDirectory(dir);
  }
}
function makeOneDirectory(dir) {
  try {
    mkdirSync(dir, 448);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}
function checkPrivate(path, what, stats, mode) {
  const kindFits = what === "file" ? stats.isFile() : stats.isDirectory();
  if (!kindFits)
    throw new AnytunError("state", `state ${what} ${path} is not a ${what}; choose another with --state-dir`);
  const owner = process.geteuid?.();
  if (owner !== void 0 && stats.uid !== owner) {
    const text = `state ${what} ${path} belongs to user ${stats.uid}, expected ${owner}`;
    throw new AnytunError("state", `${text}; choose another place with --state-dir`);
  }
  if ((stats.mode & OTHERS) !== 0) {
    const text = `state ${what} ${path} has mode 0${(stats.mode & 511).toString(8)}, expected 0${mode.toString(8)}`;
    throw new AnytunError("state", `${text}: others must not have access; or choose another place with --state-dir`);
  }
}
function openExisting(path) {
  try {
    return openSync2(path, constants2.O_RDWR | constants2.O_NOFOLLOW);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return void 0;
    throw stateError("open", path, error);
  }
}
function create(dir, path, record) {
  const temporary = join(dir, `.new-${randomBytes(8).toString("hex")}`);
  const flags = constants2.O_RDWR | constants2.O_CREAT | constants2.O_EXCL;
  const fd = attempt("open", temporary, () => openSync2(temporary, flags, 384));
  try {
    const image = Buffer.alloc(SLOTS.length * SLOT_STRIDE);
    record.copy(image);
    const written = attempt("write", temporary, () => writeSync(fd, image));
    if (written !== image.length) throw new AnytunError("state", `state file ${temporary}: write: no space for it`);
    attempt("fsync", temporary, () => fsyncSync(fd));
    linkSync(temporary, path);
  } catch (error) {
    closeSync2(fd);
    if (errorCode(error) !== "EEXIST") throw error instanceof AnytunError ? error : stateError("link", path, error);
    const other = openExisting(path);
    if (other === void 0) throw stateError("open", path, error);
    return other;
  } finally {
    unlinkSync(temporary);
  }
  syncDirectory(dir);
  return fd;
}
function syncDirectory(dir) {
  const fd = attempt("open", dir, () => openSync2(dir, constants2.O_RDONLY | constants2.O_DIRECTORY));
  try {
    attempt("fsync", dir, () => fsyncSync(fd));
  } finally {
    closeSync2(fd);
  }
}
function attempt(syscall, path, call) {
  try {
    return call();
  } catch (error) {
    throw stateError(syscall, path, error);
  }
}
function stateError(syscall, path, cause) {
  const advice = "used sequence numbers must be kept; choose a place for them with --state-dir";
  return new AnytunError("state", `state file ${path}: ${syscall}: ${errorText(cause)}; ${advice}`, { cause });
}
function sleepSync(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

// packages/anytun/src/daemon/sequence-store.ts
var SequenceStore = class _SequenceStore {
  #space;
  #file;
  /** The first number that this process has not seen reserved: a file that was set back is not followed. */
  #position;
  constructor(space, file, position) {
    this.#space = space;
    this.#file = file;
    this.#position = position;
  }
  /** @throws AnytunError `state` when the numbers cannot be kept */
  static open(options) {
    const { dir, identity, lock, log, cluster = false, random = randomInt } = options;
    const kept = dir !== "none";
    const space = { baseSenderId: identity.senderId, cluster, kept, random };
    if (kept) {
      const file = StateFile.open(dir, fingerprint(identity), () => firstPosition(space), lock);
      return new _SequenceStore(space, file, { epoch: 0, next: 0 });
    }
    if (identity.kdPrf !== "null") {
      log.warning("used sequence numbers are not kept (--state-dir none): a restart may repeat keystreams");
    }
    return new _SequenceStore(space, void 0, firstPosition(space));
  }
  /** The file in use; absent when nothing is kept. */
  get path() {
    return this.#file?.path;
  }
  /**
   * Reserves up to `count` numbers, fewer at the end of an epoch, at least one. Blocks until that is on the disk.
   * @throws AnytunError `state` or `sequence-exhausted`; no number is handed out then
   */
  reserve(count) {
    const take = (position) => {
      const { range, next } = takeRange(this.#space, later(position, this.#position), count);
      this.#position = next;
      return { next, result: range };
    };
    return this.#file === void 0 ? take(this.#position).result : this.#file.update(take);
  }
  /** Idempotent. */
  close() {
    this.#file?.close();
  }
};

// packages/anytun/src/daemon/sequence-supply.ts
var RETRY_MS2 = 2e3;
var SequenceSupply = class {
  #source;
  #log;
  #clock;
  #abort = new AbortController();
  #blockSize = FIRST_BLOCK;
  #reservedAt;
  constructor(source, log, clock) {
    this.#source = source;
    this.#log = log;
    this.#clock = clock;
    this.#reservedAt = clock.now();
  }
  /** The block to start with. @throws AnytunError `state`, `sequence-exhausted` */
  first() {
    return this.#source.reserve(this.#blockSize);
  }
  /**
   * Reserves the next block and hands it over, however often that takes. When the key has no numbers left it says
   * so and gives up: the data plane then counts what it cannot send.
   */
  async refill(deliver) {
    const now = this.#clock.now();
    this.#blockSize = nextBlockSize(this.#blockSize, now - this.#reservedAt);
    this.#reservedAt = now;
    for (let failures = 0; !this.#abort.signal.aborted; failures++) {
      try {
        const range = this.#source.reserve(this.#blockSize);
        if (failures > 0) this.#log.notice("sequence numbers can be reserved again");
        deliver(range);
        return;
      } catch (error) {
        const final = error instanceof AnytunError && error.code === "sequence-exhausted";
        if (final || failures === 0) this.#log.error(errorText(error));
        if (final) return;
      }
      await this.#clock.sleep(RETRY_MS2, this.#abort.signal);
    }
  }
  /** Ends a retry under way. Idempotent. */
  close() {
    this.#abort.abort();
  }
};

// packages/anytun/src/daemon/tunnel-mtu.ts
var UDP_HEADER_BYTES = 8;
var ETHERNET_HEADER_BYTES = 14;
var IP_HEADER_BYTES = { 4: 20, 6: 40 };
var LEAST_IPV6_MTU = 1280;
var LEAST_MTU = 576;
var MOST_MTU = 9e3;
function fittingPacket(pathMtu2, family, kind, tagBytes) {
  const below = (IP_HEADER_BYTES[family] ?? 40) + UDP_HEADER_BYTES + HEADER_BYTES + PAYLOAD_TYPE_BYTES + tagBytes;
  return pathMtu2 - below - (kind === "tap" ? ETHERNET_HEADER_BYTES : 0);
}
var TunnelMtu = class {
  #options;
  #sinks;
  #endpoint;
  /** The last line, so that a state is logged once. */
  #said = "";
  constructor(options, sinks) {
    this.#options = options;
    this.#sinks = sinks;
  }
  /** The peer is at this endpoint now. */
  follow(endpoint) {
    this.#endpoint = endpoint;
    this.check();
  }
  /** Looks at the path again; call it now and then, because routes and interfaces change. Never throws. */
  check() {
    try {
      this.#check();
    } catch (error) {
      this.#say(`the MTU towards the peer is not known: ${errorText(error)}`);
    }
  }
  #check() {
    const { mtu, mssClamp, kind, tagBytes, device } = this.#options;
    const endpoint = this.#endpoint;
    let limit = this.#sinks.interfaceMtu;
    if (endpoint !== void 0) {
      const path = this.#sinks.pathMtu(endpoint);
      const fits = fittingPacket(path, endpoint[ENDPOINT_FAMILY] ?? 0, kind, tagBytes);
      const place = `path MTU ${path} to ${formatEndpoint(endpoint)}`;
      if (mtu === "auto") {
        const least = this.#options.ipv6 === void 0 ? LEAST_MTU : LEAST_IPV6_MTU;
        const wanted = Math.min(Math.max(fits, least), MOST_MTU);
        if (wanted !== limit) this.#sinks.interfaceMtu = wanted;
        limit = wanted;
        this.#say(`MTU of ${device} is ${wanted}: ${place}`);
      } else if (fits < limit) {
        this.#say(`packets longer than ${fits} bytes leave in fragments: ${place}, MTU of ${device} is ${limit}`);
      }
      limit = Math.min(limit, fits);
    }
    this.#sinks.limitPackets(mssClamp ? Math.max(limit, 0) : 0);
  }
  #say(text) {
    if (text === this.#said) return;
    this.#said = text;
    this.#options.log.notice(text);
  }
};

// packages/anytun/src/daemon/daemon.ts
var FLUSH_MS = 1e4;
var MTU_CHECK_MS = 6e4;
var Ends = class {
  #ends = [];
  #closing;
  add(end) {
    this.#ends.push(end);
  }
  run() {
    this.#closing ??= this.#runAll();
    return this.#closing;
  }
  async #runAll() {
    for (const end of this.#ends.reverse()) await end();
  }
};
async function startDaemon(config, log, signal) {
  const ends = new Ends();
  try {
    const daemon = await start(config, log, signal, ends);
    if (daemon === void 0) await ends.run();
    return daemon;
  } catch (error) {
    await ends.run();
    throw error;
  }
}
async function start(config, log, signal, ends) {
  log.notice("anytun started...");
  for (const { level, text } of config.notes) log.log(level, text);
  const names = { lookup: systemLookup, clock: systemClock, log };
  const store = SequenceStore.open({
    dir: config.stateDir,
    identity: {
      ...config.keys,
      kdPrf: config.suite.kdPrf,
      role: config.role,
      senderId: config.senderId,
      mux: config.mux,
    },
    lock: { lockFile, unlockFile },
    log,
  });
  ends.add(() => store.close());
  const supply = new SequenceSupply(store, log, systemClock);
  ends.add(() => supply.close());
  const sequence = supply.first();
  const sockets = await openSockets(config, names, signal);
  if (sockets === void 0) return void 0;
  const closeSockets = () => sockets.forEach((socket) => void socket.close());
  ends.add(closeSockets);
  const locals = sockets.map(({ family, id }) => ({ family, id }));
  const device = openDevice(config, log);
  ends.add(() => device.close());
  const name = device.name;
  const link = new NetworkInterface2(name);
  log.notice(`KeyDerivation: using role ${config.role}`);
  const lines = new PlaneLog(log, systemClock, name, config.mux);
  const onEvent = (event) => {
    switch (event.type) {
      case "peer-detected":
        lines.peerDetected(event.mux, event.endpoint);
        mtu.follow(event.endpoint);
        break;
      case "endpoint-moved":
        lines.endpointMoved(event.mux, event.endpoint);
        mtu.follow(event.endpoint);
        break;
      case "rejected":
        lines.rejected(event.rejections);
        break;
      case "segments-refused":
        lines.segmentsRefused();
        break;
      case "sequence-low":
        void supply.refill((range) => plane.extendSequence(range));
        break;
    }
  };
  const plane = await DataPlaneThread.start(
    {
      device: device.detach(),
      sockets: sockets.map((socket) => socket.detach()),
      tunnel: { kind: config.device.kind, mux: config.mux, windowSize: config.windowSize },
      context: cipherContext(config.suite, config.keys, config.role),
      sequence,
      configuredMux: config.remote === void 0 ? void 0 : config.mux,
    },
    onEvent,
  );
  ends.add(() => plane.close());
  const mtu = new TunnelMtu(
    { ...config, kind: config.device.kind, tagBytes: config.suite.tagBytes, device: name, log },
    {
      get interfaceMtu() {
        return link.mtu;
      },
      set interfaceMtu(bytes) {
        link.mtu = bytes;
      },
      pathMtu,
      limitPackets: (bytes) => plane.setPacketLimit(bytes),
    },
  );
  mtu.check();
  const mtuTimer = setInterval(() => mtu.check(), MTU_CHECK_MS).unref();
  ends.add(() => clearInterval(mtuTimer));
  const flush = setInterval(() => lines.flush(), FLUSH_MS).unref();
  ends.add(() => {
    clearInterval(flush);
    lines.finish();
  });
  if (config.postUpScript !== void 0) {
    const script = startPostUp({ script: config.postUpScript, device: name, node: DEVICE_NODE, log });
    ends.add(() => script.close());
  }
  if (config.remote !== void 0) {
    const peer = new PeerResolver({
      ...names,
      name: config.remote,
      family: usableFamily(config.family, sockets),
      heardAgo: async () => heardAgo(await plane.snapshot(), config.mux),
      use: (address, port) => {
        const endpoint = usePeer(plane, config.mux, address, port, locals, log);
        if (endpoint !== void 0) mtu.follow(endpoint);
      },
    });
    ends.add(() => peer.close());
  }
  return {
    closed: plane.closed,
    report: async () => reportLines(await plane.snapshot()),
    close: () => ends.run(),
  };
}
function usePeer(plane, mux, address, port, sockets, log) {
  const endpoint = peerEndpoint(address, port, sockets);
  if (endpoint === void 0) {
    log.warning(`no suitable socket found for remote endpoint protocol: ${address.address} ${port}`);
    return void 0;
  }
  log.notice(`added connection remote host ${formatEndpoint(endpoint)}`);
  plane.setEndpoint(mux, endpoint);
  return endpoint;
}
function usableFamily(wanted, sockets) {
  const has = (family) => sockets.some((socket) => socket.family === family);
  if (wanted !== "any" || (has(4) && has(6))) return wanted;
  return has(4) ? "ipv4" : "ipv6";
}
function heardAgo(snapshot, mux) {
  return snapshot?.peers.find((peer) => peer.mux === mux)?.heardAgoMs ?? -1;
}

export { startDaemon };
