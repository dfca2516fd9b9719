import { mkdtemp, open, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KiB } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { boundLog, jailLogBytesMax } from './bound-log.ts';
import { NotPlainError } from './plain-files.ts';

test('a log that is too long is cut to its end, and its writer goes on there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-log-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'log');
  await boundLog(path);
  const writer = await open(path, 'a');
  onTestFinished(() => writer.close());
  const text = 'a complaint\n'.repeat(10_000);
  await writer.appendFile(text);
  await boundLog(path);
  expect(await readFile(path, 'utf8')).toBe(text);
  await writer.appendFile(Buffer.alloc(jailLogBytesMax, 'x'));
  await writer.appendFile(text);
  await boundLog(path);
  await writer.appendFile('the next one');
  expect(await readFile(path, 'utf8')).toBe(`${text.slice(-64 * KiB)}the next one`);
  await boundLog(path, 4);
  expect(await readFile(path, 'utf8')).toBe(' one');
  await symlink(path, join(folder, 'link'));
  await expect(boundLog(join(folder, 'link'))).rejects.toThrow(NotPlainError);
});
