import { expect, test } from 'vitest';
import { testContext } from '../testing/test-context.ts';

const zone = { AvailabilityZone: 'us-east-1a' };

const tags = [{ ResourceType: 'volume' as const, Tags: [{ Key: 'a', Value: 'b' }] }];
const swapped = [{ Tags: [{ Value: 'b', Key: 'a' }], ResourceType: 'volume' as const }];

test('a repeat is known whatever the order of its parameters, and never with others', async () => {
  const { call } = await testContext();
  const token = { ClientToken: 'once' };
  const first = { ...zone, Size: 1, TagSpecifications: tags, ...token };
  const { VolumeId } = await call('CreateVolume', first);
  const again = { ...token, TagSpecifications: swapped, Size: 1, ...zone };
  expect((await call('CreateVolume', again)).VolumeId).toBe(VolumeId);
  await expect(call('CreateVolume', { ...first, Size: 2 })).rejects.toMatchObject({
    code: 'IdempotentParameterMismatch',
  });
});
