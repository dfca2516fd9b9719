import { access, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { openDataDirectory } from '../src/data-directory.ts';
import { platformProcesses } from '../src/doctor/platform-processes.ts';
import { serve } from '../src/serve.ts';

async function folder() {
  const root = await mkdtemp(join(tmpdir(), 'bakehouse-start-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return await openDataDirectory(root);
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** A port that is taken as long as the test runs. */
async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

test('a start that fails leaves no helper, no network and no sockets', async () => {
  const data = await folder();
  const port = await takenPort();
  const args = ['--data', data.root, '--listen', `127.0.0.1:${port}`];
  const config = readConfig([...args, '--public-cidr', '127.66.0.0/16'], {});
  await expect(serve(config, silentLogger)).rejects.toThrow(/another program listens/);
  expect(await platformProcesses(data)).toEqual([]);
  expect(await isThere(`/run/netns/${data.shortName}`)).toBe(false);
  expect(await isThere(data.runtime)).toBe(false);
});

test('a simulated server has no folder for sockets', async () => {
  const data = await folder();
  const args = ['--data', data.root, '--listen', '127.0.0.1:0', '--compute', 'simulated'];
  const server = await serve(readConfig(args, {}), silentLogger);
  expect(await isThere(data.runtime)).toBe(false);
  await server.close();
  expect(await isThere(data.runtime)).toBe(false);
});
