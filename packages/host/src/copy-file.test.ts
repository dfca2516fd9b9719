import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GiB, MiB } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { copyLargeFile, isDiskFull } from './copy-file.ts';
import { statIfExists } from './files.ts';

async function file() {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-copy-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const from = join(folder, 'from');
  await writeFile(from, Buffer.alloc(5 * MiB, 'm'), { mode: 0o600 });
  return { from, to: join(folder, 'to') };
}

test('a copy has the same content, also where there was another, and is for root alone', async () => {
  const { from, to } = await file();
  await writeFile(to, 'before', { mode: 0o644 });
  await copyLargeFile(from, to, new AbortController());
  expect((await readFile(to)).equals(await readFile(from))).toBe(true);
  expect((await stat(to)).mode & 0o777).toBe(0o600);
});

test('a copy that is given up before it begins is not made', async () => {
  const { from, to } = await file();
  const copying = copyLargeFile(from, to, { signal: AbortSignal.abort(new Error('given up')) });
  await expect(copying).rejects.toThrow('given up');
  expect(await statIfExists(to)).toBeUndefined();
});

test('a copy that is under way ends when it is given up', async () => {
  const { from, to } = await file();
  await truncate(from, 64 * GiB);
  const giving = new AbortController();
  const copying = copyLargeFile(from, to, giving);
  copying.catch(() => {});
  while (((await statIfExists(to))?.size ?? 0) === 0) await new Promise(setImmediate);
  giving.abort(new Error('given up'));
  await expect(copying).rejects.toThrow('abort');
  expect((await stat(to)).size).toBeLessThan(64 * GiB);
});

test.each([
  ['ENOSPC', true],
  ['EDQUOT', true],
  ['EIO', false],
])('%s is a full disk: %s', (code, isFull) => {
  expect(isDiskFull(Object.assign(new Error(code), { code }))).toBe(isFull);
});
