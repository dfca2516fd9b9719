import { beforeEach, expect, test } from 'vitest';
import { type ParameterPlane, parameterPlane } from '../testing/parameter-plane.ts';

let plane: ParameterPlane;
beforeEach(async () => {
  plane = await parameterPlane();
  for (const Value of ['one', 'two']) {
    await plane.call('PutParameter', { Name: '/x', Value, Type: 'String', Overwrite: true });
  }
});

test('a parameter goes with its versions; a new one begins at 1', async () => {
  await plane.call('DeleteParameter', { Name: 'x' });
  expect(await plane.read((reader) => reader.count('parameterVersion'))).toBe(0);
  await expect(plane.call('DeleteParameter', { Name: 'x' })).rejects.toEqual(
    expect.objectContaining({ code: 'ParameterNotFound' }),
  );
  const put = await plane.call('PutParameter', { Name: '/x', Value: '1', Type: 'String' });
  expect(put.Version).toBe(1);
});

test('of several those that there are', async () => {
  expect(await plane.call('DeleteParameters', { Names: ['/x', '/y', '/x'] })).toEqual({
    DeletedParameters: ['/x'],
    InvalidParameters: ['/y'],
  });
});

test('the public ones are not for accounts to delete', async () => {
  const Name = '/aws/service/bakehouse-linux/latest/x86_64';
  await expect(plane.call('DeleteParameter', { Name })).rejects.toEqual(
    expect.objectContaining({ code: 'AccessDeniedException' }),
  );
});
