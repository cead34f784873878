// A part of the benchmark: one question, its tables, and the text that says how they came about.
import type { Contender } from "../contenders/index.ts";
import type { Requirement } from "../lab/index.ts";
import type { Bars } from "./picture.ts";

export interface Settings {
  readonly runs: number;
  readonly seconds: number;
  /** Whether a contender, by its short name, takes part. */
  wants(contender: string): boolean;
  tell(line: string): void;
}

/** Those of a section's contenders that take part, in their order. */
export function takingPart(
  known: Readonly<Record<string, Contender>>,
  { wants }: Pick<Settings, "wants">,
): Contender[] {
  return Object.entries(known)
    .filter(([id]) => wants(id))
    .map(([, contender]) => contender);
}

export interface Table {
  /** Shown before the table. */
  readonly caption?: string;
  /** The first row is the head. */
  readonly rows: readonly (readonly string[])[];
}

export interface SectionResult {
  readonly tables: readonly Table[];
  /** Markdown below the tables. */
  readonly text: string;
  /** Measurements that failed, one line each. */
  readonly failures: readonly string[];
  readonly bars?: readonly Bars[];
}

export interface Section {
  readonly title: string;
  /** Short names of contenders that can be left out. */
  readonly contenders: readonly string[];
  needs(settings: Pick<Settings, "wants">): readonly Requirement[];
  measure(settings: Settings): Promise<SectionResult>;
}
