import { fileURLToPath } from "node:url";
import {
  type NatChain,
  NatLab,
  type NatLabOptions,
  type NatSide,
  type Program,
  type RunResult,
  requires,
} from "satp-tools/lab";
import { describe, expect, it } from "vitest";

const program = fileURLToPath(new URL("../../dist/bin/nat-traverse.js", import.meta.url));
const ours = ["node", program] as const;
const original = ["nat-traverse"] as const;

interface Trial {
  readonly gateways: readonly [NatChain, NatChain];
  readonly left?: readonly string[];
  readonly right?: readonly string[];
  /** Milliseconds from the first packet of the left end to the start of the right one's program. */
  readonly skew?: number;
  readonly options?: NatLabOptions;
  readonly isIpv6?: boolean;
}

async function trial(wanted: Trial): Promise<[RunResult, RunResult]> {
  await using lab = await NatLab.create(...wanted.gateways, wanted.options);
  const start = (side: NatSide, peer: NatSide, ports: string, words: readonly string[]): Program => {
    const [command = "", ...rest] = words;
    const [own, other] = ports.split(" ");
    const address = wanted.isIpv6 === true ? `[${peer.address6}]` : peer.address;
    return side.host.spawn(command, [...rest, "--quit-after-connect", `${own}:${address}:${other}`]);
  };
  const left = start(lab.left, lab.right, "40000 40001", wanted.left ?? ours);
  // A slow machine takes its time until a program begins.
  await left.waitFor(/Sending|"event":"garbage"/, { timeout: 30_000 });
  await new Promise((resolve) => setTimeout(resolve, wanted.skew ?? 0));
  const right = start(lab.right, lab.left, "40001 40000", wanted.right ?? ours);
  return await Promise.all([left.result(90_000), right.result(90_000)]);
}

async function connects(wanted: Trial): Promise<[RunResult, RunResult]> {
  const results = await trial(wanted);
  const text = results.map(({ stderr }) => stderr).join("\n");
  expect(
    results.map(({ status }) => status),
    text,
  ).toEqual([0, 0]);
  return results;
}

/** Milliseconds from the start of punching, as the program says. */
function ms({ stderr }: RunResult): number {
  return Number(/"event":"connected".*"ms":(\d+)/.exec(stderr)?.[1]);
}

const restricted: NatChain = ["port-restricted"];
const carrier: NatChain = ["port-restricted", "port-restricted"];
const json = [...ours, "--json"];

describe("holes through gateways", requires("root", "ip", "nft"), () => {
  it.concurrent("open at once between two new ends that keep their ports", async () => {
    const results = await connects({ gateways: [carrier, restricted], left: json, right: json, skew: 1_000 });
    expect(ms(results[1])).toBeLessThan(1_000);
  });

  it.concurrent("open over IPv6", async () => {
    await connects({ gateways: [["firewall"], restricted], isIpv6: true });
  });

  it.concurrent("open where three of ten packets are lost", async () => {
    await connects({ gateways: [restricted, restricted], options: { loss: 30 } });
  });

  it.concurrent.each(["symmetric", "symmetric-seq", "port-restricted:shift"] as const)(
    "open through %s into a gateway that filters nothing, by answering where packets come from",
    async (kind) => {
      const results = await connects({ gateways: [[kind], ["full-cone"]], left: json, right: json });
      expect(ms(results[1])).toBeLessThan(2_000);
      expect(results[1].stderr).toMatch(/"heard".*"expected":false/);
    },
  );

  it.concurrent.each(["symmetric", "symmetric-seq", "port-restricted:shift"] as const)(
    "open through %s into a gateway that filters by port, by trying ports out",
    async (kind) => {
      const plain = [...json, "--no-low-ports"];
      const results = await connects({ gateways: [[kind], restricted], left: plain, right: plain });
      expect(Math.min(...results.map(ms))).toBeGreaterThan(1_000);
    },
  );

  it.concurrent("open through two random gateways with low ports", async () => {
    await connects({ gateways: [["symmetric"], ["symmetric"]], left: json, right: json });
  });

  it.concurrent("open through two gateways that let unasked packets in", async () => {
    const wanted = [...json, "--no-spray", "--window=8"];
    const options = { wanInput: "accept" } as const;
    const results = await connects({
      gateways: [restricted, carrier],
      left: wanted,
      right: wanted,
      skew: 1_500,
      options,
    });
    expect(ms(results[1])).toBeGreaterThan(1_000);
  });

  it.concurrent("stay closed where they must, and say so", async () => {
    const wanted = [...ours, "--no-spray", "--window=1", "--timeout=2"];
    const results = await trial({ gateways: [["symmetric"], restricted], left: wanted, right: wanted });
    for (const { status, stderr } of results) {
      expect(status).toBe(4);
      expect(stderr).toMatch(/nothing arrived from .* in 3 s/);
      expect(stderr).toMatch(/leave --no-spray out/);
    }
  });
});

describe("with the original, through gateways", requires("root", "ip", "nft", "nat-traverse"), () => {
  const mine = [...ours, "--window=3", "--timeout=30"];
  const theirs = [...original, "--window=6", "--timeout=30"];
  it.concurrent.each([
    ["ours first", mine, theirs, 1_500],
    ["the original first", theirs, mine, 500],
    // Longer than our window: the original alone would not connect.
    ["ours long before", mine, theirs, 5_000],
  ] as const)("holes open, %s", async (_, left, right, skew) => {
    await connects({ gateways: [restricted, carrier], left, right, skew });
  });

  it.concurrent("holes open to one behind a gateway that changes ports", async () => {
    await connects({
      gateways: [["symmetric"], ["full-cone"]],
      left: theirs,
      right: mine,
    });
  });
});
