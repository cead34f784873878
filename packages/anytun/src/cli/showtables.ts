#!/usr/bin/env node
/** anytun-showtables: what a node or anytun-controld hands out, one line for each entry, or as a page that stays current. */
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { parseArgs } from "node:util";
import { connector, silenceReason } from "satp-sync";
import { parseSyncHost, type SyncHost } from "../cluster/host-list.ts";
import { type Layout, StreamShow } from "../cluster/show.ts";
import { readTls, type TlsFiles } from "../cluster/tls-files.ts";
import { systemTcpServices } from "../config/services.ts";
import { errorText } from "../error-text.ts";
import { quoted, UsageError } from "../errors.ts";
import { packageVersion } from "../version.ts";
import { EXIT_FAILURE, EXIT_OK } from "./exit-status.ts";
import { versionText } from "./usage.ts";
import { watchLines, watchPage } from "./watch-tables.ts";

const PROGRAM = "anytun-showtables";
/** Something that was read could not be shown. */
const EXIT_BAD_INPUT = 1;

const USAGE = `USAGE:
${PROGRAM}
   [-h|--help]                         show this list and end
   [-v|--version]                      show the version and end
   [--connect] <hostname|ip>[:<port>]  read from this server instead of stdin (port: 2323)
   [--watch]                           keep a page of the tables on the screen; needs --connect
   [--json]                            one JSON object a line; with --watch also what is gone, for ever
   [--sync-tls-cert] <path>            certificate, key and authority for a server that speaks TLS
   [--sync-tls-key] <path>
   [--sync-tls-ca] <path>
`;

interface Wish {
  readonly server: SyncHost | undefined;
  readonly watch: boolean;
  readonly layout: Layout;
  readonly tls: TlsFiles;
}

const complain = (text: string): void => void process.stderr.write(`${PROGRAM}: ${text}\n`);

// a reader that has seen enough
process.stdout.on("error", () => process.exit(EXIT_OK));

void run(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});

async function run(words: readonly string[]): Promise<number> {
  try {
    const wish = parse(words);
    if (typeof wish === "string") {
      process.stdout.write(wish);
      return EXIT_OK;
    }
    if (wish.server === undefined) return (await show(process.stdin, wish.layout)).status;
    const tls = readTls(wish.tls);
    const connect = connector({ ...wish.server, tls });
    if (wish.watch) await (wish.layout === "json" ? watchLines(connect) : watchPage(wish.server, connect));
    else return await showServer(await connect(new AbortController().signal), wish.layout);
    return EXIT_OK;
  } catch (error) {
    complain(errorText(error));
    return EXIT_FAILURE;
  }
}

function parse(words: readonly string[]): Wish | string {
  const { tokens } = parseArgs({
    args: [...words],
    options: {
      help: { type: "boolean", short: "h" },
      version: { type: "boolean", short: "v" },
      watch: { type: "boolean" },
      json: { type: "boolean" },
      connect: { type: "string" },
      "sync-tls-cert": { type: "string" },
      "sync-tls-key": { type: "string" },
      "sync-tls-ca": { type: "string" },
    },
    strict: false,
    tokens: true,
  });
  let server: SyncHost | undefined;
  const tls: Record<keyof TlsFiles, string | undefined> = { cert: undefined, key: undefined, ca: undefined };
  const flags = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== "option") {
      const word = token.kind === "positional" ? token.value : "--";
      throw new UsageError(quoted(word), undefined, "unexpected word; the tables are read from stdin or --connect");
    }
    const { name, rawName, value } = token;
    switch (name) {
      case "help":
        return USAGE;
      case "version":
        return versionText(packageVersion(), process, PROGRAM);
      case "watch":
      case "json":
        if (value !== undefined) throw new UsageError(rawName, undefined, "takes no value");
        flags.add(name);
        break;
      case "connect":
        server = parseSyncHost(rawName, wordOf(rawName, value), systemTcpServices);
        break;
      case "sync-tls-cert":
        tls.cert = wordOf(rawName, value);
        break;
      case "sync-tls-key":
        tls.key = wordOf(rawName, value);
        break;
      case "sync-tls-ca":
        tls.ca = wordOf(rawName, value);
        break;
      default:
        throw new UsageError(quoted(rawName), undefined, "unknown option");
    }
  }
  const watch = flags.has("watch");
  if (watch && server === undefined)
    throw new UsageError("--watch", undefined, "expected --connect HOST[:PORT] with it");
  const layout = flags.has("json") ? "json" : "text";
  if (watch && layout === "text" && !process.stdout.isTTY)
    throw new UsageError("--watch", undefined, "stdout is no terminal; --json needs none");
  return { server, watch, layout, tls };
}

function wordOf(option: string, value: string | undefined): string {
  if (value === undefined || value === "") throw new UsageError(option, undefined, "a value is missing");
  return value;
}

/** The same from a server, which says something at least. */
async function showServer(stream: Duplex, layout: Layout): Promise<number> {
  const { status, bytes } = await show(stream, layout);
  if (status !== EXIT_OK || bytes > 0) return status;
  complain(silenceReason(stream instanceof TLSSocket));
  return EXIT_BAD_INPUT;
}

/** Everything that comes, until it ends. */
async function show(
  stream: AsyncIterable<Uint8Array>,
  layout: Layout,
): Promise<{ readonly status: number; readonly bytes: number }> {
  let bytes = 0;
  let text = "";
  const tables = new StreamShow(layout, {
    line: (line) => {
      text += `${line}\n`;
    },
    error: complain,
  });
  try {
    for await (const chunk of stream) {
      bytes += chunk.length;
      const goesOn = tables.push(chunk);
      if (text !== "" && !process.stdout.write(text)) {
        await new Promise((resolve) => process.stdout.once("drain", resolve));
      }
      text = "";
      if (!goesOn) return { status: EXIT_BAD_INPUT, bytes };
    }
  } catch (error) {
    complain(errorText(error));
    return { status: EXIT_BAD_INPUT, bytes };
  }
  tables.end();
  return { status: tables.errors === 0 ? EXIT_OK : EXIT_BAD_INPUT, bytes };
}
