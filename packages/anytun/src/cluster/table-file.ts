/**
 * The file of anytun-controld: frames as anytun-config prints them, one a line. It is checked as a whole before anything of it
 * is served, because one bad line stops every client at that place, again and again (spec: sync-protocol.md 7.2).
 */
import {
  type Command,
  decodeCommand,
  type Entry,
  type EntryKey,
  entryFrames,
  entryKey,
  FrameReader,
  hasSecrets,
  type RefusedArchive,
  whyUnusable,
} from "satp-sync";
import { AnytunError, quoted } from "../errors.ts";

/** One frame of the file. */
export interface TableEntry {
  readonly entry: Entry;
  /** The frame as it stands in the file, or several that say the same where an original would not survive it. */
  readonly frames: Uint8Array;
}

export interface TableFile {
  /** In file order, repeated ones too. */
  readonly entries: readonly TableEntry[];
  /** Lines whose prefix is served in parts. */
  readonly split: readonly number[];
}

const LINE_FEED = 0x0a;
const EXPECTED = "expected lines as anytun-config prints them";

/** @throws AnytunError `start`, `PATH:LINE: what is wrong` */
export function parseTableFile(path: string, content: Uint8Array): TableFile {
  const entries: TableEntry[] = [];
  const split: number[] = [];
  let start = 0;
  for (let line = 1; start < content.length; line++) {
    const feed = content.indexOf(LINE_FEED, start);
    const end = feed < 0 ? content.length : feed;
    for (const found of parseLine(trimEnd(content.subarray(start, end)), `${quoted(path)}:${line}`)) {
      if (found.isSplit) split.push(line);
      entries.push(found);
    }
    start = end + 1;
  }
  return { entries, split };
}

/** The latest of each entry, in the order in which they first stand in the file. */
export function latestEntries({ entries }: TableFile): Map<EntryKey, TableEntry> {
  return new Map(entries.map((item) => [entryKey(item.entry), item]));
}

function parseLine(line: Uint8Array, place: string): (TableEntry & { isSplit: boolean })[] {
  const found: (TableEntry & { isSplit: boolean })[] = [];
  const reader = new FrameReader();
  let begin = 0;
  const isWhole = reader.push(line, (archive) => {
    // archives are views of the line here: nothing of it is ever held across two calls
    const end = archive.byteOffset - line.byteOffset + archive.length;
    found.push(judge(decodeCommand(archive), line.slice(begin, end), place));
    begin = end;
    return true;
  });
  if (!isWhole || reader.isInsideFrame) {
    throw new AnytunError("start", `${place}: no whole frame; ${EXPECTED}`);
  }
  return found;
}

function judge(command: Command | RefusedArchive, frame: Uint8Array, place: string): TableEntry & { isSplit: boolean } {
  if (command.type === "refused") throw new AnytunError("start", `${place}: ${command.fault}; ${EXPECTED}`);
  if (command.type === "unknown") {
    throw new AnytunError("start", `${place}: a command of another kind; expected a connection or a route`);
  }
  const why = whyUnusable(command);
  if (command.type === "ethernet-route" || (why !== undefined && why !== "hanging prefix")) {
    throw new AnytunError("start", `${place}: cannot be used: ${why}`);
  }
  if (command.type === "connection" && !hasSecrets(command)) {
    throw new AnytunError("start", `${place}: connection ${command.mux} has no key`);
  }
  const isSplit = why === "hanging prefix";
  return { entry: command, frames: isSplit ? entryFrames(command, { secrets: true }) : frame, isSplit };
}

/** Without blanks and carriage returns at the end, which the originals pass on and nobody can read. */
function trimEnd(line: Uint8Array): Uint8Array {
  let end = line.length;
  while (end > 0 && [0x20, 0x09, 0x0d].includes(line[end - 1] ?? 0)) end--;
  return line.subarray(0, end);
}
