import { silentLogger } from '@bakehouse/base';
import type { InstanceId, MachineFile } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { DiskUseMeter } from './disk-use-meter.ts';

const [one, other]: InstanceId[] = ['i-1', 'i-2'];
const file: MachineFile = { device: 1, inode: 2, bytes: 3 };

test('a machine that cannot be looked at hides no other one, and is logged once until it can', async () => {
  const logged: unknown[] = [];
  let isBroken = true;
  const meter = new DiskUseMeter({
    filesOf: async (instanceId) => {
      if (instanceId === one && isBroken) throw new Error('an error of the disk');
      return [file];
    },
    logger: { ...silentLogger, log: (_, __, fields) => logged.push(fields?.instanceId) },
  });
  const look = async () => Object.fromEntries(await meter.look([one, other] as InstanceId[]));
  for (const _ of [1, 2]) expect(await look()).toEqual({ 'i-1': [], 'i-2': [file] });
  expect(logged).toEqual([one]);
  isBroken = false;
  expect(await look()).toEqual({ 'i-1': [file], 'i-2': [file] });
  isBroken = true;
  await look();
  expect(logged).toEqual([one, one]);
});
