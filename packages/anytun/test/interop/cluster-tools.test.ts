// Our tools and Debian's with one another: each reads what the other writes.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Program, requires, run } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { until } from "../support/until.ts";

const dist = (name: string): string => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url));
const ours = (name: string, args: readonly string[], input?: string) =>
  run(process.execPath, [dist(name), ...args], input === undefined ? {} : { input });

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "anytun-tools-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** anytun-controld of ours on a port of its own. */
async function controld(
  table: string,
  ...args: string[]
): Promise<{ program: Program; port: string; output(): string }> {
  const program = new Program(process.execPath, [
    ...[dist("anytun-controld"), "-D", "-L", "stdout:5", "-f", table, "-X", "127.0.0.1:0", ...args],
  ]);
  onTestFinished(async () => {
    await program.kill("SIGKILL");
  });
  const [, port = ""] = await program.waitFor(/sync server listening on 127\.0\.0\.1:(\d+)/);
  return { program, port, output: () => program.output };
}

const client = (mux: number): string[] => [
  "-E",
  `secret ${mux}`,
  "-m",
  `${mux}`,
  "-R",
  `10.${mux}.0.0/16`,
  "-e",
  "server",
];

describe("our tools", () => {
  it("show their version and usage, and refuse what they do not know, on stderr", async () => {
    for (const name of ["anytun-config", "anytun-controld", "anytun-showtables"]) {
      expect((await ours(name, ["-v"])).stdout).toMatch(new RegExp(`^${name} version \\d`));
      const usage = await ours(name, ["-h"]);
      expect([usage.status, usage.stderr, usage.stdout.split("\n")[0]]).toEqual([0, "", "USAGE:"]);
      const refused = await ours(name, ["--nonsense"]);
      expect(refused).toEqual({ status: 255, stdout: "", stderr: `${name}: --nonsense: unknown option\n` });
    }
  });

  it("make the man page's table, and show it", async () => {
    const secret = ["-K", "0123456789ABCDEFFEDCBA9876543210", "-A", "0123456789ABCDDCBA9876543210"];
    const args = ["-w", "0", "-m", "12", ...secret, "-R", "192.0.2.0/24", "-R", "192.168.1.1/32", "-e", "server"];
    const { stdout } = await ours("anytun-config", args);
    const shown = "Client 12: not registered\nRoute: 192.0.2.0/24 -> 12\nRoute: 192.168.1.1/32 -> 12\n";
    expect((await ours("anytun-showtables", [], stdout)).stdout).toBe(shown);
    expect((await ours("anytun-showtables", [], stdout.replaceAll("\n", ""))).stdout).toBe(shown);
  });

  it("tell of garbage on stderr, with status 1", async () => {
    const { status, stdout, stderr } = await ours("anytun-showtables", [], "00005 hello");
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toBe("anytun-showtables: frame 1: input stream error\n");
  });

  it("write nothing to stdout unless everything is right", async () => {
    const refused = await ours("anytun-config", ["-E", "x", "-R", "10.0.0.0/8,bad/8"]);
    expect(refused.status).toBe(255);
    expect(refused.stdout).toBe("");
    expect(refused.stderr).toMatch(/^anytun-config: -R bad\/8: expected NETWORK\/LENGTH[^\n]*\n$/);
  });

  it("refuse a directory, a missing file and a broken one, before they listen", async () => {
    const broken = join(dir, "broken");
    writeFileSync(broken, "USAGE:\n");
    for (const [file, text] of [
      [dir, "expected a file"],
      [join(dir, "none"), "unable to open file: No such file or directory (ENOENT)"],
      [broken, `${broken}:1: input stream error`],
    ] as const) {
      const { status, stderr } = await ours("anytun-controld", ["-D", "-L", "stderr:0", "-f", file]);
      expect(status).toBe(255);
      expect(stderr).toContain(text);
    }
    expect((await ours("anytun-controld", ["-D"])).stderr).toMatch(/^anytun-controld: -f: missing/);
  });

  it("follow a server with --watch --json, also over its absence", async () => {
    const table = join(dir, "watched");
    const [one, two] = [await ours("anytun-config", client(1)), await ours("anytun-config", client(2))];
    writeFileSync(table, one.stdout, { mode: 0o600 });
    const server = await controld(table);
    const words = ["--connect", `127.0.0.1:${server.port}`, "--watch", "--json"];
    const watch = new Program(process.execPath, [dist("anytun-showtables"), ...words]);
    onTestFinished(async () => {
      await watch.kill("SIGKILL");
    });
    await watch.waitFor(/{"type":"connected"}\n{"type":"connection","mux":1,.*\n.*\n{"type":"complete"}\n/);
    writeFileSync(table, two.stdout);
    await server.program.kill("SIGHUP");
    await watch.waitFor(/{"type":"connection-gone","mux":1}\n{"type":"route-gone","prefix":"10.1.0.0\/16"}\n/);
    await server.program.stop("SIGTERM");
    await watch.waitFor(/{"type":"lost","reason":"input stream error","retry_seconds":[0-9.]+}\n/);
    await watch.waitFor(/{"type":"unreachable","reason":"[^"]*ECONNREFUSED[^"]*","retry_seconds":[0-9.]+}\n/);
    await watch.kill("SIGTERM");
    expect(await watch.exited).toMatchObject({ status: 0 });
  });

  it("say so when a server ends without a word", async () => {
    const silent = createServer((socket) => socket.end());
    onTestFinished(() => void silent.close());
    await new Promise<void>((resolve) => void silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const port = typeof address === "object" ? address?.port : 0;
    expect(await ours("anytun-showtables", ["--connect", `127.0.0.1:${port}`])).toEqual({
      ...{ status: 1, stdout: "" },
      stderr: "anytun-showtables: closed before it said anything: it may expect TLS\n",
    });
    const watch = await ours("anytun-showtables", ["--connect", `127.0.0.1:${port}`, "--watch"]);
    expect(watch.stderr).toBe("anytun-showtables: --watch: stdout is no terminal; --json needs none\n");
  });

  it("serve a table, reload it, and end with status 0", async () => {
    const table = join(dir, "table");
    const [one, two] = [await ours("anytun-config", client(1)), await ours("anytun-config", client(2))];
    writeFileSync(table, one.stdout);
    const server = await controld(table);
    const show = new Program(process.execPath, [dist("anytun-showtables"), "--connect", `127.0.0.1:${server.port}`]);
    onTestFinished(async () => {
      await show.kill("SIGKILL");
    });
    await show.waitFor(/Route: 10\.1\.0\.0\/16 -> 1\n/);
    writeFileSync(table, one.stdout + two.stdout);
    await server.program.kill("SIGHUP");
    await show.waitFor(/Client 2: not registered\nRoute: 10\.2\.0\.0\/16 -> 2\n/);
    writeFileSync(table, `${one.stdout}x\n`);
    await server.program.kill("SIGHUP");
    await server.program.waitFor(/ERROR: .*table:3: .*the table stays as it was/);
    await server.program.kill("SIGTERM");
    expect((await server.program.exited).status).toBe(0);
    await until(() => !show.running);
    expect((await show.exited).status).toBe(0);
    expect(show.stderr).toBe("");
  });
});

describe("with Debian's tools", requires("anytun"), () => {
  const lines: string[][] = [
    ["-E", "test"],
    ["-E", "test", "-r", "2001:db8::1", "-o", "4445", "-m", "7", "-w", "100", "-e", "right", "-k", "aes-ctr-256"],
    ["-E", "a b", "-R", "10.1.2.3/24,192.168.4.0/22", "-R", "2001:db8::/32", "-R", "0.0.0.0/0", "-m", "65535"],
    ["-k", "null", "-r", "::192.0.2.1"],
    ["-K", "00".repeat(24), "-A", "ff".repeat(14), "-k", "aes-ctr-192"],
    ["-E", "test", "-6"],
    ["-E", "test", "-o", "0", "-r", "192.0.2.1"],
  ];

  it.each(lines.map((args) => ({ args })))("anytun-config $args prints the same bytes", async ({ args }) => {
    const [mine, theirs] = await Promise.all([ours("anytun-config", args), run("anytun-config", args)]);
    expect(mine).toEqual(theirs);
  });

  it("anytun-showtables reads each other's tables alike", async () => {
    const tables = await Promise.all(lines.map((args) => ours("anytun-config", args)));
    const text = `${tables.map(({ stdout }) => stdout.replaceAll("\n", "")).join("")}00000 `;
    const [mine, theirs] = await Promise.all([
      ours("anytun-showtables", [], text),
      run("anytun-showtables", [], { input: text }),
    ]);
    expect(mine.stdout).toBe(theirs.stdout);
    expect(mine.stdout.split("\n").length).toBe(12);
  });

  it("anytun-controld gives out the same bytes", async () => {
    const table = join(dir, "same");
    const tables = await Promise.all([1, 2, 3].map((mux) => run("anytun-config", client(mux))));
    const text = tables.map(({ stdout }) => stdout).join("");
    writeFileSync(table, text);
    const expected = text.replaceAll("\n", "");
    const mine = await controld(table);
    // Debian's cannot take a port from the kernel: one of many is free
    const theirPort = 20_000 + (process.pid % 20_000);
    const theirs = new Program("anytun-controld", [
      "-D",
      "-L",
      "stdout:5",
      "-f",
      table,
      "-X",
      `127.0.0.1:${theirPort}`,
    ]);
    onTestFinished(async () => {
      await theirs.kill("SIGKILL");
    });
    await theirs.waitFor(/sync server listening/);
    for (const port of [Number(mine.port), theirPort]) expect(await receive(port, expected.length)).toBe(expected);
  });
});

/** The first bytes that a server sends. */
function receive(port: number, bytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1");
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (text.length < bytes) return;
      socket.destroy();
      resolve(text);
    });
  });
}
