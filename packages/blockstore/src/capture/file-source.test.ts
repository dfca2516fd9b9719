import { chmod, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { MiB, silentLogger } from '@bakehouse/base';
import type { ByteRange } from '@bakehouse/domain';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openFileSource } from './file-source.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bakehouse-file-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** What counts as changed of a sparse image of 1 MiB, and the log, with a qemu-img that runs this script. */
async function rangesWith(script: string) {
  await writeFile(join(folder, 'qemu-img'), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, 'qemu-img'), 0o755);
  vi.stubEnv('PATH', [folder, process.env.PATH].join(delimiter));
  const path = join(folder, 'disk');
  await using file = await open(path, 'w');
  await file.truncate(MiB);
  const said: unknown[] = [];
  const logger = { ...silentLogger, log: (...line: unknown[]) => said.push(line) };
  const source = await openFileSource(path, { logger, signal: new AbortController().signal });
  const ranges: ByteRange[] = [];
  for await (const range of source.changedRanges()) ranges.push(range);
  await source.close();
  return { ranges, said };
}

test('the holes of a sparse image do not count as changed', async () => {
  const extents = [
    { start: 0, length: 4096, data: true },
    { start: 4096, length: MiB - 4096, data: false },
  ];
  expect(await rangesWith(`echo '${JSON.stringify(extents)}'`)).toEqual({
    ranges: [{ offset: 0, lengthBytes: 4096 }],
    said: [],
  });
});

test.each(['exit 1', 'echo "{}"', 'echo "[1]"'])(
  'all of it counts when qemu-img does not name them, and the log says why: %s',
  async (script) => {
    const { ranges, said } = await rangesWith(script);
    expect(ranges).toEqual([{ offset: 0, lengthBytes: MiB }]);
    const facts = { path: join(folder, 'disk'), error: expect.any(Error) };
    expect(said).toEqual([['warn', expect.any(String), facts]]);
  },
);
