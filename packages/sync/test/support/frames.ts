import {
  type Command,
  type ConnectionCommand,
  decodeCommand,
  FrameReader,
  parseHostAddress,
  type RefusedArchive,
  type RouteCommand,
} from "../../src/index.ts";

/** Everything that a stream says. */
export function commandsOf(bytes: Uint8Array): (Command | RefusedArchive)[] {
  const commands: (Command | RefusedArchive)[] = [];
  new FrameReader().push(bytes, (archive) => {
    commands.push(decodeCommand(archive));
    return true;
  });
  return commands;
}

export function present<T>(value: T | undefined, what = "value"): T {
  if (value === undefined) throw new Error(`${what} is missing`);
  return value;
}

export function connection(mux: number, changes: Partial<ConnectionCommand> = {}): ConnectionCommand {
  return {
    type: "connection",
    mux,
    role: 0,
    keyBits: 128,
    salt: new Uint8Array(14).fill(mux),
    key: new Uint8Array(16).fill(mux + 1),
    windowSize: 0,
    sequence: 0,
    host: present(parseHostAddress("192.0.2.1")),
    port: 4444,
    ...changes,
  };
}

export function route(text: string, mux: number): RouteCommand {
  const [address = "", length = ""] = text.split("/");
  return { type: "route", address: present(parseHostAddress(address)), length: Number(length), mux };
}
