import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type StatusEnvironment, showStatus } from "../../../src/cli/status/command.ts";
import { coloured, plain } from "../../../src/cli/status/render.ts";
import type { StatusWish } from "../../../src/cli/status/wish.ts";
import type { DaemonStatus, PeerStatus, StatusLine } from "../../../src/status/protocol.ts";
import { StatusServer } from "../../../src/status/status-server.ts";
import { memoryLog } from "../../support/memory-log.ts";
import { sampleCluster as cluster, sampleDaemon as daemon, samplePeer as peer } from "../../support/sample-status.ts";
import { scratchDir } from "../../support/scratch.ts";

interface Running {
  daemon: DaemonStatus;
  peers: readonly PeerStatus[];
}

/** Status sockets in a directory; what they answer may be changed meanwhile. */
async function runningDaemons(...daemons: Running[]): Promise<string> {
  const dir = scratchDir();
  for (const one of daemons) {
    const server = new StatusServer(async function* (request): AsyncGenerator<StatusLine> {
      yield { daemon: one.daemon };
      yield { peers: request.peers === "all" ? one.peers : one.peers.slice(0, request.peers) };
      yield { end: true };
    }, memoryLog().log);
    await server.listen(join(dir, `${one.daemon.name}.sock`));
    onTestFinished(() => server.close());
  }
  return dir;
}

interface Shown {
  status: number;
  printed: string;
  drawn: string[][];
  complaints: string[];
}

/** @param onSleep what happens between two looks */
async function shown(
  dir: string,
  wish: Partial<StatusWish>,
  onSleep: (round: number) => void = () => undefined,
  isTerminal = false,
): Promise<Shown> {
  const stopped = { aborted: false };
  const seen: Shown = { status: -1, printed: "", drawn: [], complaints: [] };
  let round = 0;
  const environment: StatusEnvironment = {
    dirs: [dir],
    stopped,
    sleep: async () => {
      onSleep(++round);
      if (round >= 3) stopped.aborted = true;
    },
    screen: {
      paint: isTerminal ? coloured : plain,
      redraw: isTerminal ? async (lines) => void seen.drawn.push([...lines]) : undefined,
      print: async (text) => {
        seen.printed += text;
      },
      complain: (text) => void seen.complaints.push(text),
    },
  };
  const standard: StatusWish = { name: undefined, json: false, watch: false, intervalSeconds: 1, peers: 20 };
  seen.status = await showStatus({ ...standard, ...wish }, environment);
  return seen;
}

describe("anytun status", () => {
  it("shows one daemon so that columns align and numbers have units", async () => {
    const running: Running = { daemon, peers: [peer] };
    const { printed, status } = await shown(await runningDaemons(running), { name: "office" }, () => {
      const more = { packets_in: 1_334, bytes_in: 1_340_000 };
      running.daemon = { ...daemon, ...more, uptime_seconds: daemon.uptime_seconds + 1 };
      running.peers = [{ ...peer, packets_in: 100, bytes_in: 125_000 }];
    });
    expect(status).toBe(0);
    expect(printed).toBe(`office  anytun 0.1.0, pid 42, up 1 d 2 h
  device      tun0 (tun), 10.0.0.1/30
  MTU         1400 bytes, default; path 1500; unfragmented up to 1452; TCP is told 1400
  sockets     0.0.0.0:4444, [::]:4444
  remote      vpn.example.org:4444
  offloads    device: checksum tso4; network: segmentation
  crypto      aes-ctr-128, keys by aes-ctr-128, sha1 tags of 10 bytes; kernel avx512
  role        left, mux 0
  replay      window of 1,024 packets
  in          1.34 MB, 1,334 packets; 1.04 Mbit/s, 100 packets/s
  out         500 B, 5 packets; 0 bit/s, 0 packets/s
  drops       bad-tag 3, replay 1,000
  keep-alive  every 25 s; 7 in, 9 out

MUX  PEER            STATE      HEARD     SENT      IN  OUT      RATE IN  RATE OUT  DROPS
  0  192.0.2.2:4444  alive  0.3 s ago  3 s ago  125 kB  0 B  1.00 Mbit/s   0 bit/s  none

  received    sequence 12,345 of sender id 0
  sequence    next 268,435,456, reserved until 268,500,992, sender id 0, epoch 0
`);
  });

  it("shows the daemon's place in its cluster", async () => {
    const dir = await runningDaemons({ daemon: { ...daemon, cluster }, peers: [peer] });
    const { printed } = await shown(dir, { name: "office", intervalSeconds: 0 });
    expect(printed.slice(printed.indexOf("  cluster "), printed.indexOf("\nMUX"))).toBe(
      `  cluster     ready, first sync partial (1 of 2 have not told everything); 3 connections, all from others; 4 routes, 1 from others
  sync port   0.0.0.0:2343, [::]:2343, TLS; 1 client; sent away: TLS handshake failed 2; cut off: stalled 1
  sync port   0.0.0.0:2342, plain TCP without secrets; 0 clients
`,
    );
    expect(printed.slice(printed.indexOf("\nFOLLOWS"))).toBe(`
FOLLOWS        BY         STATE                 TOLD ALL  ENTRIES  FRAMES IN       IN   OUT  REFUSED              LAST ERROR
unicast2:2343  TLS        connected 1 min 15 s  yes             7          9  1.70 kB  90 B  none                 none
unicast4:2342  plain TCP  waiting 5 s           no              0          1     15 B   0 B  invalid signature 1  invalid signature, 3 s ago

CLIENT           BY   NODE                          FOR  FRAMES OUT      OUT    IN  QUEUE
192.0.2.3:41000  TLS  unicast3/0123456789ab  1 min 15 s          12  2.40 kB  90 B  400 B
`);
  });

  it.each([
    ["draining", { drain: { seconds: 1, quiet_seconds: 0 }, cluster }],
    ["not ready", { cluster: { ...cluster, ready: false, first_sync: "waiting" as const } }],
  ])("says in the list that a daemon is %s", async (state, change) => {
    const dir = await runningDaemons({ daemon: { ...daemon, ...change }, peers: [peer] });
    const { printed } = await shown(dir, { intervalSeconds: 0 });
    expect(printed.split("\n")[1]).toContain(`192.0.2.2:4444  ${state}  `);
  });

  it("shows those clients for which the most waits", async () => {
    const clients = Array.from({ length: 25 }, (_, i) => ({
      ...{ remote: `192.0.2.9:${i}`, node: null, connected_seconds: 1, queued_changes: i, queued_bytes: i },
      ...{ frames_in: 0, link_bytes_in: 0, frames_out: 0, link_bytes_out: 0 },
    }));
    const [port] = cluster.sync_servers;
    if (port === undefined) throw new Error("no port");
    const many = { ...cluster, followed: [], sync_servers: [{ ...port, clients }] };
    const dir = await runningDaemons({ daemon: { ...daemon, cluster: many }, peers: [peer] });
    const { printed } = await shown(dir, { name: "office", intervalSeconds: 0 });
    const table = printed.slice(printed.indexOf("\nCLIENT")).trim().split("\n");
    expect(table).toHaveLength(22);
    expect(table[1]).toMatch(/^192\.0\.2\.9:24 +TLS +not ours +1 s .* 24 B$/);
    expect(table.at(-1)).toBe("5 more clients for which less waits: --json shows them");
    expect(printed).not.toContain("FOLLOWS");
  });

  it("lists all daemons, a line each", async () => {
    const other = { ...daemon, name: "branch", pid: 7, peer_count: 3, device: { ...daemon.device, name: "tun1" } };
    const dir = await runningDaemons({ daemon, peers: [peer] }, { daemon: other, peers: [peer, peer] });
    const { printed, status } = await shown(dir, { intervalSeconds: 0 });
    expect(status).toBe(0);
    expect(printed).toBe(
      `NAME    DEVICE  PEER            STATE      HEARD       IN    OUT  RATE IN  RATE OUT       UP  PID
branch  tun1    3 peers                           1.21 MB  500 B                     1 d 2 h    7
office  tun0    192.0.2.2:4444  alive  0.3 s ago  1.21 MB  500 B                     1 d 2 h   42
`,
    );
  });

  it("is one JSON object: the daemon's, or all of them", async () => {
    const running: Running = { daemon, peers: [peer] };
    const dir = await runningDaemons(running);
    const { printed } = await shown(dir, { name: "office", json: true }, () => {
      running.daemon = { ...daemon, bytes_out: 1_500, uptime_seconds: daemon.uptime_seconds + 2 };
    });
    expect(printed.endsWith("}\n")).toBe(true);
    expect(JSON.parse(printed)).toMatchObject({
      ...{ schema_version: 1, running: true, ...daemon, bytes_out: 1_500, uptime_seconds: daemon.uptime_seconds + 2 },
      ...{ rate_interval_seconds: 2, bytes_out_per_second: 500, peers: [{ ...peer, bytes_in_per_second: 0 }] },
    });
    const all = JSON.parse((await shown(dir, { json: true, intervalSeconds: 0 })).printed);
    expect(all).toMatchObject({ schema_version: 1, daemons: [{ name: "office", rate_interval_seconds: null }] });
  });

  it("has no rates across a restart of the daemon", async () => {
    const running: Running = { daemon, peers: [peer] };
    const { printed } = await shown(await runningDaemons(running), { name: "office", json: true }, () => {
      running.daemon = { ...daemon, pid: 43, bytes_in: 5, uptime_seconds: 1 };
    });
    expect(JSON.parse(printed)).toMatchObject({ bytes_in_per_second: null, rate_interval_seconds: null });
  });

  it("finds a tunnel by its interface and by the path of its socket", async () => {
    const dir = await runningDaemons({ daemon, peers: [peer] });
    for (const name of ["tun0", join(dir, "office.sock")]) {
      const { status, printed } = await shown(dir, { name, intervalSeconds: 0 });
      expect([status, printed.slice(0, 6)]).toEqual([0, "office"]);
    }
  });

  it.each([
    [{ name: "nobody" }, "status nobody: no such daemon is running"],
    [{}, "status: no daemon is running"],
    [{ name: "/nowhere/x.sock", watch: true }, "status /nowhere/x.sock: no such daemon is running"],
  ])("ends with 3 and one line when there is nobody: %j", async (wish, complaint) => {
    const { status, printed, complaints } = await shown(scratchDir(), wish);
    expect([status, printed, complaints]).toEqual([3, "", [complaint]]);
  });

  it("ends with 1 and one line when a daemon cannot be asked", async () => {
    const dir = scratchDir();
    const server = new StatusServer(async function* () {
      yield { error: "the interface is gone" };
    }, memoryLog().log);
    await server.listen(join(dir, "office.sock"));
    onTestFinished(() => server.close());
    const { status, complaints } = await shown(dir, { name: "office" });
    expect([status, complaints]).toEqual([1, ["status office: the interface is gone"]]);
  });

  it("says how many peers are not shown, and what a lonely daemon waits for", async () => {
    const many = { ...daemon, peer_count: 65_536 };
    const dir = await runningDaemons({ daemon: many, peers: [peer, { ...peer, mux: 65_535, endpoint: null }] });
    const { printed } = await shown(dir, { name: "office", intervalSeconds: 0, peers: 2 });
    expect(printed).toContain("\n65535  unknown         alive");
    expect(printed).toMatch(/\n65,534 more with less traffic: --peers all shows them\n$/);
    const alone = await runningDaemons({ daemon: { ...daemon, peer_count: 0 }, peers: [] });
    expect((await shown(alone, { name: "office", intervalSeconds: 0 })).printed).toMatch(/\n\nno peer yet\n$/);
    expect((await shown(alone, { intervalSeconds: 0 })).printed).toContain("none yet");
    const windows = [0, 64].map((window_packets, mux) => ({
      ...peer,
      mux,
      replay: { ...peer.replay, window_packets },
    }));
    const server = await runningDaemons({ daemon: { ...daemon, peer_count: 2 }, peers: windows });
    expect((await shown(server, { name: "office", intervalSeconds: 0 })).printed).toContain(
      "windows of 0 to 64 packets",
    );
  });
});

describe("anytun status --watch", () => {
  it("prints one JSON object a line, also while the daemon is away", async () => {
    const running: Running = { daemon, peers: [peer] };
    const dir = await runningDaemons(running);
    const { printed, status } = await shown(dir, { name: "office", json: true, watch: true });
    const lines = printed.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).running)).toEqual([true, true, true]);
    expect(status).toBe(0);
  });

  it("draws over what was there on a terminal, in colours, and plain blocks elsewhere", async () => {
    const dir = await runningDaemons({ daemon, peers: [peer] });
    const terminal = await shown(dir, { name: "office", watch: true }, undefined, true);
    expect(terminal.printed).toBe("");
    expect(terminal.drawn).toHaveLength(3);
    expect(terminal.drawn[2]?.join("\n")).toContain("\x1b[32malive\x1b[39m");
    const plainText = await shown(dir, { name: "office", watch: true });
    expect(plainText.printed).not.toContain("\x1b");
    expect(plainText.printed.split("\n\noffice  anytun")).toHaveLength(3);
  });
});
