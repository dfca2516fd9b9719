import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KiB, MiB } from '@bakehouse/base';
import { expect, onTestFinished, test, vi } from 'vitest';
import { machineFileNames } from './machine-files.ts';
import { sessionOfThisProcess } from './testing/session-of-this-process.ts';

test('the logs of a machine whose monitor does not respond are cut, too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-session-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { serial, log, shutdowns } = machineFileNames;
  for (const name of [serial, log, shutdowns]) {
    await writeFile(join(folder, name), Buffer.alloc(2 * MiB, 'x'));
  }
  await sessionOfThisProcess(folder, { superviseMs: 5, serialBytesMax: MiB });
  const sizeOf = async (name: string) => (await stat(join(folder, name))).size;
  await vi.waitFor(async () => {
    expect(await sizeOf(serial)).toBe(0);
    for (const name of [log, shutdowns]) expect(await sizeOf(name)).toBe(64 * KiB);
  }, 10_000);
});
