// The demo: two hosts on this machine, one anytun on each, and the tunnel between them at work.
import { lacking, reexecInUserNamespace } from "../lab/index.ts";
import { LabError } from "../lab/lab-error.ts";
import { red } from "../terminal/style.ts";
import { show } from "./show.ts";

/** One line of what is missing, or nothing. */
function obstacle(): string | undefined {
  const [lack] = lacking("ip", "ping", "unshare", "tun");
  if (lack === undefined) return undefined;
  const commands = { ip: "sudo apt-get install iproute2", ping: "sudo apt-get install iputils-ping" };
  const command = lack.name === "ip" || lack.name === "ping" ? commands[lack.name] : lack.command;
  const what =
    lack.name === "tun" ? "/dev/net/tun is missing or not accessible" : `the command ${lack.name} is missing`;
  return `${what}: ${command}`;
}

async function main(): Promise<number> {
  const missing = obstacle();
  if (missing !== undefined) {
    console.error(red(missing));
    return 1;
  }
  const status = await reexecInUserNamespace();
  if (status === "refused") {
    console.error(red("this system lets only root make network namespaces: sudo npm run demo"));
    return 1;
  }
  if (status !== undefined) return status;
  try {
    await show();
    return 0;
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    console.error(`\n${red(error.message)}`);
    return 1;
  }
}

process.exitCode = await main();
