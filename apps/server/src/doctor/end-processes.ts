import { type Clock, secondMs } from '@bakehouse/base';
import { endProcess } from '@bakehouse/host';
import type { PlatformProcess, ProcessRole } from './platform-processes.ts';

/** The block server ends last: it serves the disks that guests write to. */
const endOrder: readonly ProcessRole[] = [
  'guest',
  'disk daemon',
  'metadata agent',
  'dnsmasq',
  'public addresses',
  'way out',
  'block server',
];

const graceMs = 10 * secondMs;

/** Ends processes of one platform, users before what they use. Resolves when all have ended. */
export async function endProcesses(
  processes: readonly PlatformProcess[],
  { clock }: { readonly clock: Clock },
): Promise<void> {
  for (const role of endOrder) {
    const these = processes.filter((process) => process.role === role);
    await Promise.all(these.map((process) => endProcess(process, { what: role, clock, graceMs })));
  }
}
