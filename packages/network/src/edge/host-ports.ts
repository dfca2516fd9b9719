import { readFile } from 'node:fs/promises';

/** What is added to ports that only the host's root may listen on. */
export const lowPortShift = 20_000;

const firstPortFile = '/proc/sys/net/ipv4/ip_unprivileged_port_start';

let firstPort: Promise<number> | undefined;

/**
 * The first port of this network namespace that every user may listen on. As it was when this process first asked: what a
 * server says of its ports is true until it ends.
 */
export function firstOpenPort(): Promise<number> {
  firstPort ??= readFile(firstPortFile, 'utf8').then(Number);
  return firstPort;
}

/** Where a host whose users may listen from `firstPort` on has a guest's port, at the guest's public address. */
export function hostPortOf(port: number, firstPort: number): number {
  return port < firstPort ? port + lowPortShift : port;
}
