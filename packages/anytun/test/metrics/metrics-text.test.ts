import { describe, expect, it } from "vitest";
import { METRICS_PEERS, type MetricsSource, metricsText } from "../../src/metrics/metrics-text.ts";
import type { DaemonStatus, PeerStatus } from "../../src/status/protocol.ts";
import { sampleCluster, sampleDaemon, samplePeer } from "../support/sample-status.ts";

async function textOf(daemon: DaemonStatus | undefined, ...pages: readonly PeerStatus[][]): Promise<string> {
  const source: MetricsSource = {
    daemon: async () => daemon,
    peers: async function* () {
      yield* pages;
    },
    process: {
      version: "v20.19.0",
      cpuUsage: () => ({ user: 1_500_000, system: 500_000 }),
    },
    residentBytes: 64_000_000,
    now: () => 1_700_000_000_000,
  };
  return (await metricsText(source))?.text ?? "";
}

const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

describe("metrics", () => {
  it("are the daemon's own counters, in base units", async () => {
    const daemon = { ...sampleDaemon, offload_counters: { super_frames: 12 } };
    const text = await textOf(daemon, [{ ...samplePeer, bytes_in: 5_000, drops: { replay: 2, "bad-tag": 3 } }]);
    expect(lines(text)).toEqual([
      'anytun_build_info{version="0.1.0",node="v20.19.0"} 1',
      'anytun_tunnel_info{name="office",device="tun0",type="tun",role="left",cipher="aes-ctr-128",auth="sha1",kernel="avx512"} 1',
      "anytun_start_time_seconds 1795329600",
      "anytun_mtu_bytes 1400",
      "anytun_path_mtu_bytes 1500",
      "anytun_receive_packets_total 1234",
      "anytun_receive_bytes_total 1210000",
      "anytun_transmit_packets_total 5",
      "anytun_transmit_bytes_total 500",
      "anytun_receive_keepalives_total 7",
      "anytun_transmit_keepalives_total 9",
      'anytun_dropped_packets_total{reason="bad-tag"} 3',
      'anytun_dropped_packets_total{reason="replay"} 1000',
      "anytun_too_big_answers_total 0",
      'anytun_offload_operations_total{operation="super_frames"} 12',
      "anytun_peers 1",
      "anytun_draining 0",
      "process_cpu_seconds_total 2",
      "process_resident_memory_bytes 64000000",
      'anytun_peer_alive{mux="0"} 1',
      'anytun_peer_receive_packets_total{mux="0"} 0',
      'anytun_peer_receive_bytes_total{mux="0"} 5000',
      'anytun_peer_transmit_packets_total{mux="0"} 0',
      'anytun_peer_transmit_bytes_total{mux="0"} 0',
      'anytun_peer_receive_keepalives_total{mux="0"} 0',
      'anytun_peer_transmit_keepalives_total{mux="0"} 0',
      'anytun_peer_dropped_packets_total{mux="0"} 5',
      'anytun_peer_last_receive_timestamp_seconds{mux="0"} 1699999999.7',
      'anytun_peer_last_transmit_timestamp_seconds{mux="0"} 1699999997',
      "anytun_peers_alive 1",
      "anytun_sequence_numbers_reserved 65536",
    ]);
  });

  it("have a type and a help for each name, and the suffixes that their types ask for", async () => {
    const daemon = { ...sampleDaemon, offload_counters: { segments: 1 }, cluster: sampleCluster };
    const text = await textOf(daemon, [samplePeer]);
    const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name ?? "", type]));
    const names = new Set(lines(text).map((line) => line.split(/[{ ]/)[0] ?? ""));
    expect(new Set(types.keys())).toEqual(names);
    for (const [name, type] of types) {
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\S.*\\.$`, "m"));
      expect(name.endsWith("_total"), name).toBe(type === "counter");
    }
  });

  it("have series for a bounded number of peers, always the same ones", async () => {
    const peers = Array.from(
      { length: METRICS_PEERS + 500 },
      (_, mux): PeerStatus => ({
        ...samplePeer,
        mux,
        state: mux % 2 === 0 ? "alive" : "silent",
        sequence: { ...samplePeer.sequence, reserved: 10_000 - mux },
      }),
    );
    const text = await textOf({ ...sampleDaemon, peer_count: peers.length }, peers.slice(0, 700), peers.slice(700));
    expect(lines(text).filter((line) => line.startsWith("anytun_peer_alive"))).toHaveLength(METRICS_PEERS);
    expect(text).toContain(`anytun_peer_alive{mux="${METRICS_PEERS - 1}"} 0\n`);
    expect(text).toContain("\nanytun_peers 1500\n");
    expect(text).toContain("\nanytun_peers_alive 750\n");
    expect(text).toContain("\nanytun_peers_without_series 500\n");
    expect(text).toContain("\nanytun_sequence_numbers_reserved 8501\n");
  });

  it("show a cluster by its ports and the servers that it follows", async () => {
    const drain = { seconds: 1, quiet_seconds: 0 };
    const text = await textOf({ ...sampleDaemon, drain, cluster: sampleCluster });
    const port = 'listen="0.0.0.0:2343,[::]:2343",tls="true"';
    expect(lines(text).filter((line) => /cluster|sync|routes|draining/.test(line))).toEqual([
      "anytun_draining 1",
      "anytun_cluster_ready 1",
      "anytun_cluster_first_sync_complete 0",
      "anytun_cluster_remote_connections 3",
      "anytun_routes 4",
      "anytun_cluster_remote_routes 1",
      `anytun_sync_clients{${port}} 1`,
      'anytun_sync_clients{listen="0.0.0.0:2342",tls="false"} 0',
      `anytun_sync_own_clients{${port}} 1`,
      'anytun_sync_own_clients{listen="0.0.0.0:2342",tls="false"} 0',
      `anytun_sync_queued_bytes{${port}} 400`,
      'anytun_sync_queued_bytes{listen="0.0.0.0:2342",tls="false"} 0',
      `anytun_sync_server_receive_frames_total{${port}} 1`,
      'anytun_sync_server_receive_frames_total{listen="0.0.0.0:2342",tls="false"} 0',
      `anytun_sync_server_receive_bytes_total{${port}} 90`,
      'anytun_sync_server_receive_bytes_total{listen="0.0.0.0:2342",tls="false"} 0',
      `anytun_sync_server_transmit_frames_total{${port}} 12`,
      'anytun_sync_server_transmit_frames_total{listen="0.0.0.0:2342",tls="false"} 0',
      `anytun_sync_server_transmit_bytes_total{${port}} 2400`,
      'anytun_sync_server_transmit_bytes_total{listen="0.0.0.0:2342",tls="false"} 0',
      `anytun_sync_refused_connects_total{${port},reason="TLS handshake failed"} 2`,
      `anytun_sync_ended_clients_total{${port},reason="closed"} 5`,
      `anytun_sync_ended_clients_total{${port},reason="stalled"} 1`,
      ...links("up", 1, 0),
      ...links("complete", 1, 0),
      ...links("entries", 7, 0),
      ...links("receive_frames_total", 9, 1),
      ...links("receive_bytes_total", 1700, 15),
      ...links("transmit_frames_total", 1, 0),
      ...links("transmit_bytes_total", 90, 0),
      'anytun_sync_link_refused_frames_total{server="unicast4:2342",reason="invalid signature"} 1',
    ]);
    function links(name: string, first: number, second: number): string[] {
      return [
        `anytun_sync_link_${name}{server="unicast2:2343"} ${first}`,
        `anytun_sync_link_${name}{server="unicast4:2342"} ${second}`,
      ];
    }
  });

  it("leave out what is not known", async () => {
    const unknown = { ...samplePeer, state: "never-heard" as const, heard_seconds_ago: null, sent_seconds_ago: null };
    const text = await textOf({ ...sampleDaemon, mtu: { ...sampleDaemon.mtu, path_bytes: null } }, [unknown]);
    expect(text).not.toMatch(/path_mtu|timestamp|without_series/);
    expect(text).toContain('anytun_peer_alive{mux="0"} 0');
    expect(await textOf(undefined)).toBe("");
  });
});
