// The same daemon with other kernels, addresses, devices and suites.
import { type Contender, ours, oursWith, uanytun } from "../../contenders/index.ts";
import type { Requirement } from "../../lab/index.ts";
import { type Entry, interleave } from "../interleave.ts";
import { measureRate } from "../measure-contender.ts";
import { type Column, resultTable } from "../results.ts";
import type { Section, SectionResult, Settings } from "../section.ts";
import { usableKernels } from "./kernels.ts";

const kernel = (name: string): Contender => oursWith(`kernel ${name}`, { env: { TUN_NATIVE_CRYPTO: name } });
const aes256 = "aes-ctr-256";

/** By short name: the kernels of a class, the one to measure first. A processor without SHA-NI has others than `aesni`. */
const kernelClasses: Readonly<Record<string, readonly string[]>> = {
  aesni: ["aesni", "avx2-aesni", "avx512-aesni"],
  evp: ["evp"],
};
const known: Readonly<Record<string, Contender>> = {
  ours,
  uanytun,
  ...Object.fromEntries(Object.keys(kernelClasses).map((name) => [name, kernel(name)])),
  "ipv6-inside": oursWith("IPv6 inside", { inside: 6 }),
  "ipv6-outside": oursWith("IPv6 outside", { outside: 6 }),
  tap: oursWith("TAP", { kind: "tap" }),
  [aes256]: oursWith(`-c ${aes256} -k ${aes256}`, { extra: ["-c", aes256, "-k", aes256] }),
  "tag-20": oursWith("-b 20 (whole tag)", { extra: ["-b", "20"] }),
};

const tcp = (rate: number): number => rate;
const columns: readonly Column<number>[] = [
  { title: "TCP Gbit/s", digits: 2, value: tcp },
  { title: "to the default", digits: 2, value: tcp, reference: ours.name, ratioOnly: true },
  { title: `to ${uanytun.name}`, digits: 2, value: tcp, reference: uanytun.name, ratioOnly: true },
];

export const variants: Section = {
  title: "In other ways",
  contenders: Object.keys(known),
  needs: (settings): Requirement[] => ["iperf3", ...chosen(settings).flatMap(([, { needs }]) => needs)],
  async measure(settings): Promise<SectionResult> {
    const usable = await usableKernels();
    const asked = Object.keys(kernelClasses).filter((id) => settings.wants(id));
    const here = chosen(settings).flatMap(([id, contender]) => forThisMachine(id, contender, usable));
    const { runs, failures } = await interleave(
      here.map((contender): Entry<number> => {
        return { name: contender.name, measure: () => measureRate(contender, settings.seconds) };
      }),
      settings.runs,
      (rate) => `${rate.toFixed(2)} Gbit/s`,
      settings.tell,
    );
    return {
      tables: [{ rows: resultTable(runs, columns) }],
      text: `One TCP stream a second after the start. Each row differs from the default (IPv4 inside and outside, TUN, AES-128, 10 bytes
of tag, kernel ${usable[0]}) in what its name says; all take turns.${missingKernels(asked, usable)}`,
      failures,
    };
  },
};

/** The kernel to measure for a short name; undefined when this machine can run none of its class. */
export function kernelOf(id: string, usable: readonly string[]): string | undefined {
  return kernelClasses[id]?.find((name) => usable.includes(name));
}

/** A sentence for each class of kernels of which this machine can run none. */
export function missingKernels(ids: readonly string[], usable: readonly string[]): string {
  const missing = ids.filter((id) => kernelOf(id, usable) === undefined);
  return missing.map((id) => ` This machine can run no kernel of the class ${id}.`).join("");
}

function forThisMachine(id: string, contender: Contender, usable: readonly string[]): Contender[] {
  if (!(id in kernelClasses)) return [contender];
  const name = kernelOf(id, usable);
  return name === undefined ? [] : [kernel(name)];
}

function chosen({ wants }: Pick<Settings, "wants">): [string, Contender][] {
  return Object.entries(known).filter(([id]) => wants(id));
}
