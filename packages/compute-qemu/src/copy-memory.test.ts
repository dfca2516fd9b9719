import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MiB } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { copyMemory, isDiskFull } from './copy-memory.ts';

async function memory() {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-copy-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const from = join(folder, 'from');
  await writeFile(from, Buffer.alloc(5 * MiB, 'm'), { mode: 0o600 });
  return { from, to: join(folder, 'to') };
}

test('a copy has the same content, and is for root alone', async () => {
  const { from, to } = await memory();
  await copyMemory(from, to, new AbortController().signal);
  expect((await readFile(to)).equals(await readFile(from))).toBe(true);
  expect((await stat(to)).mode & 0o777).toBe(0o600);
});

test('a copy that is given up is not made', async () => {
  const { from, to } = await memory();
  const copying = copyMemory(from, to, AbortSignal.abort(new Error('given up')));
  await expect(copying).rejects.toThrow('given up');
});

test.each([
  ['ENOSPC', true],
  ['EDQUOT', true],
  ['EIO', false],
])('%s is a full disk: %s', (code, isFull) => {
  expect(isDiskFull(Object.assign(new Error(code), { code }))).toBe(isFull);
});
