import { GiB, MiB } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { diskCheck, memoryCheck, nodeCheck } from './check-machine.ts';

test.each([
  [nodeCheck('24.0.0'), 'ok'],
  [nodeCheck('22.18.0'), 'fail'],
  [memoryCheck(2 * GiB, 4 * GiB), 'ok'],
  [memoryCheck(GiB - 1, 4 * GiB), 'warn'],
  [diskCheck('/', 5 * GiB), 'ok'],
  [diskCheck('/', 3 * GiB), 'warn'],
  [diskCheck('/', 100 * MiB), 'fail'],
])('%o is %s', (check, status) => {
  expect(check.status).toBe(status);
});

test('whatever is not ok says how to fix it', () => {
  const bad = [nodeCheck('20.1.0'), memoryCheck(0, GiB), diskCheck('/', 0)];
  expect(bad.filter((check) => !check.remedy)).toEqual([]);
});
