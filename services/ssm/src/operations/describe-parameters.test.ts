import { beforeAll, expect, test } from 'vitest';
import { type ParameterPlane, parameterPlane } from '../testing/parameter-plane.ts';

let plane: ParameterPlane;
beforeAll(async () => {
  plane = await parameterPlane();
  const put = { Value: 'v', Type: 'String' } as const;
  await plane.call('PutParameter', { ...put, Name: '/app/db', Tags: [{ Key: 'env', Value: 'a' }] });
  await plane.call('PutParameter', { ...put, Name: '/app/web/port', Tier: 'Advanced' });
  await plane.call('PutParameter', { ...put, Name: 'plain', Type: 'SecureString' });
});

async function named(request: Parameters<typeof plane.call<'DescribeParameters'>>[1]) {
  const { Parameters: found = [] } = await plane.call('DescribeParameters', request);
  return found.map(({ Name }) => Name);
}

test('shows all but the value', async () => {
  const { Parameters: found } = await plane.call('DescribeParameters', {});
  expect(found).toHaveLength(3);
  expect(found?.[2]).toMatchObject({
    Name: 'plain',
    Type: 'SecureString',
    KeyId: 'alias/aws/ssm',
    Version: 1,
    Tier: 'Standard',
    LastModifiedUser: 'arn:aws:iam::123456789012:root',
  });
  expect(JSON.stringify(found)).not.toContain('Value');
});

test.each([
  [{ Key: 'Name', Values: ['plain'] }, ['plain']],
  [{ Key: 'Name', Option: 'BeginsWith', Values: ['/app'] }, ['/app/db', '/app/web/port']],
  [{ Key: 'Name', Option: 'Contains', Values: ['web'] }, ['/app/web/port']],
  [{ Key: 'Path', Values: ['/app'] }, ['/app/db']],
  [{ Key: 'Path', Option: 'Recursive', Values: ['/app/'] }, ['/app/db', '/app/web/port']],
  [{ Key: 'Type', Values: ['SecureString'] }, ['plain']],
  [{ Key: 'KeyId', Option: 'BeginsWith', Values: ['alias/'] }, ['plain']],
  [{ Key: 'Tier', Values: ['Advanced'] }, ['/app/web/port']],
  [{ Key: 'DataType', Values: ['aws:ec2:image'] }, []],
  [{ Key: 'tag:env', Values: ['a'] }, ['/app/db']],
  [{ Key: 'tag:env' }, ['/app/db']],
  [{ Key: 'tag:env', Values: ['b'] }, []],
])('%j finds %j', async (filter, names) => {
  expect(await named({ ParameterFilters: [filter] })).toEqual(names);
});

test('the older filters', async () => {
  expect(await named({ Filters: [{ Key: 'Name', Values: ['/app/d'] }] })).toEqual(['/app/db']);
  const both = named({
    Filters: [{ Key: 'Name', Values: ['x'] }],
    ParameterFilters: [{ Key: 'Name', Values: ['x'] }],
  });
  await expect(both).rejects.toEqual(expect.objectContaining({ code: 'ValidationException' }));
});

test('pages, whose tokens are for this operation', async () => {
  const { Parameters: found, NextToken } = await plane.call('DescribeParameters', {
    MaxResults: 2,
  });
  expect(found).toHaveLength(2);
  expect(await named({ MaxResults: 2, NextToken })).toEqual(['plain']);
  const other = plane.call('GetParametersByPath', { Path: '/', NextToken });
  await expect(other).rejects.toEqual(expect.objectContaining({ code: 'InvalidNextToken' }));
});
