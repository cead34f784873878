/**
 * Before the first packet: a data plane of its own sends itself packets of every ordinary kind, under keys that nobody
 * has, until the compiler has seen the packet path often enough. Without this, packets are interpreted until some
 * thousand have passed, which takes a quiet tunnel (a ping a second) an hour. What differs in shape or type from the
 * real data plane would undo the work at the first real packet, so everything is made as there, of the same classes.
 */
import { randomBytes } from "node:crypto";
import { parsePrefix } from "satp-core";
import { createSatpCipher, type SatpCipher, TunNativeError } from "tun-native";
import { DataPlane } from "./data-plane.ts";
import { Loopback, type Samples } from "./loopback.ts";
import type { PlaneTunnelSetup } from "./messages.ts";
import { PlaneConnections, planeTunnel } from "./plane-connections.ts";
import { PlaneLoop } from "./plane-loop.ts";
import { PlaneReporter } from "./reporter.ts";
import { routeRows } from "./route-rows.ts";

/** What a tunnel carries in each of its rounds: bursts of so many frames. */
interface Round {
  readonly samples: Samples;
  readonly bursts: readonly number[];
}

const MIXED: Round = { samples: "mixed", bursts: [...new Array<number>(10).fill(1), 4, 32] };
/** What a device delivers in one piece, more of it than a burst takes and not always a whole one; and a lonely frame. */
const STREAM: Round = { samples: "stream", bursts: new Array<readonly number[]>(4).fill([48, 48, 1]).flat() };
/** Later: what happens once in a burst becomes quick later than what happens to each packet. */
const LONELY: Round = { samples: "mixed", bursts: new Array<number>(32).fill(1) };
const ROUNDS = 6;
/**
 * New tunnels again and again: what happens only to the first packets must be known too. Streams first: the code is compiled for
 * what came last, and a lonely packet through code that was compiled for streams takes 5 % longer.
 */
const TUNNELS: readonly Round[] = [
  ...new Array<Round>(4).fill(STREAM),
  ...new Array<Round>(8).fill(MIXED),
  ...new Array<Round>(16).fill(LONELY),
];
const PACKET_LIMIT = 1200;
/** Packets are there already when this is waited for; so long where they do not come through. */
const MOST_WAIT_MS = 1;
/** Where the store begins for a new key, and where it comes to with time: above 2³¹ a number is of another type for the compiler. */
const FIRST_SEQUENCES = [0x10000000, 0xe0000000] as const;
const EVERYWHERE = [parsePrefix("0.0.0.0/0"), parsePrefix("::/0")];

/**
 * In steps of a few milliseconds, a third of a second in all, so that neither a start nor a packet has to wait for it to be
 * complete. Leaves nothing behind but compiled code. Without IPv4 loopback there is none.
 */
export class WarmUp {
  readonly #setup: PlaneTunnelSetup;
  #parts: { readonly loopback: Loopback; readonly cipher: SatpCipher } | undefined;
  #tunnels = 0;
  #rounds: Iterator<number> | undefined;
  #frames = 0;

  constructor(setup: PlaneTunnelSetup) {
    this.#setup = setup;
  }

  /** Whether there is nothing left to do. */
  get isComplete(): boolean {
    return this.#tunnels === TUNNELS.length && this.#rounds === undefined;
  }

  /** Frames that went all the way. */
  get frames(): number {
    return this.#frames;
  }

  /** Does a step. @returns false when there was none left */
  step(): boolean {
    if (this.#rounds === undefined) return this.#begin();
    const round = this.#rounds.next();
    if (round.done === true) {
      this.#rounds = undefined;
      if (this.#tunnels === TUNNELS.length || this.#frames === 0) this.close();
    } else this.#frames += round.value;
    return true;
  }

  /** Ends it early. Idempotent. */
  close(): void {
    this.#tunnels = TUNNELS.length;
    this.#rounds = undefined;
    this.#parts?.loopback.close();
    this.#parts?.cipher.close();
    this.#parts = undefined;
  }

  #begin(): boolean {
    const round = TUNNELS[this.#tunnels];
    if (round === undefined) return false;
    if (this.#tunnels++ === 0) this.#parts = openParts(this.#setup);
    if (this.#parts === undefined) {
      this.close();
      return false;
    }
    const { loopback, cipher } = this.#parts;
    const first = FIRST_SEQUENCES[this.#tunnels % 2 === 0 ? 0 : 1];
    this.#rounds = rounds(this.#setup, loopback, cipher, round, first);
    return true;
  }
}

function openParts({ kind }: PlaneTunnelSetup): { loopback: Loopback; cipher: SatpCipher } | undefined {
  const cipher = createSatpCipher();
  try {
    // What closing changes would count as constant, and the first close at the end would undo all that relies on it.
    new Loopback(kind).close();
    return { loopback: new Loopback(kind), cipher };
  } catch (error) {
    cipher.close();
    if (!(error instanceof TunNativeError)) throw error;
    return undefined;
  }
}

/** A tunnel of its own; yields the frames that went all the way in each round. */
function* rounds(
  setup: PlaneTunnelSetup,
  loopback: Loopback,
  cipher: SatpCipher,
  { samples, bursts }: Round,
  first: number,
): Generator<number, void> {
  const { mux, sample } = setup;
  const context = {
    ...sample.context,
    masterKey: randomBytes(sample.context.masterKey.length),
    masterSalt: randomBytes(sample.context.masterSalt.length),
    // what comes back is opened as it was sealed
    openLabels: sample.context.sealLabels,
  };
  const { device, sockets, poller, frames, datagrams, endpoint } = loopback;
  // so many that they become few on the way, as they do in a real tunnel
  const numbers = Math.ceil(1.5 * ROUNDS * bursts.reduce((sum, burst) => sum + burst));
  const sequence = { senderId: 0, first, end: first + numbers };
  const send = (): void => {};
  const reporter = new PlaneReporter(send, sockets);
  const tunnel = planeTunnel(setup, reporter);
  const connections = new PlaneConnections(tunnel, cipher);
  connections.obey({ type: "connections", setups: [{ mux, context, windowSize: sample.windowSize, sequence }] });
  connections.obey({ type: "routes", rows: routeRows(EVERYWHERE.map((prefix) => ({ prefix, mux }))) });
  const plane = new DataPlane({ device, sockets, poller, cipher, tunnel, frames, datagrams });
  plane.packetLimit = PACKET_LIMIT;
  const loop = new PlaneLoop({ plane, poller, tunnel, reporter, sockets, send });
  for (let round = 0; round < ROUNDS; round++) {
    let passed = 0;
    for (const burst of bursts) {
      loopback.feed(samples, burst);
      // what is sent comes back at once: a second turn of the same run takes it
      loop.run(MOST_WAIT_MS);
      passed += loopback.drain();
      // before that, frames have nowhere to go
      if (round === 0) tunnel.setEndpoint(mux, endpoint);
    }
    if (passed === 0) return;
    yield passed;
  }
}
