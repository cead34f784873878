import { describe, expect, it } from "vitest";
import { ENDPOINT_PORT } from "../../src/batch/packet-batch.ts";
import { roleByName } from "../../src/crypto/role.ts";
import { authByName, cipherByName, kdPrfByName } from "../../src/crypto/suite.ts";
import { contextFor, endpoint, ipv4Frame, TestTunnel } from "../support/test-tunnel.ts";
import { present, readVectors, toHex, type VectorRecord } from "../support/vectors.ts";

const vectors = readVectors("receive-sequences.json");
const scenarios = vectors.records("scenarios", vectors.number("scenarios_count"));

/** What we do in a step where we deliberately do not do what the program did. */
interface Deviation {
  readonly verdict: "delivered" | "dropped";
  readonly port: number | undefined;
  readonly replyHeader: string | undefined;
  /** Where a copy of the reply goes. */
  readonly copyPort?: number;
  /** What the step is counted as, when it is dropped. */
  readonly drop: string | undefined;
  readonly because: string;
}

const AUTHENTICATE_FIRST = "a peer is detected only by an authenticated datagram, and the mux of that one counts";
const FIRST_SHARES =
  "a datagram that may have been recorded takes nothing from the configured endpoint, but is answered";
const TYPE_IS_CHECKED = "a payload of a type that the device does not take is dropped, as anytun does";

/** By program, scenario and step. Every other step must agree with the program in every respect. */
const DEVIATIONS: ReadonlyMap<string, Deviation> = new Map<string, Deviation>([
  ["anytun/tags/9", firstShares("0000000900000000")],
  ["uanytun/tags/9", firstShares("0000000900000000")],
  ["anytun/no configured peer/1", unverified("dropped", undefined, undefined, "bad-tag")],
  ["anytun/no configured peer/2", unverified("delivered", 5555, "0000000000000003")],
  ["anytun/no configured peer/3", unverified("dropped", 5555, "0000000100000003", "unknown-mux")],
  ["anytun/no configured peer/4", unverified("delivered", 5555, "0000000200000003")],
  ["uanytun/payload types on tun/4", wrongType(5555, "0000000400000000")],
  ["uanytun/payload types on tun/5", wrongType(5555, "0000000500000000")],
  ["uanytun/payload types on tun/6", wrongType(5555, "0000000600000000")],
  ["uanytun/payload types on tun/7", wrongType(5555, "0000000700000000")],
  ["uanytun/payload types on tap/1", wrongType(5555, "0000000100000000")],
  ["uanytun/payload types on tap/2", wrongType(5555, "0000000200000000")],
  ["uanytun/payload types on tap/3", wrongType(5555, "0000000300000000")],
  ["uanytun/roaming/7", wrongType(5556, "0000000700000000")],
]);

function unverified(
  verdict: Deviation["verdict"],
  port: number | undefined,
  replyHeader: string | undefined,
  drop?: string,
): Deviation {
  return { verdict, port, replyHeader, drop, because: AUTHENTICATE_FIRST };
}

function firstShares(replyHeader: string): Deviation {
  return { verdict: "delivered", port: 5555, copyPort: 5556, replyHeader, drop: undefined, because: FIRST_SHARES };
}

function wrongType(port: number, replyHeader: string): Deviation {
  return { verdict: "dropped", port, replyHeader, drop: "wrong-type", because: TYPE_IS_CHECKED };
}

function receiverFor(scenario: VectorRecord): TestTunnel {
  const config = scenario.record("config");
  const suite = {
    kdPrf: present(kdPrfByName(config.text("kd_prf")), "kd-prf"),
    cipher: present(cipherByName(config.text("cipher")), "cipher"),
    auth: present(authByName(config.text("auth_algo")), "auth"),
    tagBytes: config.number("auth_tag_length"),
  };
  const peerPort = config.has("configured_peer_port") ? config.optionalNumber("configured_peer_port") : 5555;
  const test = new TestTunnel({
    context: contextFor(present(roleByName(config.text("receiver_role")), "role"), suite, config.text("passphrase")),
    kind: config.text("device") === "tap" ? "tap" : "tun",
    mux: config.number("mux"),
    windowSize: config.number("window_size"),
    autodetect: peerPort === undefined,
  });
  if (peerPort !== undefined) test.addPeer(endpoint(peerPort), config.number("mux"));
  return test;
}

const byKind = (kind: string) =>
  scenarios
    .filter((scenario) => scenario.text("kind") === kind)
    .map((scenario): [string, VectorRecord] => [
      `${scenario.text("name")}, as ${scenario.texts("verified_with").map(programName).join(" and ")}`,
      scenario,
    ]);

function programName(version: string): string {
  return present(version.split(" ")[0], "program");
}

describe("receive-sequences.json", () => {
  it("has all steps its header promises, of the two kinds that are tested here", () => {
    const steps = scenarios.reduce((sum, scenario) => sum + scenario.records("steps").length, 0);
    expect(steps).toBe(vectors.number("steps_count"));
    expect(byKind("replay").length + byKind("decision").length).toBe(scenarios.length);
  });

  it.each(byKind("replay"))("%s", (_, scenario) => {
    const test = receiverFor(scenario);
    for (const [i, step] of scenario.records("steps").entries()) {
      test.now += 10;
      const delivered = test.receiveOne(step.bytes("packet"), endpoint(5555)) !== undefined;
      expect([i, step.text("why"), delivered ? "delivered" : "dropped"]).toEqual([
        i,
        step.text("why"),
        step.text("verdict"),
      ]);
    }
    const dropped = scenario.records("steps").filter((step) => step.text("verdict") === "dropped").length;
    expect(test.drops()).toEqual(dropped === 0 ? {} : { replay: dropped });
  });

  it.each(byKind("decision"))("%s", (_, scenario) => {
    const program = programName(present(scenario.texts("verified_with")[0], "program"));
    const test = receiverFor(scenario);
    for (const [i, step] of scenario.records("steps").entries()) {
      test.now += 10;
      const deviation = DEVIATIONS.get(`${program}/${scenario.text("name")}/${i}`);
      const before = test.drops();
      const frame = test.receiveOne(step.bytes("packet"), endpoint(step.number("source_port")));
      const dropped = Object.entries(test.drops()).filter(([name, count]) => count !== (before[name] ?? 0));
      // the program's frame is compared up to anytun's two stale bytes behind it
      const device = frame === undefined ? undefined : toHex(frame);
      const [reply] = test.send([ipv4Frame()]);
      const [copy] = test.copies(reply === undefined ? 0 : 1);
      const observed = {
        i,
        verdict: frame === undefined ? "dropped" : "delivered",
        port: reply?.endpoint[ENDPOINT_PORT],
        copyPort: copy?.endpoint[ENDPOINT_PORT],
        replyHeader: reply === undefined ? undefined : toHex(reply.datagram.subarray(0, 8)),
      };
      const original = {
        i,
        verdict: step.text("verdict"),
        port: step.optionalNumber("peer_port_after"),
        replyHeader: step.has("reply_header") ? step.text("reply_header") : undefined,
      };
      expect(dropped.length).toBe(frame === undefined ? 1 : 0);
      if (deviation === undefined) {
        expect(observed).toEqual(original);
        if (step.has("device_output")) {
          const output = step.text("device_output");
          expect(device).toBe(program === "anytun" ? output.slice(0, -4) : output);
        }
      } else {
        const { drop, because, ...ours } = deviation;
        expect(observed).toEqual({ i, ...ours });
        expect(observed, `no longer a deviation: ${because}`).not.toEqual(original);
        if (drop !== undefined) expect(dropped.map(([name]) => name)).toEqual([drop]);
      }
    }
  });

  it("meets every listed deviation", () => {
    const steps = new Set(
      scenarios
        .filter((scenario) => scenario.text("kind") === "decision")
        .flatMap((scenario) =>
          scenario
            .records("steps")
            .map((_, i) => `${programName(scenario.texts("verified_with")[0] ?? "")}/${scenario.text("name")}/${i}`),
        ),
    );
    expect([...DEVIATIONS.keys()].filter((key) => !steps.has(key))).toEqual([]);
  });
});
