// Two hosts with a cable between them, and either program on either of them.
import { fileURLToPath } from "node:url";
import { type Host, Lab, type LinkEnd, type Program, type ProgramOptions } from "satp-tools/lab";

export const PROGRAM: string = fileURLToPath(new URL("../../dist/bin/nat-traverse.js", import.meta.url));

/** The socket is there. */
export const SENDING = /initial packets/;

export type Kind = "ours" | "original";

/** Which program is left and which is right. */
export const MIXES: readonly (readonly [Kind, Kind])[] = [
  ["ours", "ours"],
  ["ours", "original"],
  ["original", "ours"],
];

export interface Pair {
  readonly left: Program;
  readonly right: Program;
}

interface PairOptions {
  /** Before the argument; default a window of two seconds: with an odd one an original can lose its only ACK. */
  readonly left?: readonly string[];
  readonly right?: readonly string[];
  readonly leftOptions?: ProgramOptions;
  readonly rightOptions?: ProgramOptions;
}

export class TwoHosts {
  readonly left: LinkEnd;
  readonly right: LinkEnd;
  readonly #lab: Lab;
  #port = 40_000;

  private constructor(lab: Lab, left: LinkEnd, right: LinkEnd) {
    this.#lab = lab;
    this.left = left;
    this.right = right;
  }

  static async create(): Promise<TwoHosts> {
    const lab = await Lab.create();
    try {
      const [left, right] = await lab.pair("left", "right");
      return new TwoHosts(lab, left, right);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A port that no test before has used, on either host. */
  port(): number {
    this.#port += 2;
    return this.#port;
  }

  start(host: Host, kind: Kind, args: readonly string[], options: ProgramOptions = {}): Program {
    return kind === "ours"
      ? host.spawn(process.execPath, [PROGRAM, ...args], options)
      : host.spawn("nat-traverse", args, options);
  }

  /**
   * Both ends, towards each other, on fresh ports. Ours is there before an original starts: a refusal on the way costs an
   * original its only acknowledgement.
   */
  async pair([left, right]: readonly [Kind, Kind], options: PairOptions = {}): Promise<Pair> {
    const port = this.port();
    const usual = ["--window=2"];
    const leftArgs = [...(options.left ?? usual), `${port}:${this.right.ipv4}:${port + 1}`];
    const rightArgs = [...(options.right ?? usual), `${port + 1}:${this.left.ipv4}:${port}`];
    const startLeft = (): Program => this.start(this.left.host, left, leftArgs, options.leftOptions);
    const startRight = (): Program => this.start(this.right.host, right, rightArgs, options.rightOptions);
    if (left === "original") {
      const ours = startRight();
      await ours.waitFor(SENDING);
      return { left: startLeft(), right: ours };
    }
    const ours = startLeft();
    if (right === "original") await ours.waitFor(SENDING);
    return { left: ours, right: startRight() };
  }

  /** The same, when both relay. */
  async relays(mix: readonly [Kind, Kind], options: PairOptions = {}): Promise<Pair> {
    const pair = await this.pair(mix, options);
    await Promise.all([pair.left.waitFor(/> Type ahead\.\n/), pair.right.waitFor(/> Type ahead\.\n/)]);
    return pair;
  }

  /** Both processes of an original; only the first would leave the other behind. */
  async killOriginals(host: Host): Promise<void> {
    await host.run("pkill", ["-KILL", "-f", "/usr/bin/nat-traverse"]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lab[Symbol.asyncDispose]();
  }
}
