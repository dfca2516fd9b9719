import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BakeRunningError, takeBakeLock } from './bake-lock.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bake-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('is held by one at a time, and free again afterwards', async () => {
  const path = join(folder, 'lock');
  {
    await using _held = await takeBakeLock(path);
    await expect(takeBakeLock(path)).rejects.toThrow(BakeRunningError);
    await expect(takeBakeLock(path)).rejects.toThrow(`pid ${process.pid}`);
  }
  await using _again = await takeBakeLock(path);
});

test.each([
  ['a process that has ended', '4194304 12345'],
  ['a pid that is another process by now', `${process.pid} 1`],
  ['nobody: the writer died before it wrote', ''],
])('is taken over from %s', async (_whose, text) => {
  const path = join(folder, 'lock');
  await writeFile(path, text);
  await using _held = await takeBakeLock(path);
  expect(await readFile(path, 'utf8')).toMatch(new RegExp(`^${process.pid} \\d+$`));
});
