import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@bakehouse/base';
import type { QmpClient } from '@bakehouse/qmp';
import { expect, onTestFinished, test } from 'vitest';
import { machineFileNames } from './machine-files.ts';
import { rebootMachine } from './reboot-machine.ts';

test('a guest that is held as its reboot ends does not go on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-reboot-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, machineFileNames.shutdowns), '');
  const commands: string[] = [];
  const client: QmpClient = {
    version: '7.2.0',
    closed: new Promise(() => {}),
    onEvent: () => () => {},
    close: async () => {},
    async execute(command) {
      commands.push(command);
      return command === 'query-status' ? { status: 'paused' } : {};
    },
  };
  let isHeld = false;
  await rebootMachine(client, {
    clock: systemClock,
    ...{ folder, limitMs: 0, pressEveryMs: 1, pollMs: 1, signal: new AbortController().signal },
    isHeld: () => isHeld,
    withoutHolder(work) {
      // It has begun before, and is over only now.
      isHeld = true;
      return work();
    },
  });
  expect(commands).toContain('system_reset');
  expect(commands).not.toContain('cont');
});
