// packages/anytun/src/data-plane/worker.ts
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import {
  createPacketBatch as createPacketBatch2,
  createSatpCipher as createSatpCipher2,
  EventSignal,
  FdPoller,
  joinedBatchSize,
  TunDevice,
  UdpSocket,
} from "tun-native";
import {
  DESCRIPTOR_WORDS,
  DropReason,
  ENDPOINT_SOCKET,
  ENDPOINT_WORDS,
  endpointOf,
  LENGTH,
  OFFSET,
  parseAddress,
  SequenceCounter,
  Tunnel,
} from "./chunk-JLWDG6CX.js";

// packages/anytun/src/data-plane/mss-clamp.ts
var ETHERNET_HEADER_BYTES = 14;
var VLAN_TAG_BYTES = 4;
var ETHER_TYPE_VLAN = 33024;
var ETHER_TYPE_IPV4 = 2048;
var ETHER_TYPE_IPV6 = 34525;
var PROTOCOL_TCP = 6;
var IPV4_HEADER_BYTES = 20;
var IPV6_HEADER_BYTES = 40;
var TCP_HEADER_BYTES = 20;
var TCP_CHECKSUM = 16;
var FLAG_SYN = 2;
var OPTION_END = 0;
var OPTION_NOP = 1;
var OPTION_MSS = 2;
function clampMss(bytes, offset, length, ethernet, packetBytes) {
  const end = offset + length;
  const ip = ethernet ? ipOffset(bytes, offset, end) : offset;
  if (ip < 0 || end - ip < IPV4_HEADER_BYTES + TCP_HEADER_BYTES) return false;
  const version = (bytes[ip] ?? 0) >> 4;
  let tcp2;
  if (version === 4) {
    const fragment = u16(bytes, ip + 6) & 8191;
    if (bytes[ip + 9] !== PROTOCOL_TCP || fragment !== 0) return false;
    tcp2 = ip + ((bytes[ip] ?? 0) & 15) * 4;
  } else {
    if (version !== 6 || bytes[ip + 6] !== PROTOCOL_TCP) return false;
    tcp2 = ip + IPV6_HEADER_BYTES;
  }
  if (tcp2 + TCP_HEADER_BYTES > end || ((bytes[tcp2 + 13] ?? 0) & FLAG_SYN) === 0) return false;
  const limit = packetBytes - (version === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES) - TCP_HEADER_BYTES;
  return lowerOption(bytes, tcp2, end, limit);
}
function ipOffset(bytes, offset, end) {
  let at = offset + ETHERNET_HEADER_BYTES;
  if (at > end) return -1;
  let type = u16(bytes, at - 2);
  if (type === ETHER_TYPE_VLAN) {
    at += VLAN_TAG_BYTES;
    if (at > end) return -1;
    type = u16(bytes, at - 2);
  }
  return type === ETHER_TYPE_IPV4 || type === ETHER_TYPE_IPV6 ? at : -1;
}
function lowerOption(bytes, tcp2, end, limit) {
  const optionsEnd = tcp2 + ((bytes[tcp2 + 12] ?? 0) >> 4) * 4;
  if (optionsEnd > end || limit < 1) return false;
  let at = tcp2 + TCP_HEADER_BYTES;
  while (at + 1 < optionsEnd) {
    const kind = bytes[at];
    if (kind === OPTION_END) return false;
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    const optionBytes = bytes[at + 1] ?? 0;
    if (optionBytes < 2 || at + optionBytes > optionsEnd) return false;
    if (kind === OPTION_MSS && optionBytes === 4) {
      const mss = u16(bytes, at + 2);
      if (mss <= limit) return false;
      writeU16(bytes, at + 2, limit);
      const odd = ((at - tcp2) & 1) === 1;
      adjustChecksum(bytes, tcp2 + TCP_CHECKSUM, odd ? swapped(mss) : mss, odd ? swapped(limit) : limit);
      return true;
    }
    at += optionBytes;
  }
  return false;
}
function adjustChecksum(bytes, at, before, after) {
  let sum = (~u16(bytes, at) & 65535) + (~before & 65535) + after;
  sum = (sum & 65535) + (sum >>> 16);
  sum = (sum & 65535) + (sum >>> 16);
  writeU16(bytes, at, ~sum & 65535);
}
function swapped(word) {
  return ((word & 255) << 8) | (word >>> 8);
}
function u16(bytes, at) {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
function writeU16(bytes, at, value) {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 255;
}

// packages/anytun/src/data-plane/data-plane.ts
var DEVICE_READY = 1;
var DataPlane = class {
  /** Longest IP packet that TCP connections through the tunnel are told of, in bytes; 0 = they are not told. */
  packetLimit = 0;
  // one by one, not as `parts`: whatever the object that they came in looks like, the compiler sees one shape
  #device;
  #sockets;
  #poller;
  #cipher;
  #tunnel;
  #frames;
  #datagrams;
  #isTap;
  constructor(parts) {
    this.#device = parts.device;
    this.#sockets = parts.sockets;
    this.#poller = parts.poller;
    this.#cipher = parts.cipher;
    this.#tunnel = parts.tunnel;
    this.#frames = parts.frames;
    this.#datagrams = parts.datagrams;
    this.#isTap = parts.device.kind === "tap";
  }
  /**
   * Waits for packets and moves one burst of each ready source.
   * @param timeoutMs longest wait, -1 for ever, 0 not at all
   * @throws TunNativeError when the device or a socket is gone
   */
  turn(timeoutMs) {
    const device = this.#device;
    const sockets = this.#sockets;
    const { pending } = device;
    const ready = this.#poller.wait(pending ? 0 : timeoutMs);
    if (pending || (ready & DEVICE_READY) !== 0) this.outboundBurst();
    for (let i = 0; i < sockets.length; i++) {
      const socket = sockets[i];
      if (socket !== void 0 && (ready & (2 << i)) !== 0) this.inboundBurst(socket);
    }
  }
  /** Device → network. Returns the number of datagrams handed to the sockets. */
  outboundBurst() {
    const frames = this.#frames;
    const read = this.#device.read(frames);
    this.#clamp(frames, read);
    const ready = this.#tunnel.outbound(frames, read, this.#poller.now);
    if (ready === 0) return 0;
    this.#cipher.seal(frames, 0, ready);
    let first = 0;
    while (first < ready) {
      const id = socketOf(frames, first);
      let end = first + 1;
      while (end < ready && socketOf(frames, end) === id) end++;
      this.#sockets[id]?.send(frames, first, end - first);
      first = end;
    }
    return ready;
  }
  /** Network → this.#device. Returns the number of frames that the device took. */
  inboundBurst(socket) {
    const datagrams = this.#datagrams;
    const received = socket.receive(datagrams);
    const known = this.#tunnel.classify(datagrams, received);
    if (known === 0) return 0;
    this.#cipher.open(datagrams, 0, known);
    const accepted = this.#tunnel.accept(datagrams, known, this.#poller.now);
    if (accepted === 0) return 0;
    this.#clamp(datagrams, accepted);
    return this.#device.write(datagrams, 0, accepted);
  }
  #clamp(batch, count) {
    if (this.packetLimit === 0) return;
    for (let row = 0; row < count; row++) {
      const at = row * DESCRIPTOR_WORDS;
      clampMss(
        batch.bytes,
        batch.descriptors[at + OFFSET] ?? 0,
        batch.descriptors[at + LENGTH] ?? 0,
        this.#isTap,
        this.packetLimit,
      );
    }
  }
  /** Closes everything the plane was made of. Idempotent. */
  close() {
    this.#poller.close();
    for (const socket of this.#sockets) socket.close();
    this.#device.close();
    this.#cipher.close();
  }
};
function socketOf(batch, row) {
  return batch.endpoints[row * ENDPOINT_WORDS + ENDPOINT_SOCKET] ?? 0;
}

// packages/anytun/src/data-plane/plane-tunnel.ts
function planeTunnel(setup, cipher, sequence, events) {
  const { kind, mux, windowSize } = setup.tunnel;
  const { configuredMux } = setup;
  const keys = { context: cipher.addContext(setup.context), tagBytes: setup.context.tagBytes, sequence };
  const autodetect = configuredMux === void 0 ? keys : void 0;
  const tunnel = new Tunnel({ kind, mux, windowSize, routing: "single", autodetect, events });
  if (configuredMux !== void 0) tunnel.addPeer({ ...keys, mux: configuredMux });
  return tunnel;
}

// packages/anytun/src/data-plane/reporter.ts
import { SendError } from "tun-native";

var REPORT_MS = 1e3;
var FOR_EVER = -1;
var PlaneReporter = class {
  #send;
  #badTags = 0;
  #replays = 0;
  #tooLong = 0;
  #noSequence = 0;
  #reportedMs = Number.NEGATIVE_INFINITY;
  constructor(send) {
    this.#send = send;
  }
  peerDetected(peer) {
    this.#send({ type: "peer-detected", mux: peer.mux, endpoint: peer.endpoint.slice() });
  }
  endpointMoved(peer) {
    this.#send({ type: "endpoint-moved", mux: peer.mux, endpoint: peer.endpoint.slice() });
  }
  sequenceLow() {
    this.#send({ type: "sequence-low" });
  }
  /**
   * Reports new rejections, if any and if the last report is old enough.
   * @returns how long the data plane may wait for packets before it calls again; -1 = for ever
   */
  flush(tunnel, nowMs) {
    const drops = tunnel.counters.drops;
    const badTags = drops[DropReason.badTag] ?? 0;
    const replays = drops[DropReason.replay] ?? 0;
    const tooLong = drops[DropReason.tooLong] ?? 0;
    const noSequence = drops[DropReason.noSequence] ?? 0;
    const news =
      badTags !== this.#badTags ||
      replays !== this.#replays ||
      tooLong !== this.#tooLong ||
      noSequence !== this.#noSequence;
    if (!news) return FOR_EVER;
    const due = this.#reportedMs + REPORT_MS - nowMs;
    if (due > 0) return Math.ceil(due);
    this.#send({
      type: "rejected",
      rejections: {
        badTags: badTags - this.#badTags,
        replays: replays - this.#replays,
        lastReplay: lastReplay(tunnel),
        tooLong: tooLong - this.#tooLong,
        noSequence: noSequence - this.#noSequence,
      },
    });
    this.#badTags = badTags;
    this.#replays = replays;
    this.#tooLong = tooLong;
    this.#noSequence = noSequence;
    this.#reportedMs = nowMs;
    return FOR_EVER;
  }
  /** Everything there is to know at this moment. The owner of device and sockets adds what they refused. */
  snapshot(tunnel, sockets, deviceErrors, nowMs) {
    const drops = [...tunnel.counters.drops];
    drops[DropReason.deviceWrite] = deviceErrors;
    drops[DropReason.sendFull] = sendErrors(sockets, SendError.full);
    drops[DropReason.sendTooBig] = sendErrors(sockets, SendError.tooBig);
    drops[DropReason.sendUnreachable] = sendErrors(sockets, SendError.unreachable);
    drops[DropReason.sendOther] = sendErrors(sockets, SendError.other);
    const peers = Array.from(tunnel.peers, (peer) => peerSnapshot(peer, nowMs));
    return { traffic: traffic(tunnel.counters), drops, peers };
  }
};
function lastReplay(tunnel) {
  for (const peer of tunnel.peers) {
    if (peer.lastReplaySequence < 0) continue;
    const { lastReplaySequence: sequence, lastReplaySenderId: senderId, lastReplayEndpoint: endpoint } = peer;
    return { sequence, senderId, endpoint: endpoint.slice() };
  }
  return void 0;
}
function sendErrors(sockets, cause) {
  return sockets.reduce((sum, socket) => sum + (socket.sendErrors[cause] ?? 0), 0);
}
function traffic({ packetsIn, bytesIn, packetsOut, bytesOut }) {
  return { packetsIn, bytesIn, packetsOut, bytesOut };
}
function peerSnapshot(peer, nowMs) {
  return {
    mux: peer.mux,
    endpoint: peer.endpoint.slice(),
    heardAgoMs: peer.lastHeardMs < 0 ? -1 : nowMs - peer.lastHeardMs,
    sentAgoMs: peer.lastSentMs < 0 ? -1 : nowMs - peer.lastSentMs,
    traffic: traffic(peer.counters),
    drops: [...peer.counters.drops],
  };
}

// packages/anytun/src/data-plane/warm-up.ts
import { randomBytes } from "node:crypto";
import { createPacketBatch, createSatpCipher } from "tun-native";

// packages/anytun/src/data-plane/sample-frames.ts
var ICMP = 1;
var TCP = 6;
var UDP = 17;
var SYN = 2;
var ACK = 16;
var PAYLOAD = new Uint8Array(40);
var ETHERNET_IPV4 = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
var ETHERNET_IPV6 = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 134, 221];
var VLAN_IPV4 = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 129, 0, 0, 5, 8, 0];
var ARP = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1];
function sampleFrames(kind) {
  const four = [
    ipv4(ICMP, [8, 0, 0, 0]),
    ipv4(UDP, [0, 9, 0, 9, 0, 48, 0, 0]),
    ipv4(TCP, tcp(ACK, [])),
    // options as Linux sends them: segment size, selective acknowledgements, no operation, window scale
    ipv4(TCP, tcp(SYN, [2, 4, 5, 180, 4, 2, 1, 1, 1, 3, 3, 7])),
    ipv4(TCP, tcp(ACK, []), 100),
  ];
  const six = [
    ipv6(UDP, [0, 9, 0, 9, 0, 48, 0, 0]),
    ipv6(TCP, tcp(ACK, [])),
    ipv6(TCP, tcp(SYN, [1, 2, 4, 5, 160, 0])),
  ];
  if (kind === "tun") return [...four, ...six];
  return [
    ...four.map((packet) => Uint8Array.from([...ETHERNET_IPV4, ...packet])),
    ...six.map((packet) => Uint8Array.from([...ETHERNET_IPV6, ...packet])),
    ...four.map((packet) => Uint8Array.from([...VLAN_IPV4, ...packet])),
    Uint8Array.from([...ARP, ...PAYLOAD]),
  ];
}
function ipv4(protocol, segment, fragment = 0) {
  const bytes = 20 + segment.length + PAYLOAD.length;
  const start = [69, 0, 0, bytes, 0, 0, 0, fragment, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
  return Uint8Array.from([...start, ...segment, ...PAYLOAD]);
}
function ipv6(protocol, segment) {
  const start = [96, 0, 0, 0, 0, segment.length + PAYLOAD.length, protocol, 64];
  const address = [32, 1, 13, 184, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  return Uint8Array.from([...start, ...address, ...address, ...segment, ...PAYLOAD]);
}
function tcp(flags, options) {
  const headerWords = 5 + Math.ceil(options.length / 4);
  const padding = new Array(headerWords * 4 - 20 - options.length).fill(0);
  return [0, 9, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1, headerWords << 4, flags, 255, 255, 0, 0, 0, 0, ...options, ...padding];
}

// packages/anytun/src/data-plane/loopback.ts
var STRIDE = 512;
var HEADROOM = 64;
var SampleDevice = class {
  name = "samples";
  pending = false;
  writeErrors = 0;
  kind;
  /** Frames of the next `read`. */
  burst = 1;
  /** Frames written. */
  written = 0;
  #frames;
  #next = 0;
  constructor(kind) {
    this.kind = kind;
    this.#frames = sampleFrames(kind);
  }
  read(batch) {
    for (let row = 0; row < this.burst; row++) {
      const frame = this.#frames[this.#next++ % this.#frames.length] ?? new Uint8Array();
      const at = row * STRIDE + HEADROOM;
      batch.bytes.set(frame, at);
      batch.descriptors.set([at, frame.length, 0, 0], row * DESCRIPTOR_WORDS);
    }
    return this.burst;
  }
  write(_batch, _first, count) {
    this.written += count;
    return count;
  }
  close() {}
};
var LoopbackSocket = class {
  family = 4;
  port = 4444;
  address = "192.0.2.1";
  id = 0;
  sendErrors = new Float64Array(4);
  lastSendErrno = 0;
  #rows;
  #endpoint;
  #waiting = 0;
  constructor(capacity, endpoint) {
    this.#rows = new Int32Array(capacity * DESCRIPTOR_WORDS);
    this.#endpoint = endpoint;
  }
  send(batch, first, count) {
    const begin = first * DESCRIPTOR_WORDS;
    this.#rows.set(batch.descriptors.subarray(begin, begin + count * DESCRIPTOR_WORDS));
    this.#waiting = count;
    return count;
  }
  receive(batch) {
    const count = this.#waiting;
    this.#waiting = 0;
    batch.descriptors.set(this.#rows.subarray(0, count * DESCRIPTOR_WORDS));
    for (let row = 0; row < count; row++) batch.endpoints.set(this.#endpoint, row * ENDPOINT_WORDS);
    return count;
  }
  close() {}
};
var ReadyPoller = class {
  woken = false;
  /** A fraction, as the clock has: a whole number would be another type to the compiler. */
  now = 0.5;
  wait() {
    this.now += 0.25;
    return 3;
  }
  close() {}
};

// packages/anytun/src/data-plane/warm-up.ts
var BURSTS = [1, 1, 1, 4, 32];
var MOST = 32;
var ROUNDS = 12;
var TUNNELS = 16;
var PACKET_LIMIT = 1200;
var EMPTY_CALLS = 500;
var FIRST_SEQUENCE = 268435456;
var ENDPOINT = endpointOf(parseAddress("192.0.2.1"), 4444);
function warmUp(setup) {
  const cipher = createSatpCipher();
  try {
    let frames = 0;
    for (let i = 0; i < TUNNELS; i++) frames += exchange(setup, cipher);
    return frames;
  } finally {
    cipher.close();
  }
}
function warmUpParts(plane, device, sockets) {
  const nothing = createPacketBatch({ capacity: 1, bytes: 64 });
  for (let i = 0; i < EMPTY_CALLS; i++) {
    plane.turn(0);
    plane.outboundBurst();
    device.write(nothing, 0, 0);
    for (const socket of sockets) {
      plane.inboundBurst(socket);
      socket.send(nothing, 0, 0);
    }
  }
}
function exchange(setup, cipher) {
  const { kind, mux } = setup.tunnel;
  const context = {
    ...setup.context,
    masterKey: randomBytes(setup.context.masterKey.length),
    masterSalt: randomBytes(setup.context.masterSalt.length),
    // what comes back is opened as it was sealed
    openLabels: setup.context.sealLabels,
  };
  const sequence = new SequenceCounter();
  sequence.extend({ senderId: 0, first: FIRST_SEQUENCE, end: FIRST_SEQUENCE + 1048576 });
  const reporter = new PlaneReporter(() => {});
  const tunnel = planeTunnel({ ...setup, configuredMux: mux, context }, cipher, sequence, reporter);
  const device = new SampleDevice(kind);
  const poller = new ReadyPoller();
  const batch = createPacketBatch({ capacity: MOST, bytes: MOST * 512 });
  const plane = new DataPlane({
    device,
    sockets: [new LoopbackSocket(MOST, ENDPOINT)],
    poller,
    cipher,
    tunnel,
    frames: batch,
    datagrams: batch,
  });
  plane.packetLimit = PACKET_LIMIT;
  for (let round = 0; round < ROUNDS; round++) {
    for (const burst of BURSTS) {
      device.burst = burst;
      plane.turn(reporter.flush(tunnel, poller.now));
      if (round === 0) tunnel.setEndpoint(mux, ENDPOINT);
    }
  }
  return device.written;
}

// packages/anytun/src/data-plane/worker.ts
var BURST_PACKETS = 128;
var BURST = { capacity: BURST_PACKETS, bytes: BURST_PACKETS * 9728 };
var port = parentPort;
if (port === null) throw new Error("data-plane-worker.js runs only as a worker thread");
function run(setup, send, receive) {
  const device = TunDevice.attach(setup.device);
  const sockets = setup.sockets.map((socket) => UdpSocket.attach(socket));
  warmUp(setup);
  const cipher = createSatpCipher2();
  const signal = EventSignal.attach(setup.signal);
  const poller = new FdPoller([device, ...sockets], signal);
  const sequence = new SequenceCounter();
  sequence.extend(setup.sequence);
  const reporter = new PlaneReporter(send);
  const tunnel = planeTunnel(setup, cipher, sequence, reporter);
  const plane = new DataPlane({
    device,
    sockets,
    poller,
    cipher,
    tunnel,
    frames: createPacketBatch2(BURST),
    datagrams: createPacketBatch2(
      sockets.some(({ offloads }) => offloads.includes("coalescing")) ? joinedBatchSize() : BURST,
    ),
  });
  let isRefusalTold = false;
  try {
    warmUpParts(plane, device, sockets);
    send({ type: "running" });
    for (let isWoken = true; ; isWoken = poller.woken) {
      for (let command = isWoken ? receive() : void 0; command !== void 0; command = receive()) {
        switch (command.type) {
          case "stop":
            return;
          case "endpoint":
            tunnel.setEndpoint(command.mux, command.endpoint);
            break;
          case "sequence":
            sequence.extend(command.range);
            break;
          case "packet-limit":
            plane.packetLimit = command.bytes;
            break;
          case "snapshot":
            send({
              type: "snapshot",
              snapshot: {
                ...reporter.snapshot(tunnel, sockets, device.writeErrors, poller.now),
                offloads: offloadCounters(device, sockets),
              },
            });
            break;
        }
      }
      plane.turn(reporter.flush(tunnel, poller.now));
      if (!isRefusalTold && sockets.some(isRefusing)) {
        isRefusalTold = true;
        send({ type: "segments-refused" });
      }
    }
  } finally {
    plane.close();
  }
}
function isRefusing(socket) {
  return socket.refusedSends > 0;
}
function offloadCounters(device, sockets) {
  const sums = sockets.map((socket) => socket.offloadCounters);
  const sum = (name) => sums.reduce((total, one) => total + one[name], 0);
  return {
    ...device.offloadCounters,
    segmentedSends: sum("segmentedSends"),
    segmentedDatagrams: sum("segmentedDatagrams"),
    refusedSends: sum("refusedSends"),
    coalescedReceives: sum("coalescedReceives"),
    coalescedDatagrams: sum("coalescedDatagrams"),
    lostDatagrams: sum("lostDatagrams"),
  };
}
try {
  run(
    workerData,
    (report) => port.postMessage(report),
    () => receiveMessageOnPort(port)?.message,
  );
} catch (error) {
  const code = error instanceof Error && "code" in error ? String(error.code) : void 0;
  const message = error instanceof Error ? error.message : String(error);
  port.postMessage({ type: "failed", error: { message, code } });
}
port.close();
