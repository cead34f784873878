// Everything that goes wrong around a tunnel in the course of years, with traffic running. A file for each; see fault-lab.ts.
import { markdownTable } from "../terminal/text-table.ts";
import type { Section } from "./document.ts";
import type { Fault, FaultResult } from "./fault-lab.ts";
import { addressFault } from "./faults-address.ts";
import { badLinkFault } from "./faults-bad-link.ts";
import { clockFault } from "./faults-clock.ts";
import { deviceFault } from "./faults-device.ts";
import { dnsFault } from "./faults-dns.ts";
import { logFileFault } from "./faults-log-file.ts";
import { reloadFault } from "./faults-reloads.ts";
import { restartFaults } from "./faults-restarts.ts";
import { roamingFault } from "./faults-roaming.ts";
import { stateFaults } from "./faults-state.ts";
import { stoppedFault } from "./faults-stopped.ts";
import { syslogFault } from "./faults-syslog.ts";

export const faultList: readonly Fault[] = [
  dnsFault,
  syslogFault,
  logFileFault,
  clockFault,
  reloadFault,
  addressFault,
  stoppedFault,
  deviceFault,
  ...stateFaults,
  ...restartFaults,
  roamingFault,
  badLinkFault,
];

const FAULTY = "**faults**";
const columns = ["fault", "what was done", "answered", "cost"];

/**
 * @param previous the section as it was, from which rows of faults that were not tried this time stay
 */
export function faultsSection(results: readonly (readonly [Fault, FaultResult])[], previous = ""): Section {
  const known = new Map(
    [...previous.matchAll(/^\| (.*) \|$/gm)].map(([, line = ""]): [string, string[]] => {
      const cells = line.split(" | ");
      return [cells[0] ?? "", cells];
    }),
  );
  for (const [{ name }, { done, traffic, cost, faults }] of results) {
    const answered = traffic.reduce((sum, one) => sum + one.answered, 0);
    const sent = traffic.reduce((sum, one) => sum + one.sent, 0);
    known.set(name, [name, done, `${answered} of ${sent}`, faults.length === 0 ? cost : FAULTY]);
  }
  const tried = new Set(results.map(([{ name }]) => name));
  const rows = faultList.flatMap(({ name }) => {
    const row = known.get(name);
    return row === undefined ? [] : [row];
  });
  const kept = rows.filter(([name = ""]) => !tried.has(name));
  const body = `Two of our daemons, a datagram every 10 ms through the tunnel each way, an answer to each, while something breaks. Nothing may be
lost but what the fault itself costs, and no answer may come twice.${kept.length === 0 ? "" : ` ${kept.length === 1 ? "One row is" : `${kept.length} rows are`} of the run before this one.`}

${markdownTable([columns, ...rows])}`;
  return {
    title: "Faults",
    faults: [
      ...results.flatMap(([{ name }, { faults }]) => faults.map((fault) => `${name}: ${fault}`)),
      ...kept.filter((row) => row.includes(FAULTY)).map(([name]) => `${name}: in the run before`),
    ],
    body,
  };
}
