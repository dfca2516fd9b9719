import { expect, test } from 'vitest';
import { parameterPlane } from '../testing/parameter-plane.ts';

test('tags are added, replaced, listed and removed', async () => {
  const plane = await parameterPlane();
  const Tags = [
    { Key: 'a', Value: '1' },
    { Key: 'b', Value: '2' },
  ];
  await plane.call('PutParameter', { Name: '/x', Value: 'v', Type: 'String', Tags });
  const resource = { ResourceType: 'Parameter', ResourceId: '/x' } as const;
  await plane.call('AddTagsToResource', { ...resource, Tags: [{ Key: 'a', Value: '3' }] });
  await plane.call('RemoveTagsFromResource', { ...resource, TagKeys: ['b', 'c'] });
  const { TagList } = await plane.call('ListTagsForResource', resource);
  expect(TagList).toEqual([{ Key: 'a', Value: '3' }]);
  const many = Array.from({ length: 50 }, (_, index) => ({ Key: `k${index}`, Value: '' }));
  await expect(plane.call('AddTagsToResource', { ...resource, Tags: many })).rejects.toEqual(
    expect.objectContaining({ code: 'TooManyTagsError' }),
  );
});

test.each([
  ['Parameter', 'InvalidResourceId'],
  ['Document', 'InvalidResourceType'],
] as const)('an absent %s is refused with %s', async (ResourceType, code) => {
  const plane = await parameterPlane();
  const list = plane.call('ListTagsForResource', { ResourceType, ResourceId: 'y' });
  await expect(list).rejects.toEqual(expect.objectContaining({ code }));
});
