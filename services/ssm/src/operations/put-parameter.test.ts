import { beforeEach, expect, test } from 'vitest';
import { type ParameterPlane, parameterPlane } from '../testing/parameter-plane.ts';

let plane: ParameterPlane;
beforeEach(async () => {
  plane = await parameterPlane();
});

const refused = (code: string) => expect.objectContaining({ code });

test('a new parameter has version 1; only with Overwrite it gets another', async () => {
  const put = { Name: '/a/b', Value: 'one', Type: 'String', Description: 'kept' } as const;
  expect(await plane.call('PutParameter', put)).toEqual({ Version: 1, Tier: 'Standard' });
  await expect(plane.call('PutParameter', put)).rejects.toEqual(refused('ParameterAlreadyExists'));
  const again = { Name: '/a/b', Value: 'two', Overwrite: true };
  expect(await plane.call('PutParameter', again)).toEqual({ Version: 2, Tier: 'Standard' });
  const { Parameters } = await plane.call('GetParameterHistory', { Name: '/a/b' });
  expect(Parameters).toMatchObject([
    { Version: 1, Value: 'one', Description: 'kept', Type: 'String' },
    { Version: 2, Value: 'two', Description: 'kept', Type: 'String' },
  ]);
});

test('a name with and without its first slash is one parameter', async () => {
  await plane.call('PutParameter', { Name: 'x', Value: '1', Type: 'String' });
  const put = plane.call('PutParameter', { Name: '/x', Value: '2', Type: 'String' });
  await expect(put).rejects.toEqual(refused('ParameterAlreadyExists'));
});

test('accounts and regions do not see one another', async () => {
  await plane.call('PutParameter', { Name: 'x', Value: '1', Type: 'String' });
  for (const scope of [{ accountId: '210987654321' }, { region: 'us-west-2' }]) {
    const get = plane.call('GetParameter', { Name: 'x' }, scope);
    await expect(get).rejects.toEqual(refused('ParameterNotFound'));
    await plane.call('PutParameter', { Name: 'x', Value: 'theirs', Type: 'String' }, scope);
  }
  const { Parameter } = await plane.call('GetParameter', { Name: 'x' });
  expect(Parameter?.Value).toBe('1');
});

test('a SecureString lies encrypted in the store, and is shown decrypted on demand', async () => {
  const Value = 'correct horse';
  await plane.call('PutParameter', { Name: '/s', Value, Type: 'SecureString' });
  const stored = await plane.read((reader) => reader.list('parameter'));
  expect(JSON.stringify(stored)).not.toContain(Value);
  const hidden = await plane.call('GetParameter', { Name: '/s' });
  expect(hidden.Parameter?.Value).toBe(stored[0]?.content.value);
  const shown = await plane.call('GetParameter', { Name: 's', WithDecryption: true });
  expect(shown.Parameter?.Value).toBe(Value);
});

test.each(['alias/aws/ssm', 'arn:aws:kms:us-east-1:123456789012:alias/aws/ssm'])(
  'the key of SecureStrings may be named: %s',
  async (KeyId) => {
    const put = { Name: 'x', Value: 'v', Type: 'SecureString', KeyId } as const;
    expect(await plane.call('PutParameter', put)).toMatchObject({ Version: 1 });
  },
);

test('the tier is raised for a large value, and never lowered', async () => {
  const large = { Name: 'x', Value: 'a'.repeat(5000), Type: 'String' } as const;
  await expect(plane.call('PutParameter', large)).rejects.toEqual(refused('ValidationException'));
  const put = { ...large, Tier: 'Intelligent-Tiering' } as const;
  expect(await plane.call('PutParameter', put)).toEqual({ Version: 1, Tier: 'Advanced' });
  const lower = { Name: 'x', Value: 'a', Tier: 'Standard', Overwrite: true } as const;
  await expect(plane.call('PutParameter', lower)).rejects.toEqual(refused('ValidationException'));
});

test('of the data type aws:ec2:image is only an image that can be launched', async () => {
  const image = await plane.addImage();
  const theirs = await plane.addImage({ ownerId: '210987654321' });
  const put = { Name: 'x', Type: 'String', DataType: 'aws:ec2:image' } as const;
  for (const Value of ['nothing', 'ami-0123456789abcdef0', theirs.id]) {
    const outcome = plane.call('PutParameter', { ...put, Value });
    await expect(outcome).rejects.toEqual(refused('ValidationException'));
  }
  await plane.call('PutParameter', { ...put, Value: image.id });
  const { Parameter } = await plane.call('GetParameter', { Name: 'x' });
  expect(Parameter).toMatchObject({ Value: image.id, DataType: 'aws:ec2:image' });
});

test.each([
  ['without a type', { Type: undefined }, 'ValidationException'],
  ['without a value', { Value: '' }, 'ValidationException'],
  ['a value that names another', { Value: 'a {{b}}' }, 'ValidationException'],
  ['a value over its tier', { Value: 'a'.repeat(8193), Tier: 'Advanced' }, 'ValidationException'],
  ['an unknown data type', { DataType: 'aws:s3' }, 'ValidationException'],
  ['policies', { Policies: '[{"Type":"Expiration"}]' }, 'ValidationException'],
  ['a key for a plain text', { KeyId: 'alias/aws/ssm' }, 'ValidationException'],
  ['a key of KMS', { Type: 'SecureString', KeyId: 'alias/mine' }, 'InvalidKeyId'],
  [
    "another account's key of that name",
    { Type: 'SecureString', KeyId: 'arn:aws:kms:us-east-1:210987654321:alias/aws/ssm' },
    'InvalidKeyId',
  ],
  ['a key that ends like it', { Type: 'SecureString', KeyId: 'x:alias/aws/ssm' }, 'InvalidKeyId'],
  ['tags of AWS', { Tags: [{ Key: 'aws:x', Value: '' }] }, 'ValidationException'],
  [
    'tags with Overwrite',
    { Overwrite: true, Tags: [{ Key: 'a', Value: '' }] },
    'ValidationException',
  ],
] as const)('refuses %s', async (_, changes, code) => {
  const request = { Name: 'x', Value: 'v', Type: 'String', ...changes } as const;
  const put = plane.call('PutParameter', {
    ...request,
    Tags: 'Tags' in changes ? [...changes.Tags] : [],
  });
  await expect(put).rejects.toEqual(refused(code));
  expect(await plane.read((reader) => reader.count('parameter'))).toBe(0);
});

test('the type stays, and so does the pattern for later values', async () => {
  const put = { Name: 'x', Value: '1', Type: 'String', AllowedPattern: '^\\d$' } as const;
  await plane.call('PutParameter', put);
  const other = { Name: 'x', Value: '1', Type: 'StringList', Overwrite: true } as const;
  await expect(plane.call('PutParameter', other)).rejects.toEqual(
    refused('HierarchyTypeMismatchException'),
  );
  const wrong = { Name: 'x', Value: 'a', Overwrite: true };
  await expect(plane.call('PutParameter', wrong)).rejects.toEqual(
    refused('ParameterPatternMismatchException'),
  );
});

test('the hundred newest versions are kept, and one with a label is not lost', async () => {
  const put = (Value: string) =>
    plane.call('PutParameter', { Name: 'x', Value, Type: 'String', Overwrite: true });
  for (let index = 1; index <= 101; index += 1) await put(`value ${index}`);
  const first = plane.call('GetParameter', { Name: 'x:1' });
  await expect(first).rejects.toEqual(refused('ParameterVersionNotFound'));
  expect((await plane.call('GetParameter', { Name: 'x:2' })).Parameter?.Value).toBe('value 2');
  await plane.call('LabelParameterVersion', { Name: 'x', ParameterVersion: 2, Labels: ['live'] });
  await expect(put('one more')).rejects.toEqual(refused('ParameterMaxVersionLimitExceeded'));
});
