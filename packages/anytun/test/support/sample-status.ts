/** A daemon and its peer as the status socket describes them. */
import type { ClusterStatus, DaemonStatus, PeerStatus } from "../../src/status/protocol.ts";

const zero = { packets_in: 0, bytes_in: 0, packets_out: 0, bytes_out: 0, keepalives_in: 0, keepalives_out: 0 };

export const samplePeer: PeerStatus = {
  ...zero,
  ...{
    mux: 0,
    endpoint: "192.0.2.2:4444",
    candidate: null,
    state: "alive",
    heard_seconds_ago: 0.3,
    sent_seconds_ago: 3,
  },
  drops: {},
  replay: { window_packets: 1024, sender_ids: 1, sender_id: 0, newest_sequence: 12_345 },
  sequence: { sender_id: 0, epoch: 0, next: 268_435_456, reserved_until: 268_500_992, reserved: 65_536 },
};

export const sampleDaemon: DaemonStatus = {
  ...zero,
  ...{ name: "office", version: "0.1.0", pid: 42, started_at: "2026-11-22T06:40:00.000Z", uptime_seconds: 93_784 },
  device: { name: "tun0", type: "tun", addresses: ["10.0.0.1/30"], offloads: ["checksum", "tso4"] },
  mtu: { bytes: 1400, source: "default", path_bytes: 1500, unfragmented_bytes: 1452, tcp_limit_bytes: 1400 },
  sockets: ["0.0.0.0:4444", "[::]:4444"],
  socket_offloads: ["segmentation"],
  ...{ role: "left", mux: 0, remote: "vpn.example.org:4444" },
  crypto: { kernel: "avx512", cipher: "aes-ctr-128", kd_prf: "aes-ctr-128", auth: "sha1", tag_bytes: 10 },
  drain: null,
  cluster: null,
  ...{ replay_window_packets: 1024, keepalive_seconds: 25, silent_after_seconds: 75, state_dir: "/var/lib/anytun" },
  ...{ packets_in: 1_234, bytes_in: 1_210_000, packets_out: 5, bytes_out: 500, keepalives_in: 7, keepalives_out: 9 },
  drops: { "bad-tag": 3, replay: 1_000 },
  ...{ too_big_answers: 0, offload_counters: {}, peer_count: 1 },
};

const quiet = { frames_in: 0, link_bytes_in: 0, frames_out: 0, link_bytes_out: 0 };

export const sampleCluster: ClusterStatus = {
  ...{ ready: true, first_sync: "partial" },
  ...{ connections: 3, routes: 4, connections_from_others: 3, routes_from_others: 1 },
  sync_servers: [
    {
      ...{ addresses: ["0.0.0.0:2343", "[::]:2343"], tls: true, secrets: true },
      ...{ ...quiet, frames_in: 1, link_bytes_in: 90, frames_out: 12, link_bytes_out: 2_400 },
      clients: [
        {
          ...{ remote: "192.0.2.3:41000", node: "unicast3/0123456789ab", connected_seconds: 75 },
          ...{ ...quiet, frames_in: 1, link_bytes_in: 90, frames_out: 12, link_bytes_out: 2_400 },
          ...{ queued_changes: 2, queued_bytes: 400 },
        },
      ],
      ...{ sent_away: { "TLS handshake failed": 2 }, ended: { closed: 5, stalled: 1 } },
    },
    {
      ...{ addresses: ["0.0.0.0:2342"], tls: false, secrets: false, ...quiet, clients: [] },
      ...{ sent_away: {}, ended: {} },
    },
  ],
  followed: [
    {
      ...{ server: "unicast2:2343", tls: true, state: "connected", state_seconds: 75, retry_seconds: null },
      ...{ node: "unicast2/ba9876543210", told_everything: true, entries: 7 },
      ...{ frames_in: 9, link_bytes_in: 1_700, frames_out: 1, link_bytes_out: 90 },
      ...{ refused_frames: {}, last_error: null, last_error_seconds_ago: null },
    },
    {
      ...{ server: "unicast4:2342", tls: false, state: "waiting", state_seconds: 3, retry_seconds: 4.2 },
      ...{ node: null, told_everything: false, entries: 0, ...quiet, frames_in: 1, link_bytes_in: 15 },
      ...{ refused_frames: { "invalid signature": 1 }, last_error: "invalid signature", last_error_seconds_ago: 3 },
    },
  ],
};
