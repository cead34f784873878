/** A laboratory of network namespaces: hosts, cables, programs that run in them, captures of what travels between. */
export { Capture } from "./capture.ts";
export { Host } from "./host.ts";
export { Lab, type LinkEnd, type LinkOptions } from "./lab.ts";
export { LabError, type LabErrorCode } from "./lab-error.ts";
export { type NatKind, natKinds, type WanInput } from "./nat/gateway-rules.ts";
export { type NatChain, NatLab, type NatLabOptions, type NatSide } from "./nat/nat-lab.ts";
export type { UdpDatagram } from "./pcap.ts";
export { type ExitState, Program, type ProgramOptions, type RunOptions, type RunResult, run } from "./program.ts";
export { findProgram, type Lack, lacking, type Requirement, type Requires, requires } from "./requirements.ts";
export { reexecInUserNamespace } from "./user-namespace.ts";
export { type WaitOptions, waitUntil } from "./wait-until.ts";
