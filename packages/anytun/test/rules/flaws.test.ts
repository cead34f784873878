/**
 * Where the original falls short (anytun-cli.md 13; anytun-suite-cli.md 4, 5 and 6), row by row: the tests that would fail on
 * what it does, by file and title, or the line of docs/COMPATIBILITY.md that explains why a row is an exception. This test
 * keeps the list true when tests move.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

type Proof = readonly [file: string, ...titles: readonly string[]];

interface Flaw {
  readonly row: string;
  readonly proofs: readonly Proof[];
}

const RULES = "test/rules/rules.ts";
const RUNNING = "test/interop/rules-running.test.ts";
const UNITS = "test/systemd/units.test.ts";
const SYSTEMD = "test/interop/systemd.test.ts";
const LAUNCHER = "test/interop/launcher.test.ts";
const FILE = "test/config/tunnel-file.test.ts";
const DIR = "test/config/tunnel-dir.test.ts";

const flaws: readonly Flaw[] = [
  {
    row: "1 no key",
    proofs: [
      [RUNNING, "no key"],
      ["test/config/parse.test.ts", "-E: missing; "],
    ],
  },
  {
    row: "2 numbers read as 0",
    proofs: [[RULES, "2 -b: none is 0", "1 numbers: none is 0", "1 numbers: too large is the maximum"]],
  },
  {
    row: "3 a forged datagram before the peer",
    proofs: [["test/interop/forgery.test.ts", "that is first does not become the peer"]],
  },
  {
    row: "4 a repeated datagram moves the endpoint",
    proofs: [
      [
        "test/interop/forgery.test.ts",
        "that repeats datagrams never moves the endpoint",
        "that repeats datagrams of a silent peer takes nothing from it",
      ],
    ],
  },
  {
    row: "5 restart behind a replay window",
    proofs: [
      ["test/interop/daemon.test.ts", "is heard again at once after a kill -9, also by a peer with a replay window"],
      ["test/daemon/plane-log.test.ts", "writes one line for many bad tags and replays"],
    ],
  },
  {
    row: "6 prefixes that hang",
    proofs: [
      [
        "../satp-core/test/routing/routing-table.test.ts",
        "is exact at the edges of an IPv4 /%i",
        "is exact at the edges of an IPv6 /%i",
      ],
    ],
  },
  {
    row: "7 precedence by arrival",
    proofs: [
      [
        "../satp-core/test/routing/routing-table.test.ts",
        "agrees with a linear scan through inserts, changes and removals",
      ],
    ],
  },
  {
    row: "8 keys for every client of the sync port",
    proofs: [
      ["test/daemon/sync/sync-link.test.ts", "warns of keys on a public port"],
      ["../sync/test/state/cluster-table.test.ts", "hold no secret where they must not"],
    ],
  },
  {
    row: "9 descriptors of finished clients",
    proofs: [
      [
        "../sync/test/server/listen.test.ts",
        "gives back the places of clients that are gone",
        "survives a flood of connects without forgetting its clients",
      ],
    ],
  },
  {
    row: "10 sequence numbers go back",
    proofs: [
      ["test/daemon/connections.test.ts", "never makes own numbers go down, and makes them go up"],
      ["test/interop/restarts.test.ts", "repeat no sender id and sequence number"],
    ],
  },
  {
    row: "11 status 0 of a start that failed, pid file overwritten",
    proofs: [
      [RUNNING, "fatal in the background"],
      [
        "test/interop/background.test.ts",
        "never takes the pid file of a daemon that lives, and takes over one that a dead daemon left",
      ],
    ],
  },
  {
    row: "12 no pid file with -D",
    proofs: [["test/interop/background.test.ts", "writes the pid file in the foreground too"]],
  },
  { row: "13 status 1 after SIGTERM", proofs: [[RUNNING, "SIGTERM"]] },
  {
    row: "14 one text for every device error, bare Invalid argument, no IPv6",
    proofs: [
      [
        "test/interop/daemon.test.ts",
        "says what is wrong in one line and leaves nothing behind when it cannot start",
        "configures its interface: addresses of both families, MTU 1400, up",
      ],
      [RULES, "8 -n: bad address"],
    ],
  },
  { row: "15 unknown cipher or kd-prf", proofs: [[RULES, "2 -k: unknown", "2 -c: unknown"]] },
  { row: "16 a jail that is not there", proofs: [[RUNNING, "jail that is not there"]] },
  {
    row: "17 a device that was removed",
    proofs: [["test/interop/daemon.test.ts", "ends with status 255 and a clear line when its device is deleted"]],
  },
  {
    row: "18 packets that are cut",
    proofs: [
      ["test/interop/too-big.test.ts", "tell a sender that lets them be fragmented, which then does so itself"],
      ["test/interop/too-big.test.ts", "tell their sender: $kind $offload"],
    ],
  },
  {
    row: "19 a huge window",
    proofs: [
      ["test/config/parse.test.ts", "-w 16777217: expected a number of packets from 0 to the limit of 16777216"],
    ],
  },
  {
    row: "20 the post-up script",
    proofs: [
      [
        "test/daemon/script.test.ts",
        "gets device and node, only PATH, and no input; its output and status are logged",
        "that takes too long is terminated",
      ],
      ["test/interop/daemon.test.ts", "runs the post-up script once the interface is up, with its output in the log"],
    ],
  },
  {
    row: "21 hosts that cannot be found",
    proofs: [
      ["test/daemon/resolver.test.ts", "tries again after ten seconds, says so once, and tells when it worked"],
      ["test/daemon/peer-resolver.test.ts", "retries a failing name every ten seconds, with one error line"],
      ["test/daemon/sync/sync-link.test.ts", "waits a while for the first server that is there, and says who was not"],
    ],
  },
  {
    row: "22 a log file that cannot be opened",
    proofs: [
      [RUNNING, "log file that cannot be opened"],
      ["test/log/targets.test.ts", "with a long path and long lines are not cut"],
    ],
  },
  {
    row: "23 floods in the log",
    proofs: [
      ["test/interop/forgery.test.ts", "that forges does not disturb a running tunnel, and its log stays short"],
      ["test/log/rate-limiter.test.ts", "bounds what a flood can write"],
    ],
  },
  {
    row: "24 no socket for the peer's family",
    proofs: [["test/config/parse.test.ts", "warns of a peer that the local address can never reach"]],
  },
  {
    row: "25 secrets on the command line",
    proofs: [
      ["test/interop/secret-sources.test.ts", "get to the wire as they are"],
      [
        "test/cli/program.test.ts",

        "masks secrets in its command line, whatever follows",
      ],
    ],
  },

  { row: "config: indentation, dashes", proofs: [[FILE, '"   type tap"', '"--mux 3"', '"-w 5"']] },
  { row: "config: quotes and backslashes", proofs: [[FILE, "quotes and backslashes of the first form"]] },
  { row: "config: # in a secret", proofs: [[FILE, "never with a secret in them"]] },
  { row: "config: patterns", proofs: [[FILE, '"passphrase *"']] },
  { row: "config: CRLF", proofs: [[FILE, "line ends of DOS"]] },
  {
    row: "config: backups in conf.d",
    proofs: [[DIR, "are read in the order of their names, without hidden files and backups"]],
  },

  {
    row: "launcher: a bad file breaks the table",
    proofs: [[LAUNCHER, "configd hands out every client that can be used, whatever stands in the other files"]],
  },
  { row: "launcher: a name that cannot be resolved blocks the start", proofs: [[LAUNCHER, "nobody.invalid"]] },
  {
    row: "launcher: chroot with a comment",
    proofs: [
      [LAUNCHER, "vpn becomes the tunnel's daemon"],
      ["test/launcher/launch.test.ts", "finds the directory for the jail in %j"],
    ],
  },
  { row: "launcher: two quoting rules", proofs: [[FILE, "lines that always worked, quotes %s"]] },
  {
    row: "launcher: substrings for kd-prf and control-host",
    proofs: [
      [LAUNCHER, "post-up-script /opt/control-host/kd-prf.sh"],
      [DIR, "are not handed away by an option that only contains the word"],
    ],
  },
  {
    row: "launcher: status 0 without the daemon",
    proofs: [["../../docs/COMPATIBILITY.md", "launcher without the daemon"]],
  },

  {
    row: "generator: duplicates, existing links",
    proofs: [[UNITS, "links to the template, also over what is there", "office\\noffice office"]],
  },
  { row: "generator: / in a name", proofs: [[UNITS, '"a/b home\\n"']] },
  { row: "generator: patterns, non-word names", proofs: [[UNITS, '"* home\\n"', '"-- home\\n"']] },
  { row: "generator: no autostart", proofs: [[UNITS, '[undefined, [], ""]']] },

  {
    row: "units: failed after every stop",
    proofs: [[SYSTEMD, "run a tunnel that is ready when it says so, in its sandbox and soon without root"]],
  },
  { row: "units: PIDFile", proofs: [[UNITS, "find nothing wrong with the units"]] },
  {
    row: "units: server before its control daemon",
    proofs: [[SYSTEMD, "start the control daemon of a server first, and only where somebody asks it"]],
  },
  {
    row: "units: post-up in the sandbox",
    proofs: [
      [SYSTEMD, "ip route add 10.99.0.0/16"],
      ["../../docs/systemd.md", "The sandbox also holds for `post-up.sh`"],
    ],
  },
  { row: "units: network half up", proofs: [[RUNNING, "a host whose network is half up"]] },
  {
    row: "units: active although nothing works",
    proofs: [[SYSTEMD, "tell at once that a tunnel cannot start, and why"]],
  },
];

it.each(flaws)("$row", ({ proofs }) => {
  for (const [file, ...titles] of proofs) {
    const text = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), "utf8");
    for (const title of titles) expect(text, file).toContain(title);
  }
});
