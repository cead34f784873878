import type { Section } from "../section.ts";
import { congestion } from "./congestion.ts";
import { contenders } from "./contenders.ts";
import { firstPacket } from "./first-packet.ts";
import { kernels } from "./kernels.ts";
import { scaling } from "./scaling.ts";
import { stages } from "./stages.ts";
import { startUp } from "./start-up.ts";
import { steps } from "./steps.ts";
import { underlays } from "./underlays.ts";
import { variants } from "./variants.ts";

/** By name, in the order of the report. */
export const sections: Readonly<Record<string, Section>> = {
  contenders,
  congestion,
  variants,
  underlays,
  stages,
  scaling,
  steps,
  kernels,
  "start-up": startUp,
  "first-packet": firstPacket,
};
