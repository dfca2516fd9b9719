import type { NamedRecords } from '@bakehouse/orchestration';
import type { PlatformProcess } from './platform-processes.ts';

export interface StrayProcess {
  readonly process: PlatformProcess;
  readonly problem: string;
}

/** Processes that serve what no record names, and helpers that run twice. */
export function strayProcesses(
  processes: readonly PlatformProcess[],
  records: Pick<NamedRecords, 'machines' | 'volumes'>,
): readonly StrayProcess[] {
  const seen = new Set<string>();
  return processes.flatMap((process) => {
    const { role, subject = '' } = process;
    const key = `${role} ${subject}`;
    if (seen.has(key)) return [{ process, problem: `a second ${role}` }];
    seen.add(key);
    if (role === 'guest' && !records.machines.has(subject)) {
      return [{ process, problem: `QEMU of ${subject}, which no record says should run` }];
    }
    if (role === 'disk daemon' && !records.volumes.has(subject)) {
      return [{ process, problem: `storage daemon of ${subject || 'a volume'}, without a record` }];
    }
    return [];
  });
}
