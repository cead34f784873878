// A process that was started for a test, inside a host or outside: its output as it comes, and its end.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { LabError } from "./lab-error.ts";
import { waitUntil } from "./wait-until.ts";

export interface ProgramOptions {
  /** Added to this process's environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Written to standard input, which is then closed. Without it standard input stays open and empty. */
  readonly input?: string | Uint8Array;
}

export interface RunOptions extends ProgramOptions {
  /** Milliseconds until the program is killed and the call fails. Default 30,000. */
  readonly timeout?: number;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit status, or 128 + signal number as in a shell. */
  readonly status: number;
}

export interface ExitState {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Output kept for {@link Program.waitFor}; older output of a chatty program is forgotten. */
const outputLimit = 8 * 1024 * 1024;
const signalNumbers: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

export class Program {
  /** Command line, for messages. */
  readonly title: string;
  /** Fulfilled, never rejected, when the process ended and its output is complete. */
  readonly exited: Promise<ExitState>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #wrapped: boolean;
  readonly #listeners = new Set<() => void>();
  #stdout = "";
  #stderr = "";
  #output = "";
  #exit: ExitState | undefined;
  #failure: Error | undefined;

  /**
   * @param wrapped the command is `nsenter`, which forks: signals and numbers concern its child.
   */
  constructor(command: string, args: readonly string[], options: ProgramOptions = {}, wrapped = false) {
    this.title = [command, ...args].join(" ");
    this.#wrapped = wrapped;
    const env: NodeJS.ProcessEnv = { ...process.env, ...options.env };
    env["PATH"] = `${env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;
    this.#child = spawn(command, args, { env, ...(options.cwd === undefined ? {} : { cwd: options.cwd }) });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout = keep(this.#stdout + text);
      this.#heard(text);
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = keep(this.#stderr + text);
      this.#heard(text);
    });
    // A program that ends before it read its input closes the pipe; its exit status says what matters.
    this.#child.stdin.on("error", () => {});
    if (options.input !== undefined) this.#child.stdin.end(options.input);
    this.exited = new Promise((resolve) => {
      this.#child.on("error", (error) => {
        this.#failure = error;
      });
      this.#child.on("close", (status, signal) => {
        this.#exit = { status, signal };
        this.#wake();
        resolve(this.#exit);
      });
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Both streams in the order in which they arrived. */
  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#exit === undefined;
  }

  /** Number of the program's own process as seen from outside its host; `undefined` before it exists and after it ended. */
  get pid(): number | undefined {
    const pid = this.#child.pid;
    if (pid === undefined || !this.running) return undefined;
    return this.#wrapped ? childrenOf(pid)[0] : pid;
  }

  /** Bytes of one stream as they come, for programs whose output is not text. Call it before anything was written. */
  rawOutput(listener: (chunk: Buffer) => void): void {
    this.#child.stdout.removeAllListeners("data");
    // setEncoding cannot be undone; latin1 maps every byte to one character and back.
    this.#child.stdout.setEncoding("latin1").on("data", (text: string) => listener(Buffer.from(text, "latin1")));
  }

  write(text: string | Uint8Array): void {
    this.#child.stdin.write(text);
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  /**
   * The first match in what the program has written so far or writes from now on.
   * @param options.from offset in {@link output} where the search begins; take `output.length` to wait for something new.
   * @throws LabError `timeout`, or `exited` when the program ends first; both with its output
   */
  async waitFor(pattern: RegExp, options: { timeout?: number; from?: number } = {}): Promise<RegExpExecArray> {
    const timeout = options.timeout ?? 10_000;
    const flags = pattern.flags.replace(/[gy]/g, "");
    const search = new RegExp(pattern.source, flags);
    return new Promise((resolve, reject) => {
      const done = (act: () => void): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        act();
      };
      const look = (): void => {
        const match = search.exec(this.#output.slice(options.from ?? 0));
        if (match !== null) done(() => resolve(match));
        else if (!this.running) done(() => reject(this.#error("exited", `ended before it wrote ${pattern}`)));
      };
      const timer = setTimeout(
        () => done(() => reject(this.#error("timeout", `did not write ${pattern} within ${timeout} ms`))),
        timeout,
      );
      this.#listeners.add(look);
      look();
    });
  }

  /** Sends a signal to the program itself. Returns false when it has ended. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<boolean> {
    const pid = await this.started();
    if (pid === undefined) return false;
    try {
      const sent = process.kill(pid, signal);
      // nsenter stops with its child, and would not see it go on or end
      if (this.#wrapped && (signal === "SIGCONT" || signal === "SIGKILL")) this.#child.kill("SIGCONT");
      return sent;
    } catch {
      return false;
    }
  }

  /** The process number as soon as the program runs; `undefined` when it ended before. */
  async started(): Promise<number | undefined> {
    await waitUntil(() => !this.running || this.pid !== undefined, { interval: 2, what: `${this.title} to start` });
    return this.pid;
  }

  /** Ends the program: `signal`, then SIGKILL after `grace` milliseconds. Idempotent. */
  async stop(signal: NodeJS.Signals = "SIGTERM", grace = 5_000): Promise<ExitState> {
    if (this.running) await this.kill(signal);
    const timer = setTimeout(() => void this.kill("SIGKILL"), grace);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  /** Waits for the end. @throws LabError `timeout` after which the program is dead, `missing` when it could not start */
  async result(timeout = 30_000): Promise<RunResult> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      void this.kill("SIGKILL");
    }, timeout);
    const { status, signal } = await this.exited;
    clearTimeout(timer);
    if (this.#failure !== undefined) throw new LabError("missing", this.#failure.message, { cause: this.#failure });
    if (late) throw this.#error("timeout", `still ran after ${timeout} ms`);
    const number = signal === null ? 0 : (signalNumbers[signal] ?? 0);
    return { stdout: this.#stdout, stderr: this.#stderr, status: status ?? 128 + number };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #heard(text: string): void {
    this.#output = keep(this.#output + text);
    this.#wake();
  }

  #wake(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #error(code: "exited" | "timeout", what: string): LabError {
    const tail = this.#output.slice(-4_000);
    return new LabError(code, `${this.title}: ${what}${tail === "" ? "" : `\n${tail}`}`);
  }
}

/** Runs a command outside of any host. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Program(command, args, { input: "", ...options }).result(options.timeout);
}

/** Numbers of the direct children of the main thread of a process. */
export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text.trim() === "" ? [] : text.trim().split(" ").map(Number);
  } catch {
    return [];
  }
}

function keep(text: string): string {
  return text.length > outputLimit ? text.slice(-outputLimit / 2) : text;
}
