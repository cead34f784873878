export { bareLink } from "./bare-link.ts";
export { type Contender, innerMtu, type Tunnel } from "./contender.ts";
export { anytun, ours, ownDaemon, type SatpOptions, satp, uanytun } from "./satp.ts";
export { wireguardGo } from "./wireguard-go.ts";
