/** Drives a {@link Relay} with an open hole, standard input and standard output. */
import type { Readable } from "node:stream";
import type { Hole } from "../hole-types.ts";
import { Output } from "./output.ts";
import { Relay, type RelayEnd } from "./relay.ts";

/** Data in one datagram that every path of 1,400 bytes, and of IPv6's 1,280, takes whole. */
const WHOLE_BYTES = { 4: 1_372, 6: 1_232 } as const;
/** To a peer that cannot tell how fast it reads: a modest local network's worth. */
const BLIND_BYTES_PER_SECOND = 16 * 1024 * 1024;

export interface RunRelayOptions {
  readonly hole: Hole;
  readonly input: Readable;
  /** Descriptor that gets what comes from the peer. */
  readonly output: number;
  readonly stays: boolean;
  readonly keepaliveSeconds: number;
  readonly bytesPerSecond: number | undefined;
}

export type RelayResult =
  | { readonly is: "ended"; readonly end: RelayEnd }
  | { readonly is: "failed"; readonly on: "input" | "output" | "socket"; readonly error: Error };

export interface RunningRelay {
  /** Never rejects. The hole is closed then. */
  readonly result: Promise<RelayResult>;
  readonly counters: Relay["counters"];
  /** Ends at once and says goodbye where one is understood; `result` stays open. */
  stop(): void;
}

export function runRelay(options: RunRelayOptions): RunningRelay {
  const { hole, input, stays, keepaliveSeconds } = options;
  const isPeerRelay = hole.peerKind === "new" && hole.peerPurpose === "relay";
  let finish: (result: RelayResult) => void = () => undefined;
  let timer: NodeJS.Timeout | undefined;
  let timerAt = Infinity;
  const now = (): number => performance.now();
  /** After each event: the relay's next deadline may be another one. */
  const arm = (): void => {
    const at = relay.deadline;
    if (at === timerAt) return;
    clearTimeout(timer);
    timerAt = at;
    if (at !== Infinity) timer = setTimeout(tick, Math.min(Math.max(0, Math.ceil(at - now())), 2 ** 30));
  };
  const tick = (): void => {
    timerAt = Infinity;
    relay.tick(now());
    arm();
  };
  const close = (): void => {
    clearTimeout(timer);
    input.removeAllListeners("data").removeAllListeners("end").pause();
    hole.close();
  };
  const result = new Promise<RelayResult>((resolve) => {
    finish = (outcome) => {
      close();
      resolve(outcome);
    };
  });
  const fail = (on: "input" | "output" | "socket", error: Error): void => {
    relay.stop();
    finish({ is: "failed", on, error });
  };
  const output = new Output(options.output, {
    written: (bytes) => {
      relay.written(bytes);
      arm();
    },
    failed: (error) => fail("output", error),
  });
  const relay = new Relay(
    {
      isPeerRelay,
      stays,
      keepaliveSeconds,
      wholeBytes: WHOLE_BYTES[hole.peer.address.includes(":") ? 6 : 4],
      bytesPerSecond: options.bytesPerSecond ?? (isPeerRelay ? undefined : BLIND_BYTES_PER_SECOND),
    },
    {
      send: (datagram) => hole.send(datagram),
      sendControl: (kind, body) => hole.sendControl(kind, body),
      write: (bytes) => output.write(bytes),
      endOutput: () => output.end(),
      pauseInput: () => void input.pause(),
      resumeInput: () => void input.resume(),
      pausePeer: () => hole.pause(),
      resumePeer: () => hole.resume(),
      end: (end) => finish({ is: "ended", end }),
    },
    now(),
  );
  input.on("data", (chunk: Buffer) => {
    relay.input(chunk, now());
    arm();
  });
  input.on("end", () => {
    relay.inputEnded(now());
    arm();
  });
  input.on("error", (error) => fail("input", error));
  hole.listen({
    data: (datagram) => {
      relay.data(datagram, now());
      arm();
    },
    control: (kind, body) => {
      relay.control(kind, body, now());
      arm();
    },
    refused: () => {
      relay.refused(now());
      arm();
    },
    restarted: () => relay.restarted(),
    failed: (error) => fail("socket", error),
  });
  arm();
  return {
    result,
    get counters() {
      return relay.counters;
    },
    stop: () => {
      relay.stop();
      close();
    },
  };
}
