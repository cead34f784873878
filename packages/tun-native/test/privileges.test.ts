import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requires } from "satp-tools/lab";
import { afterAll, describe, expect, it } from "vitest";
import { findGroup, findUser } from "../src/index.ts";
import { bundledLibrary } from "./support/namespace.ts";

const folder = mkdtempSync(join(tmpdir(), "tun-native-privileges-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a piece in a process that may lose everything. */
async function script(body: string): Promise<unknown> {
  const { file, env } = await bundledLibrary();
  const code = `const fs = await import("node:fs"); const { Worker } = await import("node:worker_threads");
    const tun = await import(${JSON.stringify(file)});
    const failure = (action) => { try { action(); return "nothing"; } catch ({ code }) { return code; } };
    const answer = (value) => fs.writeSync(1, JSON.stringify(value));
    ${body}`;
  const words = ["--input-type=module", "--eval", code];
  return JSON.parse(execFileSync(process.execPath, words, { env, encoding: "utf8", timeout: 15_000 }));
}

describe("giving up root", requires("root"), () => {
  it("reaches every thread, also those that run on", async () => {
    const lines = await script(`
      const worker = new Worker("while (true) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)", { eval: true });
      await new Promise((resolve) => worker.once("online", resolve));
      tun.confineProcess({ ids: { uid: 65534, gid: 65534 }, keep: ["NET_ADMIN"] });
      const lines = fs.readdirSync("/proc/self/task").map((task) => {
        const status = fs.readFileSync("/proc/self/task/" + task + "/status", "utf8");
        const field = (name) => new RegExp("^" + name + ":\\\\s*(.*)$", "m").exec(status)[1].replace(/\\s+/g, " ").trim();
        return [field("Uid"), field("Gid"), field("Groups"), field("NoNewPrivs"), field("CapPrm"), field("CapEff")].join(" ");
      });
      await worker.terminate();
      answer(lines);`);
    const ids = "65534 65534 65534 65534";
    const line = (capabilities: string) => `${ids} ${ids} 65534 1 ${capabilities} ${capabilities}`;
    const [main, ...others] = lines as string[];
    expect(main).toBe(line("0000000000001000"));
    expect(others.length).toBeGreaterThan(4);
    expect(new Set(others)).toEqual(new Set([line("0000000000000000")]));
  });

  it("cannot be taken back, and names the step that fails", async () => {
    expect(
      await script(`
        const missing = failure(() => tun.confineProcess({ root: "/nonexistent", keep: [] }));
        tun.confineProcess({ root: ${JSON.stringify(folder)}, ids: { uid: 65534, gid: 65534 }, keep: [] });
        answer([missing, failure(() => process.setuid(0)), fs.existsSync("/etc"),
          failure(() => tun.confineProcess({ ids: { uid: 1, gid: 1 }, keep: [] }))]);`),
    ).toEqual(["ENOENT", "EPERM", false, "EACCES"]);
  });
});

it("finds users and groups by their names only", () => {
  expect(findUser("root")).toEqual({ uid: 0, gid: 0 });
  expect(findGroup("root")).toBe(0);
  expect([findUser("0"), findUser("no such user"), findGroup("no such group")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(() => findUser("a\0b")).toThrow(expect.objectContaining({ code: "ERR_ARGUMENT" }));
});

describe("a doorkeeper", () => {
  it("opens what was named and nothing else, resolves names, runs its program, and ends with its owner", async () => {
    const [named, removable, other] = ["named", "removable", "other"].map((name) => join(folder, name));
    for (const path of [named, removable, other]) writeFileSync(path ?? "", "content");
    const [first, refused, removed, answers, ran, comm] = (await script(`
      const memory = new tun.MemoryFile("test");
      fs.writeSync(memory.fd, "handed over");
      const program = { words: ["/bin/cat", "/proc/self/fd/" + memory.fd], memory: memory.fd };
      const door = tun.Doorkeeper.start({ files: [${JSON.stringify(named)}], removable: [${JSON.stringify(removable)}],
        sockets: [], program, environment: {} });
      const read = (fd) => { const text = fs.readFileSync(fd, "utf8"); fs.closeSync(fd); return text; };
      const { O_RDONLY, O_RDWR, O_TRUNC } = fs.constants;
      const first = read(door.open(${JSON.stringify(named)}, O_RDONLY));
      const refused = [
        failure(() => door.open(${JSON.stringify(other)}, O_RDONLY)),
        failure(() => door.open(${JSON.stringify(`${folder}/../${folder.split("/").at(-1)}/named`)}, O_RDONLY)),
        failure(() => door.open(${JSON.stringify(named)}, O_RDWR | O_TRUNC)),
        failure(() => door.unlink(${JSON.stringify(named)})),
        failure(() => door.connect("/dev/log")),
      ];
      door.unlink(${JSON.stringify(removable)});
      const answers = [read(door.resolve("127.0.0.1", 4)), read(door.resolve("x".repeat(64), 0)).slice(0, 2)];
      const ran = read(door.run());
      answer([first, refused, fs.existsSync(${JSON.stringify(removable)}), answers, ran, "end"]);
      door.close();`)) as unknown[];
    expect([first, refused, removed]).toEqual(["content", Array.from({ length: 5 }, () => "EPERM"), false]);
    expect([answers, ran, comm]).toEqual([["4 127.0.0.1\n", "! "], "handed over", "end"]);
    expect(readFileSync(named ?? "", "utf8")).toBe("content");
  });
});

describe("a detached process", () => {
  it("is nobody's child, leads no session, and has the descriptors that were named and no others", async () => {
    const text = await script(`
      const pipe = new tun.Pipe();
      const kept = fs.openSync("/dev/null");
      const secret = fs.openSync("/etc/hostname");
      const script = "exec 1>/proc/self/fd/" + pipe.writeFd + "; read _ _ _ ppid _ sid _ </proc/self/stat; echo $sid $$ $1; [ -e /proc/self/fd/$2 ]; echo $?; [ -e /proc/self/fd/$3 ]; echo $?";
      const pid = tun.spawnDetached({ path: "/bin/sh", words: ["sh", "-c", script, "sh", "word", String(kept), String(secret)],
        environment: { PATH: "/bin" }, keep: [pipe.writeFd, kept] });
      pipe.closeWriter();
      let text = "";
      const bytes = Buffer.alloc(4096);
      for (let n = fs.readSync(pipe.readFd, bytes); n > 0; n = fs.readSync(pipe.readFd, bytes)) text += bytes.toString("utf8", 0, n);
      answer([pid, text.trim().split(/\\s+/), failure(() => tun.spawnDetached({ path: "/nonexistent", words: ["x"], environment: {}, keep: [] }))]);`);
    const [pid, [session, own, word, hasKept, hasSecret], missing] = text as [number, string[], string];
    expect([own, word, hasKept, hasSecret, missing]).toEqual([`${pid}`, "word", "0", "1", "ENOENT"]);
    expect(session).not.toBe(own);
  });
});
