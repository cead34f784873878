/** `anytun-showtables --watch`: follows a server for ever, on a page of the terminal or as lines of JSON. */
import { type Connector, SyncClient, type SyncClientEvents } from "satp-sync";
import type { SyncHost } from "../cluster/host-list.ts";
import { LiveTable } from "../cluster/live-table.ts";
import { showCommand, showExtension } from "../cluster/show.ts";
import { screenSize } from "./screen-size.ts";

const REDRAW_MS = 200;

/** A page on the terminal until a signal comes. */
export async function watchPage(server: SyncHost, connect: Connector): Promise<void> {
  const table = new LiveTable();
  const source = `${server.host}:${server.port}`;
  const { stdout } = process;
  const draw = (): void => {
    if (!table.isChanged || stdout.writableNeedDrain) return;
    const time = new Date().toLocaleTimeString("en-GB");
    stdout.write(`\u001b[H\u001b[2J${table.page(source, time, screenSize(stdout))}`);
  };
  stdout.on("resize", () => {
    table.isChanged = true;
  });
  const timer = setInterval(draw, REDRAW_MS);
  await follow(connect, {
    connected: () => table.connected(),
    lost: (reason) => table.status(`connection lost (${reason})`),
    unreachable: (reason) => table.status(reason),
    entry: (entry) => table.entry(entry),
    extension: (extension) => table.extension(extension),
  });
  clearInterval(timer);
  stdout.write("\n");
}

/**
 * One object a line until a signal comes: what a stream has, besides `connected`, `lost`, `unreachable`, and from servers of ours
 * `complete`, `connection-gone` and `route-gone`. With each `connected` everything comes again.
 */
export async function watchLines(connect: Connector): Promise<void> {
  const print = (line: string | undefined): void => {
    if (line !== undefined) process.stdout.write(`${line}\n`);
  };
  const told = (type: "lost" | "unreachable") => (reason: string, retryMs: number) =>
    print(JSON.stringify({ type, reason, retry_seconds: retryMs / 1000 }));
  await follow(connect, {
    connected: () => print(JSON.stringify({ type: "connected" })),
    lost: told("lost"),
    unreachable: told("unreachable"),
    entry: (entry) => print(showCommand(entry, "json")),
    extension: (extension) => print(showExtension(extension)),
  });
}

async function follow(connect: Connector, events: SyncClientEvents): Promise<void> {
  const hello = { type: "hello", version: 1, node: "anytun-showtables", sender: undefined } as const;
  const client = new SyncClient({ connect, hello: () => hello, events });
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
  });
  await client.close();
}
