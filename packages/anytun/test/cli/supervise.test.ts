import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { type SignalSource, type Supervision, supervise } from "../../src/cli/supervise.ts";
import type { Daemon } from "../../src/daemon/daemon.ts";
import { settle } from "../support/fake-clock.ts";
import { memoryLog } from "../support/memory-log.ts";

/** A daemon that does what the test says. */
class FakeDaemon implements Daemon {
  readonly device = "tun0";
  readonly closed: Promise<void>;
  readonly calls: string[] = [];
  fail: (error: Error) => void = () => {};
  #end: () => void = () => {};
  readonly #closing: Promise<void>;

  constructor(closing: Promise<void> = Promise.resolve()) {
    this.closed = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.fail = reject;
    });
    this.#closing = closing;
  }

  async close(): Promise<void> {
    this.calls.push("close");
    await this.#closing;
    this.#end();
  }

  configure(): void {
    this.calls.push("configure");
  }

  async ping(): Promise<boolean> {
    return true;
  }

  async report(): Promise<string[]> {
    this.calls.push("report");
    return ["counters: a=1", "drops: none"];
  }
}

function run(
  start: (signal: AbortSignal) => Promise<Daemon | undefined>,
  options: Pick<Supervision, "closeTimeoutMs" | "burstMs"> = {},
) {
  const emitter = new EventEmitter();
  const signals: SignalSource = emitter;
  const { log, lines } = memoryLog();
  const complaints: string[] = [];
  const status = supervise({
    start,
    log,
    signals,
    complain: (text) => complaints.push(text),
    ...options,
  });
  return { signal: (name: string) => emitter.emit(name), lines, complaints, status, emitter };
}

const never = new Promise<never>(() => {});

describe("signals", () => {
  it.each([
    ["SIGINT", "SIG-Int"],
    ["SIGQUIT", "SIG-Quit"],
    ["SIGTERM", "SIG-Term"],
  ])("%s ends the daemon with status 0", async (name, shown) => {
    const daemon = new FakeDaemon();
    const { signal, lines, complaints, status, emitter } = run(async () => daemon);
    await settle();
    signal(name);
    expect(await status).toBe(0);
    expect(daemon.calls).toEqual(["close"]);
    expect(lines).toEqual([`NOTICE: ${shown} caught, exiting`]);
    expect(complaints).toEqual([]);
    expect(emitter.eventNames()).toEqual([]);
  });

  it("SIGUSR1 during the start is answered when there is something to tell", async () => {
    const daemon = new FakeDaemon();
    let started: (daemon: Daemon) => void = () => {};
    const { signal, lines, status } = run(
      () =>
        new Promise((resolve) => {
          started = resolve;
        }),
    );
    signal("SIGUSR1");
    await settle();
    expect(daemon.calls).toEqual([]);
    started(daemon);
    await settle();
    expect(lines).toEqual(["NOTICE: SIG-Usr1 caught", "NOTICE: counters: a=1", "NOTICE: drops: none"]);
    signal("SIGTERM");
    expect(await status).toBe(0);
    expect(daemon.calls).toEqual(["report", "close"]);
  });

  it.each([
    ["SIGHUP", ["NOTICE: SIG-Hup caught", "WARNING: cannot reopen"]],
    ["SIGUSR1", ["NOTICE: SIG-Usr1 caught", "NOTICE: counters: a=1", "NOTICE: drops: none"]],
    ["SIGUSR2", ["NOTICE: SIG-Usr2 caught", "NOTICE: debug lines are on"]],
  ])("%s is logged and the daemon goes on", async (name, expected) => {
    const daemon = new FakeDaemon();
    const { signal, lines, status } = run(async () => daemon);
    await settle();
    signal(name);
    await settle();
    expect(lines).toEqual(expected);
    expect(daemon.calls).not.toContain("close");
    signal("SIGTERM");
    expect(await status).toBe(0);
  });

  it("SIGUSR2 a second time switches debug lines off again", async () => {
    const { signal, lines, status } = run(async () => new FakeDaemon());
    signal("SIGUSR2");
    signal("SIGUSR2");
    expect(lines.filter((line) => line.includes("debug"))).toEqual([
      "NOTICE: debug lines are on",
      "NOTICE: debug lines are off",
    ]);
    signal("SIGTERM");
    expect(await status).toBe(0);
  });

  it("during the start abort it", async () => {
    let seen: AbortSignal | undefined;
    const { signal, status } = run((abort) => {
      seen = abort;
      return new Promise((resolve) => abort.addEventListener("abort", () => resolve(undefined)));
    });
    signal("SIGUSR1");
    signal("SIGTERM");
    expect(await status).toBe(0);
    expect(seen?.aborted).toBe(true);
  });

  it("that come while the start completes close what came up", async () => {
    const daemon = new FakeDaemon();
    let up: (daemon: Daemon) => void = () => {};
    const { signal, status } = run(() => new Promise((resolve) => (up = resolve)));
    signal("SIGTERM");
    up(daemon);
    expect(await status).toBe(0);
    expect(daemon.calls).toEqual(["close"]);
  });

  it("in a burst are one", async () => {
    const daemon = new FakeDaemon();
    const { signal, lines, status } = run(async () => daemon);
    await settle();
    for (let i = 0; i < 3; i++) signal("SIGTERM");
    expect(await status).toBe(0);
    expect(daemon.calls).toEqual(["close"]);
    expect(lines).toEqual(["NOTICE: SIG-Term caught, exiting"]);
  });

  it("a second one does not wait for the end", async () => {
    const { signal, lines, status } = run(async () => new FakeDaemon(never), { burstMs: 0 });
    await settle();
    signal("SIGTERM");
    signal("SIGINT");
    expect(await status).toBe(255);
    expect(lines).toEqual(["NOTICE: SIG-Term caught, exiting", "NOTICE: SIG-Int caught, exiting"]);
  });
});

describe("failures", () => {
  it("of the start are one log line, one plain line and status 255", async () => {
    const { lines, complaints, status } = run(async () => {
      throw new Error("bind 0.0.0.0:4444: EADDRINUSE (Address already in use)");
    });
    expect(await status).toBe(255);
    const text = "bind 0.0.0.0:4444: EADDRINUSE (Address already in use)";
    expect(lines).toEqual([`ERROR: uncaught runtime error, exiting: ${text}`]);
    expect(complaints).toEqual([text]);
  });

  it("of the running daemon too, and everything is closed", async () => {
    const daemon = new FakeDaemon();
    const { lines, status } = run(async () => daemon);
    await settle();
    daemon.fail(new Error("tun0 is gone"));
    expect(await status).toBe(255);
    expect(lines).toEqual(["ERROR: uncaught runtime error, exiting: tun0 is gone"]);
    expect(daemon.calls).toEqual(["close"]);
  });

  it("of the end are reported as well", async () => {
    const { signal, lines, status } = run(async () => new FakeDaemon(Promise.reject(new Error("worker died"))));
    await settle();
    signal("SIGTERM");
    expect(await status).toBe(255);
    expect(lines).toContain("ERROR: uncaught runtime error, exiting: worker died");
  });

  it("an end that never comes is given up", async () => {
    const { signal, lines, status } = run(async () => new FakeDaemon(never), { closeTimeoutMs: 50 });
    await settle();
    signal("SIGTERM");
    expect(await status).toBe(255);
    expect(lines.at(-1)).toBe("ERROR: the end takes longer than 0.05 sec., giving up");
  });

  it("of a report leave the daemon alone", async () => {
    const daemon = new FakeDaemon();
    daemon.report = () => Promise.reject(new Error("busy"));
    const { signal, lines, status } = run(async () => daemon);
    await settle();
    signal("SIGUSR1");
    await settle();
    expect(lines.at(-1)).toBe("WARNING: the counters are not available: busy");
    signal("SIGTERM");
    expect(await status).toBe(0);
  });
});
