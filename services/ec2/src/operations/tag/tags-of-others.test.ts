import { expect, test } from 'vitest';
import { testContext } from '../../testing/test-context.ts';

const other = { accountId: '210987654321' };
const everybody = { everyone: true, accountIds: [] };
const Tags = [{ Key: 'team', Value: 'theirs' }];
const Filters = [{ Name: 'tag:team', Values: ['theirs'] }];

async function shared() {
  const context = await testContext();
  const image = await context.addImage({
    launchPermissions: everybody,
    tags: { team: 'owner', secret: 'x' },
  });
  await context.call('CreateTags', { Resources: [image.id], Tags }, other);
  return { ...context, id: image.id };
}

test('each account tags for itself what is shared with it', async () => {
  const { call, id } = await shared();
  const seen = async (scope: Parameters<typeof call>[2]) =>
    (await call('DescribeImages', { ImageIds: [id] }, scope)).Images?.[0]?.Tags ?? [];
  expect(await seen(other)).toEqual(Tags);
  expect(await seen({})).toEqual([
    { Key: 'team', Value: 'owner' },
    { Key: 'secret', Value: 'x' },
  ]);
  expect(await seen({ accountId: '333333333333' })).toEqual([]);
  await call('DeleteTags', { Resources: [id], Tags: [] }, other);
  expect(await seen(other)).toEqual([]);
  expect(await seen({})).toHaveLength(2);
});

test('an account finds images by its own tags, and no other does by them', async () => {
  const { call, id } = await shared();
  const found = async (scope: Parameters<typeof call>[2]) =>
    (await call('DescribeImages', { Filters }, scope)).Images?.map(({ ImageId }) => ImageId);
  expect(await found(other)).toEqual([id]);
  expect(await found({})).toEqual([]);
  expect(await found({ accountId: '333333333333' })).toEqual([]);
});

test('its tags are listed as long as it may use the image', async () => {
  const { call, id } = await shared();
  const row = { Key: 'team', Value: 'theirs', ResourceId: id, ResourceType: 'image' };
  const listed = async (request: Parameters<typeof call<'DescribeTags'>>[1]) =>
    (await call('DescribeTags', request, other)).Tags;
  const byId = { Filters: [{ Name: 'resource-id', Values: [id] }] };
  expect(await listed({})).toEqual([row]);
  expect(await listed(byId)).toEqual([row]);
  await call('ResetImageAttribute', { ImageId: id, Attribute: 'launchPermission' });
  expect(await listed({})).toEqual([]);
  expect(await listed(byId)).toEqual([]);
});

test('what is not shared is not there to be tagged', async () => {
  const { call, addImage } = await testContext();
  const { id } = await addImage();
  const tag = call('CreateTags', { Resources: [id], Tags }, other);
  await expect(tag).rejects.toMatchObject({ code: 'InvalidAMIID.NotFound' });
});
