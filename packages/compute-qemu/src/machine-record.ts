import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurably } from '@bakehouse/base';
import type { InstanceId, MachineSpec } from '@bakehouse/domain';
import { isJsonObject } from '@bakehouse/qmp';
import { machineFileNames } from './machine-files.ts';

/** What the folder of a machine says about it. */
export interface MachineRecord {
  readonly instanceId: InstanceId;
  readonly generation: number;
  /** The most that it takes of the host's memory. */
  readonly claimBytes: number;
}

/** Format 1: `{"version": 1, "generation": …, "claimBytes": …, "spec": …}`; `spec` is for people. */
export async function writeMachineRecord(
  folder: string,
  spec: MachineSpec,
  claimBytes: number,
): Promise<void> {
  const record = { version: 1, generation: spec.generation, claimBytes, spec };
  await writeJson(folder, machineFileNames.record, record);
}

/** Undefined when there is none, or none that can be understood. */
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

/** Says, before it is done, that the machine of this generation is ended by its owner. */
export async function markKilled(folder: string, generation: number): Promise<void> {
  await writeJson(folder, machineFileNames.killed, { generation });
}

export async function isMarkedKilled(folder: string, generation: number): Promise<boolean> {
  return (await readJson(folder, machineFileNames.killed))?.generation === generation;
}

async function writeJson(folder: string, name: string, value: unknown): Promise<void> {
  await writeFileDurably(join(folder, name), JSON.stringify(value));
}

async function readJson(folder: string, name: string) {
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, name), 'utf8'));
    return isJsonObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
