import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KiB } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { boundConsoleLog } from './console-log.ts';
import { noteConsoleStart, readConsoleSince, wasResetSince } from './console-since.ts';
import { forkRefusal } from './keep-guest.ts';
import { machineFileNames } from './machine-files.ts';

const line = 'bakehouse: can be forked, with secrets at 9000+8\r\n';

async function machine() {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-console-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const serial = join(folder, machineFileNames.serial);
  await writeFile(serial, line);
  return { folder, write: (text: string) => appendFile(serial, text) };
}

test('what a guest wrote before its machine was started or reset counts no more', async () => {
  const { folder, write } = await machine();
  expect([await readConsoleSince(folder), await wasResetSince(folder)]).toEqual(['', false]);
  await noteConsoleStart(folder, { wasReset: false });
  expect(await forkRefusal(folder)).toContain('does not say');
  await write('x'.repeat(300 * KiB) + line);
  expect(await forkRefusal(folder)).toBeUndefined();
  await noteConsoleStart(folder, { wasReset: true });
  expect(await forkRefusal(folder)).toContain('does not say');
  await write(line);
  expect([await readConsoleSince(folder), await wasResetSince(folder)]).toEqual([line, true]);
  expect(await forkRefusal(folder)).toBeUndefined();
});

test('after a cut, the whole console is of the guest that runs', async () => {
  const { folder, write } = await machine();
  await write('x'.repeat(100));
  await noteConsoleStart(folder, { wasReset: true });
  await boundConsoleLog(folder, 1);
  expect(await forkRefusal(folder)).toContain('does not say');
  await write(line);
  await write('x'.repeat(200));
  expect(await wasResetSince(folder)).toBe(true);
  expect(await forkRefusal(folder)).toBeUndefined();
});

test('a note that cannot be read counts as none', async () => {
  const { folder } = await machine();
  await writeFile(join(folder, machineFileNames.consoleStart), '{"version":');
  expect(await readConsoleSince(folder)).toBe('');
  await boundConsoleLog(folder, 1);
});
