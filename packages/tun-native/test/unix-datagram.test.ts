import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { UnixDatagram } from "../src/index.ts";
import { UnixReceiver } from "../src/testing/index.ts";

const folder = mkdtempSync(join(tmpdir(), "tun-native-unix-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const freshPath = (): string => join(folder, `socket${count++}`);

function receiver(path: string): UnixReceiver {
  const made = new UnixReceiver(path);
  onTestFinished(() => made.close());
  return made;
}

function sender(path: string): UnixDatagram {
  const made = UnixDatagram.open(path);
  onTestFinished(() => made.close());
  return made;
}

const failure = (code: string) => expect.objectContaining({ name: "TunNativeError", code });

describe("a unix datagram", () => {
  it.each([
    ["a path", freshPath],
    ["a path of the greatest length", () => join(folder, "x".repeat(107 - folder.length - 1))],
    ["an abstract name", () => `@tun-native-test-${process.pid}`],
  ])("reaches %s, whole and in order", (_, name) => {
    const path = name();
    const to = receiver(path);
    const from = sender(path);
    for (const text of ["one", "zwei ß", "x".repeat(50_000)]) expect(from.send(Buffer.from(text))).toBeUndefined();
    expect(to.drain()).toEqual(["one", "zwei ß", "x".repeat(50_000)]);
    expect(to.drain()).toEqual([]);
  });

  it("of an abstract name leaves no file", () => {
    const before = readdirSync(".");
    receiver(`@tun-native-file-${process.pid}`);
    expect(readdirSync(".")).toEqual(before);
  });

  it("that nobody has room for is refused at once, and taken when there is room again", () => {
    const path = freshPath();
    const to = receiver(path);
    const from = sender(path);
    let sent = 0;
    let result = from.send(Buffer.from("x"));
    for (; result === undefined && sent < 100_000; sent++) result = from.send(Buffer.from("x"));
    expect(result).toBe("EAGAIN");
    expect(to.drain()).toHaveLength(sent);
    expect(from.send(Buffer.from("again"))).toBeUndefined();
    expect(to.drain()).toEqual(["again"]);
  });

  it("that is too long is refused, the next one goes", () => {
    const path = freshPath();
    const to = receiver(path);
    const from = sender(path);
    expect(from.send(new Uint8Array(16 << 20))).toBe("EMSGSIZE");
    expect(from.send(Buffer.from("short"))).toBeUndefined();
    expect(to.drain()).toEqual(["short"]);
  });

  it("to a receiver that is gone says so, until it is opened again", () => {
    const path = freshPath();
    const first = receiver(path);
    const from = sender(path);
    first.close();
    expect(from.send(Buffer.from("x"))).toBe("ECONNREFUSED");
    expect(() => UnixDatagram.open(path)).toThrow(failure("ECONNREFUSED"));
    rmSync(path);
    const second = receiver(path);
    expect(from.send(Buffer.from("x"))).toBe("ENOTCONN");
    expect(sender(path).send(Buffer.from("back"))).toBeUndefined();
    expect(second.drain()).toEqual(["back"]);
  });

  it("fails to open with the kernel's reason and leaves nothing open", async () => {
    const file = freshPath();
    writeFileSync(file, "");
    const stream = freshPath();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(stream, resolve));
    onTestFinished(() => void server.close());
    const before = readdirSync("/proc/self/fd").length;
    expect(() => UnixDatagram.open(freshPath())).toThrow(failure("ENOENT"));
    expect(() => UnixDatagram.open(file)).toThrow(failure("ECONNREFUSED"));
    expect(() => UnixDatagram.open(stream)).toThrow(failure("EPROTOTYPE"));
    expect(() => UnixDatagram.open(`@tun-native-nobody-${process.pid}`)).toThrow(/^connect @.*: ECONNREFUSED/);
    for (const path of ["", "x".repeat(108), "a\0b"]) {
      expect(() => UnixDatagram.open(path)).toThrow(failure("ERR_ARGUMENT"));
    }
    expect(readdirSync("/proc/self/fd").length).toBe(before);
  });

  it("cannot be sent after close, which may be called twice", () => {
    const path = freshPath();
    receiver(path);
    const from = sender(path);
    from.close();
    from.close();
    expect(() => from.send(Buffer.from("x"))).toThrow(failure("ERR_CLOSED"));
  });
});
