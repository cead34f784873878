/** The number under which a typed array was pinned, see `Pinned`. */
export type MemoryNumber = number;

/**
 * What the addon offers, typed. Every function is one system call or one batch of them: results below zero are
 * `-errno`, policy and errors are made in the TypeScript files beside this one. Those that return nothing take their
 * arguments from the call words, in the order that is given, and leave the result there, see `callWords`.
 */
export interface NativeBinding {
  readonly constants: NativeConstants;
  errorText(errno: number): string;

  // Descriptors. What these return belongs to the calling thread's environment and is closed with it.
  openDescriptor(path: string, flags: number): number;
  duplicateDescriptor(fd: number): number;
  adoptDescriptor(fd: number): number;
  releaseDescriptor(fd: number): number;
  closeDescriptor(fd: number): number;
  createPacketPair(ends: Int32Array): number;
  createEvent(): number;
  signalEvent(fd: number): number;
  lockFile(fd: number): number;
  unlockFile(fd: number): number;

  // Memory
  pinMemory(array: Uint8Array | Int32Array | Float64Array): number;
  unpinMemory(number: number): number;
  shareCallWords(): Int32Array | undefined;

  // TUN and TAP
  setInterface(fd: number, name: string, flags: number): string | number;
  readFrames(fd: number, maxFrameBytes: number, bytes: MemoryNumber, descriptors: MemoryNumber): number;
  writeFrames(
    fd: number,
    bytes: MemoryNumber,
    descriptors: MemoryNumber,
    first: number,
    count: number,
    status: MemoryNumber,
  ): number;
  readFrame(fd: number, bytes: Uint8Array): number;
  writeFrame(fd: number, frame: Uint8Array): number;

  setVnetHeader(fd: number): number;
  setOffload(fd: number, flags: number): number;
  /** Whether the kernel serves a device through an io_uring: 0 or -errno. */
  probeRing(fd: number): number;
  /** Opens the ring of a device; it lives until `closeQueue`. */
  openRing(queue: MemoryNumber): number;
  /** Ends the ring and gives back the room for waiting frames, which the first read took. Idempotent. */
  closeQueue(queue: MemoryNumber): number;
  readQueue(
    fd: number,
    maxFrameBytes: number,
    queue: MemoryNumber,
    state: MemoryNumber,
    counters: MemoryNumber,
    bytes: MemoryNumber,
    descriptors: MemoryNumber,
  ): number;
  /** Call words: fd, queue, state, counters, bytes, descriptors, first, count. */
  writeQueue(): void;

  // UDP
  createSocket(family: 4 | 6): number;
  setSocketOption(fd: number, level: number, name: number, value: number): number;
  getSocketOption(fd: number, level: number, name: number): number;
  bindToDevice(fd: number, device: string): number;
  bindSocket(fd: number, endpoint: Int32Array): number;
  socketPort(fd: number): number;
  pathMtu(endpoint: Int32Array): number;
  setSocketFilter(fd: number, program: Int32Array): number;
  receiveDatagrams(
    fd: number,
    socketId: number,
    bytes: MemoryNumber,
    descriptors: MemoryNumber,
    endpoints: MemoryNumber,
    isJoining: 0 | 1,
    counters: MemoryNumber,
  ): number;
  /** Call words: fd, family, bytes, descriptors, endpoints, first, count, errors, state, counters. */
  sendDatagrams(): void;

  connectSocket(fd: number, endpoint: Int32Array): number;
  receiveErrorReport(fd: number, bytes: Uint8Array, words: Int32Array): number;
  peekDatagram(fd: number, bytes: Uint8Array): number;

  // Unix datagrams; a path that begins with `@` is abstract
  createUnixSocket(): number;
  connectUnixSocket(fd: number, path: string): number;
  bindUnixSocket(fd: number, path: string): number;
  sendUnixDatagram(fd: number, bytes: Uint8Array): number;

  // Waiting
  /** Call words: table, timeoutMs, lookNs, clock, orders. */
  pollDescriptors(): void;
  openReadiness(callback: (fd: number) => void): NativeHandle | number;
  armReadiness(readiness: NativeHandle, fd: number): number;
  disarmReadiness(readiness: NativeHandle, fd: number): number;
  closeReadiness(readiness: NativeHandle): number;

  // Interfaces
  netlinkRequest(message: Uint8Array): ArrayBuffer | number;
  interfaceIndex(name: string): number;

  // Process
  maskArguments(indices: Int32Array): number;
  setProcessName(name: string): number;
  becomeStandardStreams(fd: number): number;
  ignoreSignals(numbers: Uint8Array): number;
  replaceProcess(path: Uint8Array, args: Uint8Array, openFiles: number, ignored: Uint8Array): number;
  openFilesLimit(pid: number): number;
  spawnDetached(path: string, words: Uint8Array, environment: Uint8Array, keep: Int32Array): number;
  createMemoryFile(name: string): number;
  createPipe(ends: Int32Array): number;
  askDoorkeeper(socket: number, request: Uint8Array): number;
  replaceStandardStreams(fd: number): number;
  confineProcess(root: string, uid: number, gid: number, capabilitiesLow: number, capabilitiesHigh: number): number;
  findUser(name: string, ids: Int32Array): number;
  findGroup(name: string): number;

  // SATP
  cipherKernels(): string[];
  createCipher(kernel: string): NativeHandle | number;
  addCipherContext(cipher: NativeHandle, masterKey: Uint8Array, masterSalt: Uint8Array, numbers: Int32Array): number;
  removeCipherContext(cipher: NativeHandle, id: number): number;
  /** Call words: cipher, bytes, descriptors, first, count, endpoints. */
  sealPackets(): void;
  /** Call words: cipher, bytes, descriptors, first, count, endpoints. */
  openPackets(): void;
  cipherNumber(cipher: NativeHandle): number;
  closeCipher(cipher: NativeHandle): number;
}

/** An object of the addon; JavaScript only carries it. */
export interface NativeHandle {
  readonly nativeHandle: unique symbol;
}

/** Numbers of the kernel's headers, some of which differ between architectures. */
export interface NativeConstants {
  readonly O_RDWR: number;
  readonly O_NONBLOCK: number;
  readonly O_CLOEXEC: number;
  readonly IFF_TUN: number;
  readonly IFF_TAP: number;
  readonly IFF_NO_PI: number;
  readonly IFF_VNET_HDR: number;
  readonly TUN_F_CSUM: number;
  readonly TUN_F_TSO4: number;
  readonly TUN_F_TSO6: number;
  readonly TUN_F_TSO_ECN: number;
  readonly TUN_F_USO4: number;
  readonly TUN_F_USO6: number;
  readonly SOL_UDP: number;
  readonly UDP_SEGMENT: number;
  readonly UDP_GRO: number;
  readonly SOL_SOCKET: number;
  readonly SO_RCVBUF: number;
  readonly SO_RCVBUFFORCE: number;
  readonly SO_SNDBUF: number;
  readonly SO_SNDBUFFORCE: number;
  readonly SO_ERROR: number;
  readonly SO_REUSEADDR: number;
  readonly IPPROTO_IP: number;
  readonly IP_RECVERR: number;
  readonly IP_TTL: number;
  readonly IPPROTO_IPV6: number;
  readonly IPV6_RECVERR: number;
  readonly IPV6_UNICAST_HOPS: number;
  readonly IPV6_V6ONLY: number;
  readonly EBADFD: number;
  readonly ENONET: number;
  readonly ENOTUNIQ: number;
  readonly EREMCHG: number;
  readonly ERFKILL: number;
  readonly EUSERS: number;
  /** Bytes of the memory that a device with a vnet header needs between calls. */
  readonly TUN_QUEUE_BYTES: number;
  /** Words of the memory that a socket needs between calls. */
  readonly SOCKET_STATE_WORDS: number;
  /** Bytes of arena and rows of table for each joined message that is received at once. */
  readonly JOINED_SLOT_BYTES: number;
  readonly JOINED_SLOT_ROWS: number;
}
