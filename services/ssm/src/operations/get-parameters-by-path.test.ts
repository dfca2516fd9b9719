import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { type ParameterPlane, parameterPlane } from '../testing/parameter-plane.ts';

let plane: ParameterPlane;
const names = ['/a/b', '/a/b/c', '/a/b/d', '/a/b-c', '/a/c', '/ab', '/a/b/c/d'];
beforeAll(async () => {
  plane = await parameterPlane();
  for (const Name of names) await plane.call('PutParameter', { Name, Value: 'v', Type: 'String' });
  await plane.call('PutParameter', { Name: '/a/list', Value: 'a,b', Type: 'StringList' });
});

/** All pages, each of at most so many. */
async function below(request: { Path: string; Recursive?: boolean; MaxResults?: number }) {
  const found: (string | undefined)[] = [];
  let NextToken: string | undefined;
  do {
    const page = await plane.call('GetParametersByPath', { ...request, NextToken });
    found.push(...(page.Parameters ?? []).map(({ Name }) => Name));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found;
}

test('the folder alone, or with the folders in it', async () => {
  expect(await below({ Path: '/a/b' })).toEqual(['/a/b/c', '/a/b/d']);
  expect(await below({ Path: '/a/b/', Recursive: true })).toEqual(['/a/b/c', '/a/b/c/d', '/a/b/d']);
  expect(await below({ Path: '/' })).toEqual(['/ab']);
  expect(await below({ Path: '/nothing', Recursive: true })).toEqual([]);
});

test('pages of any size hold the same', async () => {
  const all = await below({ Path: '/', Recursive: true });
  expect(all).toHaveLength(names.length + 1);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 10 }), async (MaxResults) => {
      expect(await below({ Path: '/', Recursive: true, MaxResults })).toEqual(all);
    }),
  );
});

test('pages of public parameters', async () => {
  const Path = '/aws/service/global-infrastructure/regions';
  const regions = await below({ Path, MaxResults: 7 });
  expect(regions).toContain(`${Path}/us-east-1`);
  expect(new Set(regions).size).toBe(regions.length);
});

test('filters by type', async () => {
  const ParameterFilters = [{ Key: 'Type', Values: ['StringList'] }];
  const { Parameters } = await plane.call('GetParametersByPath', {
    Path: '/',
    Recursive: true,
    ParameterFilters,
  });
  expect(Parameters).toMatchObject([{ Name: '/a/list' }]);
});

test.each([
  [{ Path: 'a' }, 'ValidationException'],
  [{ Path: '/a', MaxResults: 11 }, 'ValidationException'],
  [{ Path: '/a', NextToken: 'x' }, 'InvalidNextToken'],
  [{ Path: '/a', ParameterFilters: [{ Key: 'Name', Values: ['x'] }] }, 'InvalidFilterKey'],
  [
    { Path: '/a', ParameterFilters: [{ Key: 'Type', Option: 'Contains', Values: ['x'] }] },
    'InvalidFilterOption',
  ],
  [{ Path: '/a', ParameterFilters: [{ Key: 'Type' }] }, 'InvalidFilterValue'],
])('refuses %j with %s', async (request, code) => {
  await expect(plane.call('GetParametersByPath', request)).rejects.toEqual(
    expect.objectContaining({ code }),
  );
});
