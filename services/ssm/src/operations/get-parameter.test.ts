import { parameterArn, publicParameters } from '@bakehouse/domain';
import { platformAccountId } from '@bakehouse/orchestration';
import { beforeEach, expect, test } from 'vitest';
import { type ParameterPlane, parameterPlane } from '../testing/parameter-plane.ts';

let plane: ParameterPlane;
beforeEach(async () => {
  plane = await parameterPlane();
});

const readValue = async (Name: string) =>
  (await plane.call('GetParameter', { Name })).Parameter?.Value;

test('by name, version, label and ARN', async () => {
  await plane.call('PutParameter', { Name: '/a/b', Value: 'one', Type: 'String' });
  await plane.call('PutParameter', { Name: '/a/b', Value: 'two', Overwrite: true });
  await plane.call('LabelParameterVersion', { Name: '/a/b', ParameterVersion: 1, Labels: ['old'] });
  const arn = parameterArn({ region: 'us-east-1', ownerId: plane.scope.accountId }, '/a/b');
  expect(await readValue('/a/b')).toBe('two');
  expect(await readValue('/a/b:1')).toBe('one');
  expect(await readValue('/a/b:2')).toBe('two');
  expect(await readValue('/a/b:old')).toBe('one');
  expect(await readValue(arn)).toBe('two');
  expect(await readValue(`${arn}:1`)).toBe('one');
  const { Parameter } = await plane.call('GetParameter', { Name: '/a/b:old' });
  expect(Parameter).toMatchObject({ Name: '/a/b', Selector: ':old', Version: 1, ARN: arn });
});

test.each([
  ['/a/b:3', 'ParameterVersionNotFound', /version 3/],
  ['/a/b:new', 'ParameterVersionNotFound', /label new/],
  ['/a/b:toString', 'ParameterVersionNotFound', /label toString/],
  ['/a', 'ParameterNotFound', /\/a not found/],
  ['arn:aws:ssm:us-west-2:123456789012:parameter/a/b', 'ParameterNotFound', /./],
  ['arn:aws:ssm:us-east-1:210987654321:parameter/a/b', 'ParameterNotFound', /./],
  ['arn:aws:ssm:us-east-1::parameter/a/b', 'ParameterNotFound', /./],
])('%s is refused with %s', async (Name, code, message) => {
  await plane.call('PutParameter', { Name: '/a/b', Value: 'one', Type: 'String' });
  await expect(plane.call('GetParameter', { Name })).rejects.toEqual(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});

test('the newest image of a recipe has a public name, by release, too', async () => {
  const published = (createdAt: number, changes: object = {}) =>
    plane.addImage({
      ownerId: platformAccountId,
      launchPermissions: { everyone: true, accountIds: [] },
      tags: { recipe: 'bakehouse-linux', release: '2026.11' },
      createdAt,
      ...changes,
    });
  const older = await published(1_000_000);
  const newer = await published(2_000_000);
  await published(3_000_000, { launchPermissions: { everyone: false, accountIds: [] } });
  await published(4_000_000, { region: 'us-west-2' });
  await published(5_000_000, { ownerId: plane.scope.accountId });
  for (const name of ['bakehouse-linux/latest', 'bakehouse-linux/2026.11/latest']) {
    expect(await readValue(`/aws/service/${name}/x86_64`)).toBe(newer.id);
  }
  expect(await readValue('/aws/service/bakehouse-linux/latest/x86_64:1000')).toBe(older.id);
  const { Parameter } = await plane.call('GetParameter', {
    Name: '/aws/service/bakehouse-linux/latest/x86_64',
  });
  expect(Parameter).toMatchObject({
    DataType: 'aws:ec2:image',
    ARN: 'arn:aws:ssm:us-east-1::parameter/aws/service/bakehouse-linux/latest/x86_64',
  });
});

test('public parameters are in order, each name once', async () => {
  const where = { region: 'us-east-1', platformAccountId };
  const names = (await plane.read((reader) => publicParameters(reader, where))).map(
    ({ name }) => name,
  );
  expect(names).toEqual([...new Set(names)].sort());
  expect(await readValue('/aws/service/global-infrastructure/regions/eu-west-1/longName')).toBe(
    'Europe (Ireland)',
  );
});

test('of several names those without a parameter are listed', async () => {
  await plane.call('PutParameter', { Name: 'x', Value: '1', Type: 'String' });
  const answer = await plane.call('GetParameters', { Names: ['x', 'y', 'x', 'x:9'] });
  expect(answer.Parameters).toMatchObject([{ Name: 'x', Value: '1' }]);
  expect(answer.InvalidParameters).toEqual(['y', 'x:9']);
  const Names = Array.from({ length: 11 }, (_, index) => `p${index}`);
  for (const list of [[], Names]) {
    await expect(plane.call('GetParameters', { Names: list })).rejects.toEqual(
      expect.objectContaining({ code: 'ValidationException' }),
    );
  }
});
