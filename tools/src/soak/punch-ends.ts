// One side of many holes: a process in a host that opens one after the other, see packages/nat-traverse/bench/ends.mjs.
import { fileURLToPath } from "node:url";
import type { Host, Program } from "../lab/index.ts";

/** The program at an end: ours, or the one that is installed. */
export type Puncher = "ours" | "original";

export interface EndRequest {
  readonly program: Puncher;
  readonly localPort: number;
  readonly peer: string;
  readonly peerPort: number;
  /** Seconds. */
  readonly timeout?: number;
  readonly lowPorts?: boolean;
}

export interface PunchEnd {
  /** When the first packet was sent; times are those of performance.now(). */
  readonly beganAt: number;
  readonly ended: Promise<EndResult>;
}

export interface EndResult {
  /** As of a program with --quit-after-connect. */
  readonly status: number;
  readonly at: number;
  /** From the start to the connection, of ours. */
  readonly ms: number | undefined;
  /** What it told. */
  readonly text: string;
}

const script = fileURLToPath(new URL("../../../packages/nat-traverse/bench/ends.mjs", import.meta.url));
const RUN_LIMIT_MS = 120_000;

export class PunchEnds {
  readonly #program: Program;
  #id = 0;

  private constructor(program: Program) {
    this.#program = program;
  }

  /** Ends with the host. */
  static async start(host: Host): Promise<PunchEnds> {
    const program = host.spawn(process.execPath, [script]);
    await program.waitFor(/^ready$/m, { timeout: RUN_LIMIT_MS });
    return new PunchEnds(program);
  }

  /** Fulfilled with the first packet. @throws LabError */
  async begin(request: EndRequest): Promise<PunchEnd> {
    this.#id += 1;
    const id = this.#id;
    const wait = { from: this.#program.output.length, timeout: RUN_LIMIT_MS };
    this.#program.write(`${JSON.stringify({ id, ...request })}\n`);
    await this.#program.waitFor(new RegExp(`^(began|ended) ${id}\\b`, "m"), wait);
    const beganAt = performance.now();
    return { beganAt, ended: this.#end(id, wait) };
  }

  async #end(id: number, wait: { from: number; timeout: number }): Promise<EndResult> {
    const [, text = ""] = await this.#program.waitFor(new RegExp(`^ended ${id} (.*)$`, "m"), wait);
    const result: unknown = JSON.parse(text);
    const at = performance.now();
    if (typeof result !== "object" || result === null) throw new TypeError(`${script} said ${text}`);
    const { status, ms, text: told } = { status: undefined, ms: undefined, text: undefined, ...result };
    return {
      status: typeof status === "number" ? status : Number.NaN,
      at,
      ms: typeof ms === "number" ? ms : undefined,
      text: typeof told === "string" ? told : "",
    };
  }
}
