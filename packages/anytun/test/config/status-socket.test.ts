import { describe, expect, it } from "vitest";
import { ArgumentSet } from "../../src/config/argument-set.ts";
import { parseStatusSocket, runDirs } from "../../src/config/status-socket.ts";

const user = { uid: 1000, cwd: "/home/me", variables: { XDG_RUNTIME_DIR: "/run/user/1000" } };
const root = { uid: 0, cwd: "/", variables: { XDG_RUNTIME_DIR: "/run/user/0" } };

function parse(value: string | undefined, environment: typeof user | typeof root = user, group?: string) {
  const args = [
    { name: "status-socket" as const, typed: "--status-socket", value },
    { name: "status-group" as const, typed: "--status-group", value: group },
  ].flatMap(({ value: text, ...rest }, index) => (text === undefined ? [] : [{ ...rest, value: text, index }]));
  return parseStatusSocket(new ArgumentSet(args), environment);
}

describe("--status-socket", () => {
  it("is in the system's or the session's directory without being asked for", () => {
    expect(parse(undefined, root)).toEqual({ dir: "/run/anytun" });
    expect(parse(undefined)).toEqual({ dir: "/run/user/1000/anytun" });
    for (const XDG_RUNTIME_DIR of ["", "relative"]) {
      expect(parse(undefined, { ...user, variables: { XDG_RUNTIME_DIR } })).toBeUndefined();
    }
  });

  it("takes a path, or none", () => {
    expect(parse("/run/here.sock")).toEqual({ path: "/run/here.sock" });
    expect(parse("here.sock")).toEqual({ path: "/home/me/here.sock" });
    expect(parse("none")).toBeUndefined();
  });

  it.each(["", "dir/", `/${"x".repeat(107)}`])("refuses %j", (value) => {
    expect(() => parse(value)).toThrow(
      /^--status-socket .*: expected the path of a socket, at most 107 bytes, or none$/,
    );
  });

  it("is for a group that was asked for, and needs a socket", () => {
    expect(parse(undefined, root, "adm")).toEqual({ dir: "/run/anytun", group: "adm" });
    expect(parse("/run/here.sock", root, "adm")).toEqual({ path: "/run/here.sock", group: "adm" });
    expect(() => parse("none", root, "adm")).toThrow(
      /^--status-group adm: there is no socket with --status-socket none$/,
    );
    expect(() => parse(undefined, root, "")).toThrow(/^--status-group .*: expected the name of a group$/);
  });

  it("is looked for where the user's daemons and the system's are", () => {
    expect(runDirs(root)).toEqual(["/run/anytun"]);
    expect(runDirs(user)).toEqual(["/run/user/1000/anytun", "/run/anytun"]);
    expect(runDirs({ uid: 1000, variables: {} })).toEqual(["/run/anytun"]);
  });
});
