/** Every algorithm and option of the wire against an original, in both roles, over real devices. */
import { Lab, type LinkEnd, type Requirement, requires } from "satp-tools/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Kind, readCounters, startDaemon, unexpectedDrops } from "./daemons.ts";
import { pings, transfer } from "./traffic.ts";

interface Case {
  readonly name: string;
  /** Options of both ends. */
  readonly both?: readonly string[];
  readonly ours?: readonly string[];
  readonly theirs?: readonly string[];
  readonly role?: "left" | "right";
  readonly kind?: "tun" | "tap";
  readonly underlay?: 4 | 6;
  /** Also IPv6 inside the tunnel. */
  readonly ipv6Inside?: boolean;
  /** End that is not told where the other is. */
  readonly detects?: "ours" | "theirs";
}

const ALGORITHMS = ["null", "aes-ctr-128", "aes-ctr-192", "aes-ctr-256"];
const ROLES = ["left", "right"] as const;

/** Every kd-prf with every cipher and every authentication. */
const suites: Case[] = ALGORITHMS.flatMap((kdPrf) =>
  ALGORITHMS.flatMap((cipher) =>
    ["null", "sha1"].map((auth, i): Case => {
      const role = ROLES[(ALGORITHMS.indexOf(kdPrf) + ALGORITHMS.indexOf(cipher) + i) % 2] ?? "left";
      return {
        name: `kd-prf ${kdPrf}, cipher ${cipher}, auth ${auth}`,
        role,
        both: ["-k", kdPrf, "-c", cipher, "-a", auth],
      };
    }),
  ),
);

const cases: Case[] = [
  ...ROLES.flatMap((role) =>
    (["tun", "tap"] as const).flatMap((kind) =>
      ([4, 6] as const).map(
        (underlay): Case => ({
          name: `role ${role}, ${kind}, IPv${underlay} underlay`,
          role,
          kind,
          underlay,
          ipv6Inside: true,
        }),
      ),
    ),
  ),
  ...suites,
  ...["4", "10", "20"].map((bytes): Case => ({ name: `tag of ${bytes} bytes`, both: ["-b", bytes] })),
  { name: "mux 65535", both: ["-m", "65535"] },
  { name: "sender id 65535 of ours", ours: ["-s", "65535"] },
  { name: "sender id 65535 of the original", theirs: ["-s", "65535"], role: "right" },
  { name: "replay window on both ends", both: ["-w", "1000"] },
  {
    name: "master key and salt",
    both: ["-K", "00112233445566778899aabbccddeeff", "-A", "000102030405060708090a0b0c0d"],
  },
  { name: "the peer is detected by ours", detects: "ours" },
  { name: "the peer is detected by the original", detects: "theirs", role: "right" },
];

const INSIDE = { ours: "10.77.0.1", theirs: "10.77.0.2", ours6: "fd77::1", theirs6: "fd77::2" };
const NEEDS: Readonly<Record<Exclude<Kind, "ours">, Requirement[]>> = {
  anytun: ["root", "tun", "anytun", "ifconfig", "ping"],
  uanytun: ["root", "tun", "uanytun", "ifconfig", "ping"],
};

/** Declares the tests; each original has a file of its own, so that they run side by side. */
export function describeTunnels(original: Exclude<Kind, "ours">): void {
  describe(`a tunnel with ${original}`, requires(...NEEDS[original]), () => {
    let lab: Lab;
    let near: LinkEnd;
    let far: LinkEnd;
    beforeAll(async () => {
      lab = await Lab.create();
      [near, far] = await lab.pair("ours", original);
    });
    afterAll(() => lab?.[Symbol.asyncDispose]());

    it.each(cases)("$name", async (wanted) => {
      const { role = "left", kind = "tun", underlay = 4, detects } = wanted;
      const opposite = role === "left" ? "right" : "left";
      const place = (end: LinkEnd): string => (underlay === 4 ? end.ipv4 : end.ipv6);
      const passphrase = wanted.both?.includes("-K") === true ? [] : ["-E", "Grüße an alle"];
      const common = ["-t", kind, "-d", `${kind}0`, ...passphrase, ...(wanted.both ?? [])];
      const theirs = startDaemon(far.host, original, [
        ...common,
        ...["-e", opposite, "-n", `${INSIDE.theirs}/30`, ...(wanted.theirs ?? [])],
        ...(detects === "theirs" ? [] : ["-r", place(near)]),
      ]);
      const ours = startDaemon(near.host, "ours", [
        ...common,
        ...["-e", role, "-n", `${INSIDE.ours}/30`, "-n", `${INSIDE.ours6}/64`, ...(wanted.ours ?? [])],
        ...(detects === "ours" ? [] : ["-r", place(far)]),
      ]);
      try {
        const [speaker, target] = detects === "ours" ? [far, INSIDE.ours] : [near, INSIDE.theirs];
        await speaker.host.reach(target, { timeout: 30_000 });
        await pings(near.host, INSIDE.theirs);
        await pings(far.host, INSIDE.ours);
        await transfer(near.host, far.host, INSIDE.theirs);
        await transfer(far.host, near.host, INSIDE.ours);
        if (wanted.ipv6Inside === true) {
          await far.host.ip([`address add ${INSIDE.theirs6}/64 dev ${kind}0 nodad`]);
          await near.host.reach(INSIDE.theirs6);
          await pings(far.host, INSIDE.ours6);
          await transfer(far.host, near.host, INSIDE.ours6);
        }
        const counters = await readCounters(ours);
        expect(unexpectedDrops(counters)).toEqual([]);
        expect(counters.packetsIn).toBeGreaterThan(10_000);
        expect(counters.packetsOut).toBeGreaterThan(10_000);
        expect(await ours.stop()).toEqual({ status: 0, signal: null });
      } catch (error) {
        // what was dropped, if it is still there to say so
        await readCounters(ours).catch(() => {});
        throw new Error(`ours:\n${ours.output}\n${original}:\n${theirs.output}`, { cause: error });
      } finally {
        await Promise.all([ours.stop("SIGKILL"), theirs.stop("SIGKILL")]);
      }
    });
  });
}
