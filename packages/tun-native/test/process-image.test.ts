// What another program finds when this process has become it.
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { ignoreSignals, replaceProcess } from "../src/index.ts";
import { bundledLibrary } from "./support/namespace.ts";

/** Output and end of a process whose body can use `tun`, `bytes` and `become(shellText, openFiles)`. */
async function image(body: string, shell = "exec node") {
  const { file, env } = await bundledLibrary();
  const code = `
    const tun = await import(${JSON.stringify(file)});
    const bytes = (text) => Buffer.from(text);
    const become = (text, openFiles) =>
      tun.replaceProcess({ path: bytes("/bin/sh"), args: ["sh", "-c", text].map(bytes), openFiles });
    ${body}`;
  const line = `${shell.replace("node", '"$0"')} --input-type=module --eval "$1"`;
  const { status, signal, stdout, stderr, pid } = spawnSync("sh", ["-c", line, process.execPath, code], {
    env,
    encoding: "utf8",
    input: "what stands at standard input",
    timeout: 15_000,
  });
  return { status, signal, stdout, stderr, pid };
}

describe("a process that becomes another program", () => {
  it("keeps its number, directory and environment", async () => {
    const { stdout, pid } = await image(`
      process.chdir("/proc");
      process.env.OWN_WORD = "kept";
      become('echo $$ $PWD $OWN_WORD; cat');`);
    expect(stdout).toBe(`${pid} /proc kept\nwhat stands at standard input`);
  });

  it("has one thread, default signals and no descriptors but three", async () => {
    const { stdout } = await image(`
      process.on("SIGTERM", () => {});
      await new Promise((resolve) => setTimeout(resolve, 20));
      become('grep -E "^(Threads|SigIgn|SigBlk):" /proc/$$/status; cd /proc/$$/fd; echo [0-9]; echo [0-9][0-9]');`);
    const lines = stdout.split("\n").map((line) => line.replace(/\s+/g, " "));
    expect(lines).toEqual([
      "Threads: 1",
      "SigBlk: 0000000000000000",
      "SigIgn: 0000000000000000",
      // the shell itself has its script at hand, and nothing else
      expect.stringMatching(/^0 1 2( 3)?$/),
      expect.stringMatching(/^(\[0-9\]\[0-9\]|10)$/),
      "",
    ]);
  });

  it("ignores what it is told to ignore", async () => {
    const { stdout } = await image(`
      tun.ignoreSignals([1]);
      process.kill(process.pid, "SIGHUP");
      const args = ["sh", "-c", "grep ^SigIgn: /proc/$$/status"].map(bytes);
      tun.replaceProcess({ path: bytes("/bin/sh"), args, ignored: [1, 13, 64] });`);
    expect(stdout).toMatch(/^SigIgn:\s8000000000001001\n$/);
    expect(() => ignoreSignals([9])).toThrow(/EINVAL/);
    expect(() => ignoreSignals([0])).toThrow(/a number from 1 to 64/);
  });

  it("ends as that program ends", async () => {
    expect(await image(`become('echo out; echo err >&2; exit 7');`)).toMatchObject({
      status: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
    // Node ignores SIGPIPE, the new program does not
    expect(await image(`become('kill -PIPE $$');`)).toMatchObject({ status: null, signal: "SIGPIPE" });
  });

  it("can have the limit of open descriptors of its parent", async () => {
    const { stdout } = await image(
      `const limit = tun.openFilesLimit(process.ppid);
       become('ulimit -Sn', limit);`,
      "ulimit -Sn 200; node",
    );
    expect(stdout).toBe("200\n");
    expect((await image(`console.log(tun.openFilesLimit(0x7ffffffe));`)).stdout).toBe("undefined\n");
  });

  it("speaks through a socket, blocking, where it had standard input and output", async () => {
    const { stderr } = await image(`
      const socket = tun.UdpSocket.open({ family: 4, address: "127.0.0.1", port: 0 });
      tun.becomeStandardStreams(socket.fd);
      become('(readlink /proc/$$/fd/0 /proc/$$/fd/1; cat /proc/$$/fdinfo/0) >&2; true');`);
    const [input, output, , flags] = stderr.split("\n");
    expect(input).toMatch(/^socket:/);
    expect(output).toBe(input);
    const O_NONBLOCK = 0o4000;
    expect(Number.parseInt(flags?.replace("flags:", "") ?? "", 8) & O_NONBLOCK).toBe(0);
  });

  it("stays what it is when that cannot be run", async () => {
    const { stdout, status } = await image(`
      const tryIt = (path) => tun.replaceProcess({ path: bytes(path), args: [bytes("x")], openFiles: 64 }).message;
      console.log(tryIt("/nonexistent"));
      console.log(tryIt("/etc/passwd"));
      // still able to wait, to catch signals and to ignore SIGPIPE
      await new Promise((resolve) => {
        const waiting = setTimeout(() => {}, 10_000);
        process.on("SIGUSR2", () => resolve(clearTimeout(waiting)));
        process.kill(process.pid, "SIGPIPE");
        process.kill(process.pid, "SIGUSR2");
      });
      console.log("here");`);
    expect(stdout.split("\n")).toEqual([
      "execve /nonexistent: ENOENT (No such file or directory)",
      "execve /etc/passwd: EACCES (Permission denied)",
      "here",
      "",
    ]);
    expect(status).toBe(0);
  });

  it("refuses words that no command line can hold", () => {
    const path = Buffer.from("/bin/true");
    const refused = expect.objectContaining({ code: "ERR_ARGUMENT" });
    expect(() => replaceProcess({ path, args: [] })).toThrow(refused);
    expect(() => replaceProcess({ path, args: [Uint8Array.of(97, 0, 98)] })).toThrow(refused);
    expect(() => replaceProcess({ path: Uint8Array.of(0), args: [path] })).toThrow(refused);
  });
});
