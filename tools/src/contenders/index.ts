export { bareLink } from "./bare-link.ts";
export type { Contender, Tunnel } from "./contender.ts";
export { anytun, ours, oursWith, ownDaemon, uanytun } from "./satp.ts";
export { wireguardGo } from "./wireguard-go.ts";
