import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MiB } from '@bakehouse/base';
import type { InstanceId, MachineSpec } from '@bakehouse/domain';
import { readPlainFile, writeFileDurably } from '@bakehouse/host';
import { isJsonObject } from '@bakehouse/qmp';
import { machineFileNames } from './machine-files.ts';

/** What the folder of a machine says about it. */
export interface MachineRecord {
  readonly instanceId: InstanceId;
  readonly generation: number;
  /** The most host memory that it takes. */
  readonly claimBytes: number;
}

/** Format 1: `{"version": 1, "generation": …, "claimBytes": …, "spec": …}`. `spec` is for people. */
export async function writeMachineRecord(
  folder: string,
  spec: MachineSpec,
  claimBytes: number,
): Promise<void> {
  const record = { version: 1, generation: spec.generation, claimBytes, spec };
  await writeJson(folder, machineFileNames.record, record);
}

/** Undefined when there is none, or none that this version understands. */
export async function readMachineRecord(
  folder: string,
  instanceId: InstanceId,
): Promise<MachineRecord | undefined> {
  const record = await readJson(folder, machineFileNames.record);
  const { generation, claimBytes } = record ?? {};
  if (typeof generation !== 'number' || typeof claimBytes !== 'number') return undefined;
  return { instanceId, generation, claimBytes };
}

export async function removeMachineRecord(folder: string): Promise<void> {
  await rm(join(folder, machineFileNames.record), { force: true });
}

/** Records, before it happens, that the owner ends the machine of this generation. */
export async function markKilled(folder: string, generation: number): Promise<void> {
  await writeJson(folder, machineFileNames.killed, { generation });
}

export async function isMarkedKilled(folder: string, generation: number): Promise<boolean> {
  return (await readJson(folder, machineFileNames.killed))?.generation === generation;
}

/** Records, before it happens, that the guest of this generation is stopped and may not go on. */
export async function markHalted(folder: string, generation: number): Promise<void> {
  await writeJson(folder, machineFileNames.halted, { generation });
}

export async function isMarkedHalted(folder: string, generation: number): Promise<boolean> {
  return (await readJson(folder, machineFileNames.halted))?.generation === generation;
}

const recordBytesMax = MiB;

async function writeJson(folder: string, name: string, value: unknown): Promise<void> {
  await writeFileDurably(join(folder, name), JSON.stringify(value));
}

/** Undefined for a file that does not exist or is not a JSON object. */
async function readJson(folder: string, name: string) {
  const text = (await readPlainFile(join(folder, name), { bytesMax: recordBytesMax }))?.toString();
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
