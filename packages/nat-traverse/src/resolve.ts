/** The peer's name as addresses to send to. */
import { isIP } from "node:net";
import { NatTraverseError, quoted } from "./errors.ts";

/** A name with more addresses than this is somebody's joke. */
const MOST_ADDRESSES = 8;

/**
 * IPv4 first: an original knows nothing else.
 * @throws NatTraverseError `name`
 */
export async function resolvePeer(name: string): Promise<string[]> {
  if (isIP(name) !== 0) return [name];
  const { lookup } = await import("node:dns/promises");
  try {
    const found = await lookup(name, { all: true, verbatim: true });
    const addresses = [4, 6].flatMap((family) => found.filter((entry) => entry.family === family));
    return [...new Set(addresses.map(({ address }) => address))].slice(0, MOST_ADDRESSES);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason = code === "EAI_AGAIN" ? "no name server answers" : "no address is known for this name";
    throw new NatTraverseError("name", `${quoted(name)}: ${reason}`, { cause: error });
  }
}
