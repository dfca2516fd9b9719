import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownStamp } from '@bakehouse/host';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BakeRunningError, takeBakeLock } from './bake-lock.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bake-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('one bake holds it at a time; afterwards it is free', async () => {
  const path = join(folder, 'lock');
  {
    await using _held = await takeBakeLock(path);
    await expect(takeBakeLock(path)).rejects.toThrow(BakeRunningError);
    await expect(takeBakeLock(path)).rejects.toThrow(`process ${process.pid}`);
  }
  await using _again = await takeBakeLock(path);
});

test.each([
  ['a process that has ended', '4194304 12345'],
  ['another process with the same pid', `${process.pid} 1 2`],
  ['a process that ended before it wrote its stamp', ''],
])('is taken over from %s', async (_holder, text) => {
  const path = join(folder, 'lock');
  await writeFile(path, text);
  await using _held = await takeBakeLock(path);
  expect(await readFile(path, 'utf8')).toBe(await ownStamp());
});
