// What a run of the benchmark measures, from its arguments.
import { parseArgs } from "node:util";
import { LabError } from "../lab/index.ts";
import { sections } from "./sections/index.ts";

export interface Plan {
  readonly runs: number;
  readonly seconds: number;
  /** Names of sections, in their order. */
  readonly sections: readonly string[];
  /** Short names of contenders; undefined = all. */
  readonly only: readonly string[] | undefined;
  readonly writes: boolean;
}

const ids = [...new Set(Object.values(sections).flatMap(({ contenders }) => contenders))];
const usage = `usage: npm run bench [-- --runs N --seconds N --quick --no-write
  --sections ${Object.keys(sections).join(",")}
  --only ${ids.join(",")}]`;

/**
 * Results are written only when nothing was left out.
 * @throws LabError `setup` with the usage
 */
export function readPlan(args: readonly string[]): Plan {
  const { values } = parsed(args);
  const quick = values.quick === true;
  const runs = Number(values.runs ?? (quick ? 1 : 5));
  const seconds = Number(values.seconds ?? (quick ? 1 : 2));
  if (!Number.isInteger(runs) || runs < 1) throw wrong(`--runs ${values.runs}: expected a number of runs from 1 on`);
  if (!(seconds > 0)) throw wrong(`--seconds ${values.seconds}: expected a time above 0`);
  const chosen = listed(values.sections, Object.keys(sections), "section");
  const only = listed(values.only, ids, "contender");
  return {
    runs,
    seconds,
    sections: Object.entries(sections)
      .filter(([name, { contenders }]) => {
        if (chosen !== undefined) return chosen.includes(name);
        return only === undefined || contenders.some((id) => only.includes(id));
      })
      .map(([name]) => name),
    only,
    writes: !quick && values["no-write"] !== true && chosen === undefined && only === undefined,
  };
}

function parsed(args: readonly string[]): ReturnType<typeof parseOptions> {
  try {
    return parseOptions(args);
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

function parseOptions(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      runs: { type: "string" },
      seconds: { type: "string" },
      sections: { type: "string" },
      only: { type: "string" },
      quick: { type: "boolean" },
      "no-write": { type: "boolean" },
    },
  });
}

function listed(text: string | undefined, known: readonly string[], what: string): string[] | undefined {
  const names = text?.split(",");
  const stranger = names?.find((name) => !known.includes(name));
  if (stranger !== undefined) throw wrong(`no ${what} ${stranger}: expected some of ${known.join(", ")}`);
  return names;
}

function wrong(message: string): LabError {
  return new LabError("setup", `${message}\n${usage}`);
}
