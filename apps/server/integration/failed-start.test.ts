import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@bakehouse/base';
import { exists } from '@bakehouse/host';
import { takePublicRange } from '@bakehouse/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { type DataDirectory, openDataDirectory } from '../src/data-directory.ts';
import { platformProcesses } from '../src/doctor/platform-processes.ts';
import { serve } from '../src/serve.ts';
import { wireQemuDrivers } from '../src/wiring/qemu-drivers.ts';

const range = await takePublicRange();

async function folder() {
  const root = await mkdtemp(join(tmpdir(), 'bakehouse-start-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return await openDataDirectory(readConfig(['--data', root], {}));
}

/** A port that is in use as long as the test runs. */
async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

function configOf(data: DataDirectory, port: number) {
  const args = ['--data', data.root, '--listen', `127.0.0.1:${port}`];
  return readConfig([...args, '--public-cidr', range.cidr], {});
}

async function expectNothingLeft(data: DataDirectory): Promise<void> {
  expect(await platformProcesses(data)).toEqual([]);
  expect(await exists(`/run/netns/${data.shortName}`)).toBe(false);
  expect(await exists(data.runtime)).toBe(false);
}

test('a start that fails at the host leaves no helper, no network and no sockets', async () => {
  const data = await folder();
  const server = await serve(configOf(data, 0), silentLogger, async (config, folders, parts) => {
    const wired = await wireQemuDrivers(config, folders, parts);
    return {
      ...wired,
      async open() {
        await wired.open();
        expect(await platformProcesses(data)).not.toEqual([]);
        throw new Error('the host is not fit');
      },
    };
  });
  await expect(server.ready).rejects.toThrow('the host is not fit');
  await server.close();
  await expectNothingLeft(data);
});

test('a server that cannot listen leaves nothing', async () => {
  const data = await folder();
  const starting = serve(configOf(data, await takenPort()), silentLogger);
  await expect(starting).rejects.toThrow(/another program listens/);
  await expectNothingLeft(data);
});

test('a simulated server has no folder for sockets', async () => {
  const data = await folder();
  const args = ['--data', data.root, '--listen', '127.0.0.1:0', '--compute', 'simulated'];
  const server = await serve(readConfig(args, {}), silentLogger);
  await server.ready;
  expect(await exists(data.runtime)).toBe(false);
  await server.close();
  expect(await exists(data.runtime)).toBe(false);
});
