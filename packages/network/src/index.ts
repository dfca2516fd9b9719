export { checkHost as checkNetworkHost } from './check-host.ts';
export { createLinuxNetwork } from './create-linux-network.ts';
export { findShutDoors } from './edge/ask-doors.ts';
export { type DroppingFirewall, findHostFirewall } from './host-firewall.ts';
export type { NetworkLeftover } from './leftovers.ts';
export type { LinuxNetwork, LinuxNetworkOptions } from './linux-network.ts';
export * from './network-errors.ts';
