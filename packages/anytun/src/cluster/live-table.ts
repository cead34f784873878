/** What a server knows, as a page for a terminal that is drawn again when something changes. */
import { ClusterTable, type Entry, type Extension, entryKey } from "satp-sync";
import type { ScreenSize } from "../cli/screen-size.ts";
import { place, prefixText } from "./show.ts";

/** Follows a server over any number of connections. */
export class LiveTable {
  /** Changes since the last page. */
  isChanged = true;
  #table = new ClusterTable();
  /** What the present connection has told, until it says that this is all. */
  #fresh: ClusterTable | undefined;
  #status = "connecting";

  status(text: string): void {
    this.#status = text;
    this.isChanged = true;
  }

  connected(): void {
    this.#fresh = new ClusterTable();
    this.status("connected");
  }

  entry(entry: Entry): void {
    this.#table.apply(entry);
    this.#fresh?.apply(entry);
    this.isChanged = true;
  }

  extension(extension: Extension): void {
    switch (extension.type) {
      case "withdraw-connection":
        this.#delete(entryKey({ type: "connection", mux: extension.mux }));
        break;
      case "withdraw-route":
        this.#delete(entryKey({ ...extension, type: "route" }));
        break;
      case "complete":
        if (this.#fresh !== undefined) this.#table = this.#fresh;
        this.#fresh = undefined;
        this.isChanged = true;
        break;
      default:
    }
  }

  /** The page, at most as large as the screen; what does not fit is counted. */
  page(source: string, time: string, { rows, columns }: ScreenSize): string {
    this.isChanged = false;
    const connections = [...this.#table.connections()];
    const routes = this.#table.routes();
    const lines = [
      `${source}  ${this.#status}  ${connections.length} clients, ${routes.length} routes  ${time}`,
      "",
      "   MUX  CLIENT                                          ROLE   WINDOW    SEQUENCE",
      ...connections.map((connection) => {
        const role = connection.role === 0 ? "left" : "right";
        const numbers = `${`${connection.windowSize}`.padStart(8)}  ${`${connection.sequence}`.padStart(10)}`;
        return `${`${connection.mux}`.padStart(6)}  ${place(connection).padEnd(46)}  ${role.padEnd(5)}${numbers}`;
      }),
      "",
      "   MUX  ROUTE",
      ...routes.map((route) => `${`${route.mux}`.padStart(6)}  ${prefixText(route)}`),
    ];
    const fitting = lines.slice(0, Math.max(rows - 1, 1)).map((line) => line.slice(0, columns));
    if (fitting.length < lines.length) fitting.push(`… ${lines.length - fitting.length} more lines`);
    return fitting.join("\n");
  }

  #delete(key: string): void {
    this.#table.delete(key);
    this.#fresh?.delete(key);
    this.isChanged = true;
  }
}
