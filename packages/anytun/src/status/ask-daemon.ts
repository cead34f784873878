/** Asks a daemon over its status socket. */
import { connect } from "node:net";
import { errorCode, errorText } from "../error-text.ts";
import type { DaemonStatus, PeerStatus, StatusLine, StatusRequest } from "./protocol.ts";

/** A daemon that says nothing for so long does not answer. */
const SILENCE_MS = 5_000;

export interface DaemonAnswer {
  readonly daemon: DaemonStatus;
  readonly peers: readonly PeerStatus[];
}

/** Why there is no answer: nobody is there, or somebody who does not give one. */
export interface NoAnswer {
  readonly reason: "not-running" | "unavailable";
  readonly text: string;
}

/** Never rejects. */
export function askDaemon(
  path: string,
  request: StatusRequest,
  silenceMs: number = SILENCE_MS,
): Promise<DaemonAnswer | NoAnswer> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let daemon: DaemonStatus | undefined;
    const peers: PeerStatus[] = [];
    let text = "";
    const done = (answer: DaemonAnswer | NoAnswer): void => {
      socket.destroy();
      resolve(answer);
    };
    const unavailable = (why: string): void => done({ reason: "unavailable", text: why });
    const take = (line: StatusLine): void => {
      if ("error" in line) unavailable(line.error);
      else if ("daemon" in line) daemon = line.daemon;
      else if ("peers" in line) peers.push(...line.peers);
      else if (daemon !== undefined) done({ daemon, peers });
    };
    socket.setEncoding("utf8");
    socket.setTimeout(silenceMs, () => unavailable("the daemon does not answer"));
    socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("data", (chunk: string) => {
      const lines = (text + chunk).split("\n");
      text = lines.pop() ?? "";
      try {
        for (const line of lines) take(JSON.parse(line));
      } catch {
        unavailable("whoever answers is no anytun");
      }
    });
    socket.on("end", () => unavailable("the daemon ended the answer: it has too many clients, or has just stopped"));
    socket.on("error", (error) => {
      const code = errorCode(error);
      const isAbsent = code === "ENOENT" || code === "ECONNREFUSED";
      done({ reason: isAbsent ? "not-running" : "unavailable", text: errorText(error) });
    });
  });
}
