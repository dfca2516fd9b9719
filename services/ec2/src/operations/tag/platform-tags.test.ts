import type { Tags } from '@bakehouse/domain';
import { putSeed, seedImages } from '@bakehouse/orchestration';
import { expect, test } from 'vitest';
import { launched } from '../../testing/launched.ts';
import { testContext } from '../../testing/test-context.ts';

test('the tags of the platform cannot be given or taken, and do not count', async () => {
  const { call, instanceId, instance, metadata } = await launched();
  const own: Tags = { 'aws:ec2launchtemplate:version': '1' };
  const before = await instance();
  await metadata.write((tx) => tx.put('instance', { ...before, tags: { ...own, mine: '' } }));
  const Resources = [instanceId];
  const code = 'InvalidParameterValue';
  const [Key] = Object.keys(own);
  for (const Tags of [[{ Key, Value: '2' }], [{ Key: 'AWS:x', Value: '' }]]) {
    await expect(call('CreateTags', { Resources, Tags })).rejects.toMatchObject({ code });
    await expect(call('DeleteTags', { Resources, Tags })).rejects.toMatchObject({ code });
  }
  await call('DeleteTags', { Resources });
  expect((await instance()).tags).toEqual(own);
  const many = Array.from({ length: 50 }, (_, n) => ({ Key: `k${n}`, Value: '' }));
  await call('CreateTags', { Resources, Tags: many });
  await expect(
    call('CreateTags', { Resources, Tags: [{ Key: 'one more', Value: '' }] }),
  ).rejects.toMatchObject({ code: 'TagLimitExceeded' });
});

test('an image of a seed takes tags of its owner, and shows them in every region', async () => {
  const { call, metadata, scope, clock } = await testContext();
  const owned = { ImageId: 'ami-00000001', Name: 'mine', OwnerId: scope.accountId };
  const seed = seedImages({ Images: [owned] }, { now: clock.now() });
  await metadata.write((tx) => putSeed(tx, seed));
  const Tags = [{ Key: 'team', Value: 'images' }];
  await call('CreateTags', { Resources: [owned.ImageId], Tags });
  for (const region of ['us-east-1', 'us-west-2']) {
    const row = { ...Tags[0], ResourceId: owned.ImageId, ResourceType: 'image' };
    expect((await call('DescribeTags', {}, { region })).Tags).toEqual([row]);
    const Filters = [{ Name: 'resource-id', Values: [owned.ImageId] }];
    expect((await call('DescribeTags', { Filters }, { region })).Tags).toEqual([row]);
    const tagged = await call(
      'DescribeImages',
      { Filters: [{ Name: 'tag:team', Values: ['images'] }] },
      { region },
    );
    expect(tagged.Images?.map((image) => image.ImageId)).toEqual([owned.ImageId]);
  }
  await call('DeleteTags', { Resources: [owned.ImageId], Tags }, { region: 'us-west-2' });
  expect((await call('DescribeTags', {})).Tags).toEqual([]);
});
