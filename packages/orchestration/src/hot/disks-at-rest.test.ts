import { newTestStore } from '@bakehouse/fakes';
import { aFastLaunch, aVolume } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { disksAtRest } from './disks-at-rest.ts';

const { template } = aFastLaunch();

test.each([
  ['enabling', false],
  ['disabling', false],
  ['enabled', true],
  ['enabling-failed', true],
] as const)('the disk of the guest of a template that is %s: at rest is %s', async (state, is) => {
  const metadata = newTestStore();
  await metadata.write((tx) => tx.put('fastLaunch', aFastLaunch({ state })));
  const resting = await metadata.read((reader) => disksAtRest(reader, [template.volumeId]));
  expect(resting.has(template.volumeId)).toBe(is);
});

test('a volume that is not attached is at rest, and so is what no record has', async () => {
  const metadata = newTestStore();
  const { id } = aVolume({ state: 'available' });
  const creating = aVolume({ id: 'vol-0aaaaaaaaaaaaaaa2', state: 'creating' });
  await metadata.write(async (tx) => {
    await tx.put('volume', aVolume({ state: 'available' }));
    await tx.put('volume', creating);
  });
  const volumeIds = [id, creating.id, 'vol-0aaaaaaaaaaaaaaa3'] as const;
  const resting = await metadata.read((reader) => disksAtRest(reader, volumeIds));
  expect([...resting]).toEqual([id, 'vol-0aaaaaaaaaaaaaaa3']);
});
