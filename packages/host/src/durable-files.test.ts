import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeFileDurably } from './durable-files.ts';

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-durable-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('a file is replaced as a whole, and nobody else reads it', async () => {
  const folder = await aFolder();
  const path = join(folder, 'record.json');
  await writeFileDurably(path, 'a longer old content');
  await writeFileDurably(path, Buffer.from('new'));
  expect(await readFile(path, 'utf8')).toBe('new');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['record.json']);
});

test('a write that fails leaves what was there, and nothing beside it', async () => {
  const folder = await aFolder();
  const path = join(folder, 'record.json');
  await mkdir(path);
  await expect(writeFileDurably(path, 'new')).rejects.toThrow();
  expect(await readdir(folder)).toEqual(['record.json']);
});
