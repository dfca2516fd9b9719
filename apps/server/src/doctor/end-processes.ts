import { endProcess, type PlatformProcess, type ProcessRole } from './platform-processes.ts';

/** Guests write to disks that the block server stands behind, so it goes last. */
const endOrder: readonly ProcessRole[] = [
  'guest',
  'disk daemon',
  'metadata agent',
  'dnsmasq',
  'block server',
];

/** Ends processes of one platform, those first that need the others; resolves when all are gone. */
export async function endProcesses(processes: readonly PlatformProcess[]): Promise<void> {
  for (const role of endOrder) {
    const these = processes.filter((process) => process.role === role);
    await Promise.all(these.map(({ pid }) => endProcess(pid)));
  }
}
