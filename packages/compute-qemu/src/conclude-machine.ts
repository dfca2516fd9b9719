import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineEvent } from '@bakehouse/domain';
import { readTail } from './console-log.ts';
import { exitReason } from './exit-reason.ts';
import { removeForkMemory } from './kept-memory.ts';
import { isEphemeralDiskName, machineFileNames } from './machine-files.ts';
import { isMarkedKilled, type MachineRecord } from './machine-record.ts';
import { hasMemoryUse } from './memory-use.ts';

/** How a machine whose process is gone has ended. Removes its ephemeral disks, and the memory that it had. */
export async function concludeMachine(
  folder: string,
  record: MachineRecord,
  known: {
    readonly killed?: boolean;
    readonly shutdown?: string;
    readonly outOfMemory?: boolean;
  } = {},
): Promise<MachineEvent> {
  const { instanceId, generation } = record;
  const [killed, shutdownLog, complaint] = await Promise.all([
    known.killed || isMarkedKilled(folder, generation),
    readTail(join(folder, machineFileNames.shutdowns), 4096),
    readTail(join(folder, machineFileNames.log), 1000),
  ]);
  await removeEphemeralDisks(folder);
  if (await hasMemoryUse(folder)) await removeForkMemory(folder);
  const end = exitReason({
    killed,
    outOfMemory: known.outOfMemory ?? false,
    shutdownLog: shutdownLog.toString(),
    complaint: complaint.toString(),
    ...(known.shutdown === undefined ? {} : { shutdown: known.shutdown }),
  });
  return { kind: 'exited', instanceId, generation, ...end };
}

export async function removeEphemeralDisks(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter(isEphemeralDiskName);
  await Promise.all(names.map((name) => rm(join(folder, name), { force: true })));
}
