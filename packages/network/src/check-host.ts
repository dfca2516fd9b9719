import { access, readFile } from 'node:fs/promises';
import { NetworkPrivilegeError, NetworkToolError } from './network-errors.ts';

/** CAP_NET_ADMIN and CAP_SYS_ADMIN, as bits of `CapEff` in /proc/self/status. */
const neededCapabilities = (1n << 12n) | (1n << 21n);

const wayOut =
  'run it as root (sudo), or in a container with CAP_NET_ADMIN and CAP_SYS_ADMIN and /dev/net/tun; ' +
  'without guests, use --compute simulated';

/** Throws NetworkPrivilegeError when these capabilities do not allow a process to create namespaces and links. */
export function checkCapabilities(processStatus: string): void {
  const held = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(processStatus)?.[1] ?? '0'}`);
  if ((held & neededCapabilities) === neededCapabilities) return;
  throw new NetworkPrivilegeError(
    `the network needs the right to create network namespaces, which this process does not have: ${wayOut}`,
  );
}

/** Rejects when this process or host cannot have the network. Changes nothing. */
export async function checkHost(): Promise<void> {
  checkCapabilities(await readFile('/proc/self/status', 'utf8'));
  await access('/dev/net/tun').catch((cause) => {
    throw new NetworkToolError(
      '/dev/net/tun does not exist; load the kernel module: modprobe tun',
      { cause },
    );
  });
}
