import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MiB } from '@bakehouse/base';
import type { InstanceId } from '@bakehouse/domain';
import { expect, onTestFinished, test } from 'vitest';
import { machineFolder } from './machine-files.ts';
import { machineKeeper } from './machine-keeper.ts';

const kept: InstanceId = 'i-0aaaaaaaaaaaaaaaa';
const beingWritten: InstanceId = 'i-0bbbbbbbbbbbbbbbb';
const without: InstanceId = 'i-0cccccccccccccccc';

test('kept memory is what its file takes of the disk, and what is written so far of more', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bakehouse-keeper-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  expect(await machineKeeper(join(directory, 'none')).keptMemory()).toEqual([]);
  const { keptMemory, forget } = machineKeeper(directory);
  const write = async (instanceId: InstanceId, name: string) => {
    const folder = machineFolder(directory, instanceId);
    await mkdir(folder);
    await writeFile(join(folder, 'memory.json'), Buffer.alloc(MiB, 'x'));
    await writeFile(join(folder, name), Buffer.alloc(MiB, 'x'));
  };
  await write(kept, 'memory.state');
  await truncate(join(machineFolder(directory, kept), 'memory.state'), 1024 * MiB);
  await write(beingWritten, 'memory.state.part');
  await write(without, 'serial.log');
  const found = await keptMemory();
  expect(found.map(({ instanceId }) => instanceId)).toEqual([kept, beingWritten]);
  for (const { bytes } of found) {
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(2 * MiB);
  }
  await forget(kept);
  expect(await keptMemory()).toEqual(found.slice(1));
});
