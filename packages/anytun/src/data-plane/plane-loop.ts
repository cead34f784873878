import type { Tunnel } from "satp-core";
import type { Poller, UdpSocket } from "tun-native";
import { AGAIN, type DataPlane } from "./data-plane.ts";
import type { Report } from "./messages.ts";
import { type PlaneReporter, soonest } from "./reporter.ts";

/** Turns in a row before what is due besides. */
const MOST_TURNS = 32;

/** What the life of a data plane consists of. */
export interface PlaneLoopParts {
  readonly plane: DataPlane;
  readonly poller: Poller;
  readonly tunnel: Tunnel;
  readonly reporter: PlaneReporter;
  readonly sockets: readonly Pick<UdpSocket, "refusedSends">[];
  readonly send: (report: Report) => void;
}

/** The data plane between two commands: packets, and what is due besides. */
export class PlaneLoop {
  readonly #plane: DataPlane;
  readonly #poller: Poller;
  readonly #tunnel: Tunnel;
  readonly #reporter: PlaneReporter;
  readonly #sockets: readonly Pick<UdpSocket, "refusedSends">[];
  readonly #send: (report: Report) => void;
  #isRefusalTold = false;

  constructor({ plane, poller, tunnel, reporter, sockets, send }: PlaneLoopParts) {
    this.#plane = plane;
    this.#poller = poller;
    this.#tunnel = tunnel;
    this.#reporter = reporter;
    this.#sockets = sockets;
    this.#send = send;
  }

  /**
   * Waits for packets and moves a burst of each ready source; then what comes next, often the answer, before it does what
   * is due besides: the code for that is cold where packets are alone, and takes longer than a packet.
   *
   * The loop is in here because this is compiled as a whole; a caller's runs so seldom that it would stay slow.
   * @param mostMs the longest wait; -1: as long as nothing is due, and all again until the signal rings
   * @returns whether there were any, the last time
   * @throws TunNativeError when the device or a socket is gone
   */
  run(mostMs: number): boolean {
    const plane = this.#plane;
    const poller = this.#poller;
    let turns: number;
    do {
      const { now } = poller;
      const due = soonest(this.#reporter.flush(this.#tunnel, now), this.#tunnel.keepAliveWaitMs(now));
      let wait = soonest(due, mostMs);
      turns = 0;
      while (turns < MOST_TURNS && plane.turn(wait)) {
        turns++;
        wait = AGAIN;
        if (poller.woken) break;
      }
      plane.keepAlive();
      if (!this.#isRefusalTold) this.#tellRefusal();
      // in this order: what the compiler has never seen would undo its work
    } while (!poller.woken && mostMs < 0);
    return turns > 0;
  }

  #tellRefusal(): void {
    for (let i = 0; i < this.#sockets.length; i++) {
      if ((this.#sockets[i]?.refusedSends ?? 0) === 0) continue;
      this.#isRefusalTold = true;
      this.#send({ type: "segments-refused" });
      return;
    }
  }
}
