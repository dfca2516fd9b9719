import { parameterArn } from '@bakehouse/domain';
import { beforeEach, expect, test } from 'vitest';
import { type ParameterPlane, parameterPlane } from './testing/parameter-plane.ts';

let plane: ParameterPlane;
const stored = () =>
  plane.read(async (reader) => ({
    parameters: await reader.list('parameter'),
    versions: await reader.list('parameterVersion'),
  }));

beforeEach(async () => {
  plane = await parameterPlane();
  for (const Value of ['one', 'two']) {
    await plane.call('PutParameter', { Name: '/x', Value, Type: 'String', Overwrite: true });
  }
});

const region = 'us-east-1';
const ownerId = '123456789012';

const others = [
  ['a version', 'x:1'],
  ['a label', '/x:live'],
  ['an empty selector', 'x:'],
  ["another account's ARN", parameterArn({ region, ownerId: '210987654321' }, '/x')],
  ["another region's ARN", parameterArn({ region: 'us-west-2', ownerId }, '/x')],
  ["nobody's ARN", parameterArn({ region, ownerId: '' }, '/x')],
  ['its own ARN with a version', `${parameterArn({ region, ownerId }, '/x')}:1`],
] as const;

const absent = (code: string) => expect.objectContaining({ code });

test.each(others)('%s names no parameter to change', async (_, Name) => {
  const before = await stored();
  const { scope } = plane;
  expect(scope).toMatchObject({ accountId: ownerId, region });
  const deleted = await plane.call('DeleteParameters', { Names: [Name] });
  expect(deleted).toEqual({ DeletedParameters: [], InvalidParameters: [Name] });
  const named = absent('ParameterNotFound');
  const Labels = ['a'];
  await expect(plane.call('GetParameterHistory', { Name })).rejects.toEqual(named);
  await expect(plane.call('LabelParameterVersion', { Name, Labels })).rejects.toEqual(named);
  const unlabel = plane.call('UnlabelParameterVersion', { Name, ParameterVersion: 2, Labels });
  await expect(unlabel).rejects.toEqual(named);
  const resource = { ResourceType: 'Parameter', ResourceId: Name } as const;
  const Tags = [{ Key: 'a', Value: '' }];
  const noResource = absent('InvalidResourceId');
  await expect(plane.call('AddTagsToResource', { ...resource, Tags })).rejects.toEqual(noResource);
  const untag = plane.call('RemoveTagsFromResource', { ...resource, TagKeys: ['a'] });
  await expect(untag).rejects.toEqual(noResource);
  await expect(plane.call('ListTagsForResource', resource)).rejects.toEqual(noResource);
  expect(await stored()).toEqual(before);
});

test.each(['x', '/x', parameterArn({ region, ownerId }, '/x')])(
  '%s names the parameter',
  async (Name) => {
    const { Parameters } = await plane.call('GetParameterHistory', { Name });
    expect(Parameters).toHaveLength(2);
    const deleted = await plane.call('DeleteParameters', { Names: [Name] });
    expect(deleted).toEqual({ DeletedParameters: [Name], InvalidParameters: [] });
  },
);
