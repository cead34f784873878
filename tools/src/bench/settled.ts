import { setTimeout as sleep } from "node:timers/promises";
import type { Contender, Tunnel } from "../contenders/index.ts";
import type { LinkEnd } from "../lab/index.ts";

/** A tunnel a second after its start: what a program still does then is what the section on starts is about. */
export async function settled(contender: Contender, left: LinkEnd, right: LinkEnd): Promise<Tunnel> {
  const tunnel = await contender.start(left, right);
  await sleep(1000);
  return tunnel;
}
