import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { LinuxNetwork } from '../src/linux-network.ts';

const addresses = [{ addr_info: [{ family: 'inet', local: '203.0.113.2' }] }];

test("guests that run meanwhile reach none of the host's addresses, also when a start fails", async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bakehouse-network-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const scripts: string[] = [];
  const network = new LinuxNetwork(
    {
      name: 'bht-closed',
      directory,
      publicCidr: '127.46.0.0/16',
      outbound: true,
      edge: { runtimeDirectory: directory, logDirectory: directory },
      logger: silentLogger,
      clock: systemClock,
    },
    {
      // Nothing of the host is changed: all that is asked for is this.
      async run(argv, input = '') {
        const command = argv.join(' ');
        if (scripts.length > 0) throw new Error('this command fails');
        if (command.endsWith('nft -f -')) scripts.push(input);
        return command.endsWith('address show') ? JSON.stringify(addresses) : '';
      },
    },
  );
  await expect(network.open()).rejects.toThrow('this command fails');
  expect(scripts).toEqual([expect.stringContaining('ip daddr { 203.0.113.2 } reject')]);
});
