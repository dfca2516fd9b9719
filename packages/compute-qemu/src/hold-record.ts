import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KiB, type TimestampMs } from '@bakehouse/base';
import type { InstanceId } from '@bakehouse/domain';
import { readPlainFile, writeFileDurably } from '@bakehouse/host';
import { isJsonObject } from '@bakehouse/qmp';
import { listMachineFolders, machineFileNames, machineFolder } from './machine-files.ts';
import { findMachineProcess } from './machine-process.ts';
import { readMachineRecord } from './machine-record.ts';

/** Why the guest of this generation is held, and since when. */
export interface HoldRecord {
  readonly generation: number;
  readonly reason: string;
  readonly at: TimestampMs;
}

const bytesMax = 64 * KiB;

/** Format 1: `{"version": 1, "generation": …, "reason": …, "at": …}`. */
export async function writeHold(folder: string, hold: HoldRecord): Promise<void> {
  const text = JSON.stringify({ version: 1, ...hold });
  await writeFileDurably(join(folder, machineFileNames.hold), text);
}

/** Undefined when there is none for this generation, or none that this version understands. */
export async function readHold(
  folder: string,
  generation: number,
): Promise<HoldRecord | undefined> {
  const text = await readPlainFile(join(folder, machineFileNames.hold), { bytesMax });
  const value = parse(text?.toString());
  if (!isJsonObject(value) || value.generation !== generation) return undefined;
  const { reason, at } = value;
  return typeof reason === 'string' && typeof at === 'number'
    ? { generation, reason, at }
    : undefined;
}

export async function removeHold(folder: string): Promise<void> {
  await rm(join(folder, machineFileNames.hold), { force: true });
}

/**
 * The guests below a folder that are held, and why. Needs no connection to any machine, so `doctor` uses it. Whoever
 * cannot be looked at is reported, and keeps no other one from being found.
 */
export async function heldMachines(
  directory: string,
  onUnknown: (instanceId: InstanceId, error: unknown) => void,
): Promise<ReadonlyMap<InstanceId, string>> {
  const found = new Map<InstanceId, string>();
  for (const instanceId of await listMachineFolders(directory)) {
    try {
      const reason = await reasonOfHold(machineFolder(directory, instanceId), instanceId);
      if (reason !== undefined) found.set(instanceId, reason);
    } catch (error) {
      onUnknown(instanceId, error);
    }
  }
  return found;
}

async function reasonOfHold(folder: string, instanceId: InstanceId): Promise<string | undefined> {
  const record = await readMachineRecord(folder, instanceId);
  const hold = record && (await readHold(folder, record.generation));
  return hold && (await findMachineProcess(folder)) ? hold.reason : undefined;
}

function parse(text = 'null'): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
