// iperf3 between two hosts, read from its own report.
import { type Host, LabError, type Program } from "../lab/index.ts";

/** The parts of iperf3's report that are read here. */
interface Report {
  readonly error?: string;
  readonly end: {
    readonly sum_received?: { readonly bits_per_second: number; readonly bytes: number };
    readonly sum_received_bidir_reverse?: { readonly bits_per_second: number; readonly bytes: number };
    readonly sum?: { readonly packets: number; readonly lost_packets: number; readonly seconds: number };
  };
}

/** An iperf3 server for one measurement. */
export async function iperfServer(host: Host): Promise<Program> {
  const server = host.spawn("iperf3", ["--server", "--one-off", "--json"]);
  const listening = async (): Promise<boolean> => (await host.check("ss", ["-Hltn", "sport = :5201"])) !== "";
  const end = performance.now() + 5_000;
  while (!(await listening())) {
    if (performance.now() > end) throw new LabError("timeout", `iperf3 does not listen:\n${server.output}`);
  }
  return server;
}

/** Runs the client to its end. @throws LabError with iperf3's own text */
export async function iperfClient(host: Host, server: string, seconds: number, more: string[] = []): Promise<Report> {
  const options = ["--client", server, "--time", `${seconds}`, "--json", ...more];
  const { stdout, stderr } = await host.run("iperf3", options, { timeout: (seconds + 20) * 1000 });
  let report: Report;
  try {
    report = JSON.parse(stdout);
  } catch (cause) {
    throw new LabError("status", `iperf3 wrote no report: ${stderr}${stdout}`, { cause });
  }
  if (report.error !== undefined) throw new LabError("status", `iperf3: ${report.error}`);
  return report;
}
