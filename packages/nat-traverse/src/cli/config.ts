/** The command line as values that can be used. */
import { type CommandWords, commandWords } from "../command/command-text.ts";
import { NatTraverseError, quoted } from "../errors.ts";
import { type PeerSpec, parsePeerSpec } from "../peer-spec.ts";
import type { Subject } from "../progress/progress.ts";
import type { Invocation } from "./arguments.ts";
import type { OptionName } from "./options.ts";

/** Beyond this, seconds and packets are as good as without end. */
const LARGEST_NUMBER = 2 ** 31 - 1;
const DAY_SECONDS = 86_400;

export interface Config {
  readonly spec: PeerSpec;
  /** As typed, for the texts. */
  readonly subject: Subject;
  /** Seconds until our acknowledgement to an original, 0 for at once. */
  readonly window: number;
  /** Seconds, 0 for ever. */
  readonly timeout: number;
  readonly command: { readonly text: string; readonly words: CommandWords } | undefined;
  readonly quitAfterConnect: boolean;
  readonly keepaliveSeconds: number;
  readonly stays: boolean;
  readonly bytesPerSecond: number | undefined;
  readonly spray: boolean;
  /** Undefined: as root. */
  readonly lowPorts: false | undefined;
  readonly shortTtl: boolean;
  readonly telling: Telling;
}

/** How progress is told; `auto` depends on the terminal. */
export type Telling = "auto" | "json" | "quiet" | "verbose";

/**
 * @param invocation without mistakes
 * @param encoding how the words came from bytes
 * @throws NatTraverseError `usage`
 */
export function makeConfig({ values, words }: Invocation, encoding: "utf8" | "latin1"): Config {
  const [argument, extra] = words;
  if (argument === undefined) throw new NatTraverseError("usage", "the argument LOCALPORT:PEER:REMOTEPORT is missing");
  if (extra !== undefined) {
    const all = words.map(quoted).join(" ");
    throw new NatTraverseError("usage", `one argument is expected, not ${words.length}: ${all}`);
  }
  const window = numberOf(values, "window", 10);
  const timeout = numberOf(values, "timeout", 10);
  const keepalive = numberOf(values, "keepalive", 25);
  if (keepalive < 0 || keepalive > DAY_SECONDS) {
    throw new NatTraverseError("usage", `--keepalive ${keepalive}: expected seconds from 0 to ${DAY_SECONDS}`);
  }
  const spec = parsePeerSpec(argument);
  return {
    spec,
    subject: { ...fieldsOf(argument), window, timeout },
    window: Math.max(0, window),
    timeout: Math.max(0, timeout),
    command: commandOf(values.get("cmd"), encoding),
    quitAfterConnect: values.has("quit-after-connect"),
    keepaliveSeconds: keepalive,
    stays: values.has("stay"),
    bytesPerSecond: rateOf(values.get("limit-rate")),
    spray: !values.has("no-spray"),
    lowPorts: values.has("no-low-ports") ? false : undefined,
    shortTtl: !values.has("no-short-ttl"),
    telling: tellingOf(values),
  };
}

function numberOf(values: ReadonlyMap<OptionName, string>, name: OptionName, otherwise: number): number {
  const text = values.get(name);
  if (text === undefined) return otherwise;
  return Math.max(-LARGEST_NUMBER, Math.min(Number(text), LARGEST_NUMBER));
}

/** An argument that was parsed already, by field. */
function fieldsOf(argument: string): Pick<Subject, "localPort" | "peer" | "remotePort"> {
  const [first, last] = [argument.indexOf(":"), argument.lastIndexOf(":")];
  return {
    localPort: argument.slice(0, first),
    peer: argument.slice(first + 1, last),
    remotePort: argument.slice(last + 1),
  };
}

function commandOf(text: string | undefined, encoding: "utf8" | "latin1"): Config["command"] {
  if (text === undefined) return undefined;
  const words = commandWords(Buffer.from(text, encoding));
  if (words === undefined) throw new NatTraverseError("usage", `--cmd ${quoted(text)}: expected a command`);
  return { text, words };
}

function rateOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, digits, unit] = /^(\d{1,12})([kmg]?)$/i.exec(text) ?? [];
  const rate = Number(digits ?? 0) * 1_000 ** ["", "k", "m", "g"].indexOf((unit ?? "").toLowerCase());
  if (rate < 1) {
    throw new NatTraverseError("usage", `--limit-rate ${quoted(text)}: expected bytes a second, such as 64000 or 2M`);
  }
  return rate;
}

function tellingOf(values: ReadonlyMap<OptionName, string>): Telling {
  const [first, second] = (["json", "quiet", "verbose"] as const).filter((name) => values.has(name));
  if (second !== undefined) throw new NatTraverseError("usage", `--${first} and --${second} exclude each other`);
  return first ?? "auto";
}
