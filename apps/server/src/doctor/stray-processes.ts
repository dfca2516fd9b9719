import type { KnownRecords } from './known-records.ts';
import type { PlatformProcess } from './platform-processes.ts';

export interface StrayProcess {
  readonly process: PlatformProcess;
  readonly problem: string;
}

/** Processes that serve what no record names, and helpers that are there twice. */
export function strayProcesses(
  processes: readonly PlatformProcess[],
  known: Pick<KnownRecords, 'machines' | 'volumes'>,
): readonly StrayProcess[] {
  const seen = new Set<string>();
  return processes.flatMap((process) => {
    const { role, subject = '' } = process;
    const one = `${role} ${subject}`;
    if (seen.has(one)) return [{ process, problem: `a second ${role}` }];
    seen.add(one);
    if (role === 'guest' && !known.machines.has(subject)) {
      return [{ process, problem: `QEMU of ${subject}, which no record says to run` }];
    }
    if (role === 'disk daemon' && !known.volumes.has(subject)) {
      return [{ process, problem: `storage daemon of ${subject || 'a volume'}, without a record` }];
    }
    return [];
  });
}
