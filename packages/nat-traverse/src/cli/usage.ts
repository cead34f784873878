/** The texts of --help and --version. */
import { options, takesValue } from "./options.ts";

const DESCRIPTION_COLUMN = 30;

/** Final newline included. */
export function usageText(version: string): string {
  const described = options.map(({ name, definition, ...option }) => {
    const value = takesValue({ name, definition, ...option }) ? `=${definition.valueHint}` : "";
    return `  --${name}${value}`.padEnd(DESCRIPTION_COLUMN) + definition.description;
  });
  return [
    `nat-traverse v${version} -- a UDP connection between two hosts behind NAT gateways`,
    "",
    "Usage:",
    "  left$  nat-traverse [options] 40000:gateway-of-right:40001",
    "  right$ nat-traverse [options] 40001:gateway-of-left:40000",
    "",
    "Available options:",
    ...described,
    "",
    "The first six may be shortened as long as they stay unambiguous. Without --cmd and --quit-after-connect",
    "what comes in at standard input goes to the peer, and what comes from the peer goes to standard output.",
    "",
  ].join("\n");
}
