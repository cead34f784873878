import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { lockFile, unlockFile } from "tun-native";
import { describe, expect, it, onTestFinished } from "vitest";
import { askDaemon } from "../../src/status/ask-daemon.ts";
import { type OpenStatusOptions, openStatus } from "../../src/status/open-status.ts";
import type { StatusLine, StatusRequest } from "../../src/status/protocol.ts";
import { type Answer, StatusServer } from "../../src/status/status-server.ts";
import { memoryLog } from "../support/memory-log.ts";
import { scratchDir } from "../support/scratch.ts";
import { until } from "../support/until.ts";

const limits = { clients: 3, waitMs: 300, lifeMs: 20_000 };
const lock = { lockFile, unlockFile };
const question = { version: 1, peers: 2 } as const;

const saying = (...lines: readonly object[]): Answer =>
  async function* (): AsyncGenerator<StatusLine> {
    for (const line of lines) yield JSON.parse(JSON.stringify(line));
  };

async function serve(answer: Answer): Promise<{ path: string; server: StatusServer }> {
  const path = join(scratchDir(), "s.sock");
  const server = new StatusServer(answer, memoryLog().log, limits);
  await server.listen(path);
  onTestFinished(() => server.close());
  return { path, server };
}

/** What comes back for raw bytes, and when the connection has ended. */
function raw(path: string, text: string): { socket: Socket; ended: Promise<string> } {
  const socket = connect({ path, allowHalfOpen: true });
  let got = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    got += chunk;
  });
  socket.on("error", () => undefined);
  socket.on("end", () => socket.end());
  if (text !== "") socket.write(text);
  return { socket, ended: new Promise((resolve) => socket.once("close", () => resolve(got))) };
}

describe("the status server", () => {
  it("passes questions on and answers with lines", async () => {
    const asked: StatusRequest[] = [];
    const { path } = await serve(async function* (request) {
      asked.push(request);
      yield* saying(
        { daemon: { name: "a" } },
        { peers: [{ mux: 1 }] },
        { peers: [{ mux: 2 }] },
        { end: true },
      )(request);
    });
    expect(await askDaemon(path, question)).toEqual({ daemon: { name: "a" }, peers: [{ mux: 1 }, { mux: 2 }] });
    expect(asked).toEqual([question]);
  });

  it.each([
    ["not JSON", "hello\n"],
    ["another version", '{"version":2,"peers":1}\n'],
    ["no number of peers", '{"version":1}\n'],
    ["too many peers", '{"version":1,"peers":65537}\n'],
    ["a list", "[]\n"],
    ["nothing", "null\n"],
    ["a long one", "x".repeat(100_000)],
  ])("refuses a question that is %s", async (_, text) => {
    const { path } = await serve(saying({ end: true }));
    expect(await raw(path, text).ended).toBe('{"error":"this is not a question that anytun status would ask"}\n');
    expect(await askDaemon(path, question)).toEqual({
      reason: "unavailable",
      text: "the daemon ended the answer: it has too many clients, or has just stopped",
    });
  });

  it("waits for no question for long, and lets nobody keep the others out", async () => {
    const { path } = await serve(saying({ daemon: { name: "a" } }, { end: true }));
    const silent = Array.from({ length: limits.clients }, () => raw(path, ""));
    await Promise.all(silent.map(({ socket }) => new Promise((resolve) => socket.once("connect", resolve))));
    expect(await askDaemon(path, question)).toMatchObject({ reason: "unavailable" });
    await Promise.all(silent.map(({ ended }) => ended));
    expect(await askDaemon(path, question)).toMatchObject({ daemon: { name: "a" } });
  });

  it("makes no more of an answer than is read", async () => {
    let made = 0;
    let finished = false;
    const { path } = await serve(async function* () {
      try {
        for (; made < 100_000; made++) yield JSON.parse(JSON.stringify({ peers: [{ text: "x".repeat(10_000) }] }));
      } finally {
        finished = true;
      }
    });
    const { socket, ended } = raw(path, `${JSON.stringify(question)}\n`);
    socket.pause();
    await until(() => finished);
    // what fits into buffers of the kernel and of Node, far from all of it
    expect(made).toBeLessThan(1000);
    socket.resume();
    await ended;
  });

  it("tells why an answer broke off", async () => {
    const { path } = await serve(async function* () {
      yield* saying({ daemon: {} })(question);
      throw new Error("the interface is gone");
    });
    expect(await askDaemon(path, question)).toEqual({ reason: "unavailable", text: "the interface is gone" });
  });

  it("ends its clients and removes its file", async () => {
    const { path, server } = await serve(saying({ end: true }));
    const { socket, ended } = raw(path, "");
    await new Promise((resolve) => socket.once("connect", resolve));
    await Promise.all([server.close(), server.close()]);
    await ended;
    expect(existsSync(path)).toBe(false);
    expect(await askDaemon(path, question)).toMatchObject({ reason: "not-running" });
  });
});

describe("asking", () => {
  it("takes nobody for an answer who says nothing, or something else", async () => {
    const path = join(scratchDir(), "s.sock");
    let reply = "";
    const server = createServer((socket) => socket.on("error", () => undefined).write(reply));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => void server.close());
    expect(await askDaemon(path, question, 100)).toEqual({ reason: "unavailable", text: "the daemon does not answer" });
    reply = "220 smtp ready\n";
    expect(await askDaemon(path, question, 100)).toEqual({
      reason: "unavailable",
      text: "whoever answers is no anytun",
    });
  });
});

describe("the place of the status socket", () => {
  function open(changes: Partial<OpenStatusOptions> = {}, dir = scratchDir()) {
    const { log, lines } = memoryLog();
    const options: OpenStatusOptions = {
      ...{ socket: { dir }, name: "tun0", pid: 77, lock, log },
      findGroup: (name) => (name === "mine" ? process.getegid?.() : undefined),
      answer: (name) => saying({ daemon: { name } }, { end: true }),
      ...changes,
    };
    const opened = openStatus(options).then((server) => {
      if (server !== undefined) onTestFinished(() => server.close());
      return server;
    });
    return { dir, lines, opened };
  }

  it("is open to a group that was asked for, and refused with a group that is not there", async () => {
    const parent = scratchDir();
    const dir = join(parent, "new");
    await open({ socket: { dir, group: "mine" } }, dir).opened;
    const { mode, gid } = statSync(join(dir, "tun0.sock"));
    expect([mode & 0o777, gid, statSync(dir).mode & 0o777]).toEqual([0o660, process.getegid?.(), 0o750]);
    await expect(open({ socket: { dir, group: "other" }, name: "tun1" }, dir).opened).rejects.toThrow(
      /^--status-group other: unknown group$/,
    );
  });

  it("is a file for its owner only, from the first moment on, whatever the umask", async () => {
    const parent = scratchDir();
    const mask = process.umask(0);
    onTestFinished(() => void process.umask(mask));
    await open({}, join(parent, "new", "run")).opened;
    const path = join(parent, "new", "run", "tun0.sock");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(parent, "new", "run")).mode & 0o777).toBe(0o700);
    expect(process.umask()).toBe(0);
    expect(await askDaemon(path, question)).toMatchObject({ daemon: { name: "tun0" } });
  });

  it("is taken over from a daemon that was killed", async () => {
    const dir = scratchDir();
    const path = join(dir, "tun0.sock");
    const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    expect(() => execFileSync(process.execPath, ["-e", script])).toThrow();
    expect(existsSync(path)).toBe(true);
    const { opened, lines } = open({}, dir);
    expect(await opened).toBeDefined();
    expect(lines).toEqual([`INFO: status socket: ${path}`]);
    expect(await askDaemon(path, question)).toMatchObject({ daemon: { name: "tun0" } });
  });

  it("is never taken from a daemon that lives: another name is found", async () => {
    const dir = scratchDir();
    await open({}, dir).opened;
    const { opened, lines } = open({}, dir);
    await opened;
    expect(lines).toEqual([`INFO: status socket: ${dir}/tun0-77.sock`]);
    for (const name of ["tun0", "tun0-77"]) {
      expect(await askDaemon(join(dir, `${name}.sock`), question)).toMatchObject({ daemon: { name } });
    }
    const third = open({}, dir);
    expect(await third.opened).toBeUndefined();
    expect(third.lines[0]).toMatch(/^WARNING: anytun status will not find this daemon: .*another daemon answers there/);
  });

  it("goes to one of many that start at the same time", async () => {
    const dir = scratchDir();
    await Promise.all(Array.from({ length: 5 }, (_, pid) => open({ pid }, dir).opened));
    const answers = await Promise.all(
      ["tun0", ...Array.from({ length: 5 }, (_, pid) => `tun0-${pid}`)].map((name) =>
        askDaemon(join(dir, `${name}.sock`), question),
      ),
    );
    expect(answers.filter((answer) => "daemon" in answer)).toHaveLength(5);
  });

  it("that was asked for must be free", async () => {
    const path = join(scratchDir(), "here");
    await open({ socket: { path } }).opened;
    await expect(open({ socket: { path } }).opened).rejects.toThrow(
      `--status-socket ${path}: another daemon answers there`,
    );
    const file = join(scratchDir(), "file");
    writeFileSync(file, "precious");
    await expect(open({ socket: { path: file } }).opened).rejects.toThrow(
      `status socket ${file}: something else is there`,
    );
    expect(statSync(file).size).toBe(8);
    expect(await open({ socket: undefined }).opened).toBeUndefined();
  });

  it("that cannot be made is no reason not to start, unless it was asked for", async () => {
    const dir = scratchDir();
    writeFileSync(join(dir, "file"), "");
    const { opened, lines } = open({ socket: { dir: join(dir, "file", "run") } });
    expect(await opened).toBeUndefined();
    expect(lines).toEqual([
      expect.stringMatching(/^WARNING: anytun status will not find this daemon: .*mkdir .*ENOTDIR/),
    ]);
    await expect(open({ socket: { path: join(dir, "file", "x") } }).opened).rejects.toThrow(/EEXIST/);
    const long = open({ name: "n".repeat(120) });
    expect(await long.opened).toBeUndefined();
    expect(long.lines[0]).toMatch(/longer than 107 bytes/);
    chmodSync(dir, 0o700);
    mkdirSync(join(dir, "tun0.sock"));
    const taken = open({}, dir);
    expect(await taken.opened).toBeUndefined();
    expect(taken.lines[0]).toMatch(/something else is there/);
  });
});
