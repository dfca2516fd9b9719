import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@bakehouse/base';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openBakeLog } from './bake-log.ts';

test('it has the lines of this bake only', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bake-log-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'log');
  for (const line of ['before', 'now']) {
    const log = openBakeLog(path, silentLogger);
    log.write(line);
    await log.close();
  }
  expect(await readFile(path, 'utf8')).toBe('now\n');
});

test('on a full disk the bake continues, and the server says once what it could not write', async () => {
  const said: unknown[] = [];
  const logger = { ...silentLogger, log: (...line: unknown[]) => said.push(line) };
  const log = openBakeLog('/dev/full', logger);
  log.write('text');
  await vi.waitFor(() => expect(said).toHaveLength(1));
  log.write('text');
  log.write('text');
  await log.close();
  const error = expect.objectContaining({ code: 'ENOSPC' });
  expect(said).toEqual([
    ['warn', 'the log of the bake cannot be written', { path: '/dev/full', error }],
  ]);
});
