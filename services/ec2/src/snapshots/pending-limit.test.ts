import { expect, test } from 'vitest';
import { testContext } from '../testing/test-context.ts';

test.each([
  ['gp3', 5],
  ['st1', 1],
] as const)('a volume of type %s has %i snapshots in progress at most', async (type, max) => {
  const { call, settle, metadata, read } = await testContext();
  const volume = { AvailabilityZone: 'us-east-1a', Size: 125, VolumeType: type };
  const { VolumeId = '' } = await call('CreateVolume', volume);
  await settle();
  for (let n = 0; n < max; n += 1) await call('CreateSnapshot', { VolumeId });
  await settle();
  const made = await read((reader) => reader.list('snapshot'));
  expect(made).toHaveLength(max);
  await metadata.write(async (tx) => {
    for (const snapshot of made) await tx.put('snapshot', { ...snapshot, state: 'pending' });
  });
  await expect(call('CreateSnapshot', { VolumeId })).rejects.toMatchObject({
    code: 'ConcurrentSnapshotLimitExceeded',
  });
  const [first] = made;
  if (!first) throw new Error('there is a snapshot');
  await metadata.write((tx) => tx.put('snapshot', { ...first, state: 'completed' }));
  await call('CreateSnapshot', { VolumeId });
});
