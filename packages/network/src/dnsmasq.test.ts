import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { dnsmasqIn } from './dnsmasq.ts';
import { dnsmasqConfigFile, dnsmasqPidFile } from './dnsmasq-files.ts';
import { networkNames } from './network-names.ts';

test('a process that outlived its namespace is not found, as it serves nobody', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-dnsmasq-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const config = join(folder, dnsmasqConfigFile);
  await writeFile(config, '');
  const child = spawn('tail', ['-f', config], { stdio: 'ignore' });
  onTestFinished(async () => {
    child.kill();
    await once(child, 'exit');
  });
  await once(child, 'spawn');
  await writeFile(join(folder, dnsmasqPidFile), String(child.pid));
  const names = { ...networkNames('bh-unit', folder), runtimeDirectory: folder };
  const findIn = (namespaceFile: string) =>
    dnsmasqIn(
      { ...names, namespaceFile },
      { run: async () => '', clock: systemClock, enter: [] },
    ).find();
  expect(await findIn('/proc/self/ns/net')).toMatchObject({ pid: child.pid });
  expect(await findIn(join(folder, 'missing'))).toBeUndefined();
});
