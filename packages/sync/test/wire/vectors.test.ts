// Every message that the originals wrote is read and written alike; every handmade frame has the effect that it had on
// them, where that effect is worth having.
import { describe, expect, it } from "vitest";
import {
  ClusterTable,
  type Command,
  decodeCommand,
  encodeCommand,
  formatHostAddress,
  formatHostEndpoint,
  frameText,
  isUnspecified,
  type RefusedArchive,
  snapshotPieces,
  whyUnusable,
} from "../../src/index.ts";
import { commandsOf, present } from "../support/frames.ts";
import { bytesOf, type VectorMessage, vectors } from "../support/vectors.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The command in the vocabulary of the vectors. */
function asMessage(command: Command | RefusedArchive): VectorMessage {
  if (command.type === "connection") {
    return {
      archive_version: 18,
      command: "connection",
      mux: command.mux,
      role: command.role,
      key_length: command.keyBits,
      master_salt: hex(command.salt),
      master_key: hex(command.key),
      window_size: command.windowSize,
      seq_nr: command.sequence,
      remote_host: formatHostAddress(command.host),
      remote_port: command.port,
    };
  }
  if (command.type !== "route") throw new Error(`a ${command.type} among the messages`);
  return {
    archive_version: 18,
    command: "route",
    prefix_length: command.length,
    address_type: command.address.family === 4 ? 0 : 1,
    address: formatHostAddress(command.address),
    mux: command.mux,
  };
}

/** The line that anytun-showtables prints. */
function shown(command: Command | RefusedArchive): string {
  switch (command.type) {
    case "connection":
      return isUnspecified(command.host)
        ? `Client ${command.mux}: not registered`
        : `Client ${command.mux}: ${formatHostEndpoint(command.host, command.port)}`;
    case "route":
      return `Route: ${formatHostAddress(command.address)}/${command.length} -> ${command.mux}`;
    case "ethernet-route":
      return `Route: /${command.length} -> ${command.mux}`;
    default:
      return "";
  }
}

function rewritten(commands: readonly (Command | RefusedArchive)[]): string {
  const texts = commands.map((command) => {
    if (command.type !== "connection" && command.type !== "route") throw new Error(`a ${command.type} is not written`);
    return frameText(encodeCommand(command));
  });
  return texts.join("");
}

describe("what anytun-config wrote", () => {
  it.each(vectors.config)("$id $argv", ({ stdout, messages, showtables_stdout }) => {
    const commands = commandsOf(bytesOf(stdout));
    expect(commands.map(asMessage)).toEqual(messages);
    expect(rewritten(commands)).toBe(stdout.replaceAll("\n", ""));
    expect(commands.map((command) => `${shown(command)}\n`).join("")).toBe(showtables_stdout);
  });
});

describe("what a server wrote", () => {
  it.each(vectors.server)("$id $description", ({ bytes, messages, showtables_stdout }) => {
    const commands = commandsOf(bytesOf(bytes));
    expect(commands.map(asMessage)).toEqual(messages);
    expect(rewritten(commands)).toBe(bytes);
    expect(commands.map((command) => `${shown(command)}\n`).join("")).toBe(showtables_stdout);
  });

  const dumps = vectors.server.filter(({ received_from_control_host: received }) => received !== undefined);
  it.each(dumps)("$id again from a table that heard the same", ({ received_from_control_host, bytes }) => {
    const table = new ClusterTable();
    for (const command of commandsOf(bytesOf(present(received_from_control_host)))) {
      if (command.type === "connection" || command.type === "route") table.apply(command);
    }
    const pieces = snapshotPieces(table, { secrets: true });
    expect(Buffer.concat(pieces).toString("latin1")).toBe(bytes);
  });
});

describe("handmade frames", () => {
  // an original keeps these; we read them too, and use none of it
  const unusable: Readonly<Record<string, string>> = {
    "hand-034": "ethernet route",
    "hand-046": "role",
  };

  it.each(vectors.handmade)("$id $description", (vector) => {
    const [command] = commandsOf(bytesOf(vector.bytes));
    const [, fault] = /^uncaught exception, exiting: (.*)$/m.exec(vector.showtables_stdout) ?? [];
    // anytun-showtables takes an empty frame for nothing, a node for a broken one
    if (vector.id === "hand-055") {
      expect(command).toEqual({ type: "refused", fault: "input stream error" });
      return;
    }
    if (fault !== undefined) {
      expect(command).toEqual({ type: "refused", fault });
      expect(vector.anytun_reaction).toBe("connection closed");
      return;
    }
    const read = present(command);
    expect(vector.anytun_reaction).toBe("connection kept");
    if (read.type === "refused") throw new Error(`refused: ${read.fault}`);
    if (read.type === "unknown") expect(vector.showtables_stdout).toBe("");
    else expect(`${shown(read)}\n`).toBe(vector.showtables_stdout);

    expect(whyUnusable(read)).toBe(unusable[vector.id]);
    if (unusable[vector.id] !== undefined) return;
    const table = new ClusterTable();
    if (read.type === "connection" || read.type === "route") table.apply(read);
    const dump = Buffer.concat(snapshotPieces(table, { secrets: true })).toString("latin1");
    // a length of 33 acts as 32, and is written as what it is
    const expected =
      vector.id === "hand-029"
        ? "00070 22 serialization::archive 18 0 0 5 route 0 0 0 0 32 0 0 0 8 10.0.0.0 7"
        : undefined;
    expect(dump).toBe(expected ?? vector.anytun_state_afterwards);
  });

  it("a refused archive is refused as a whole", () => {
    for (const { bytes } of vectors.handmade) {
      for (let end = 0; end < bytes.length - 6; end++) {
        const command = decodeCommand(bytesOf(bytes).subarray(6, 6 + end));
        expect(["refused", "unknown", "connection", "route", "ethernet-route"]).toContain(command.type);
        if (command.type === "refused") expect(Object.keys(command)).toEqual(["type", "fault"]);
      }
    }
  });
});
