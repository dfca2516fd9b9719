import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findDroppingFirewall } from '../src/host-firewall.ts';
import { type RunNetworkCommand, runNetworkCommand } from '../src/run-network-command.ts';

/** In the place of the host, whose own rules must not matter. */
const namespace = `bht-fw-${randomBytes(2).toString('hex')}`;
const link = 'bh123456-up';
const run: RunNetworkCommand = (argv, input) =>
  runNetworkCommand(['nsenter', `--net=/run/netns/${namespace}`, '--', ...argv], input);

beforeAll(() => runNetworkCommand(['ip', 'netns', 'add', namespace]));
afterAll(() => runNetworkCommand(['ip', 'netns', 'delete', namespace]));

test('the chains that Docker sets up are found, until the link is let through', async () => {
  expect(await findDroppingFirewall(link, run)).toBe(undefined);
  const lines = [
    'add table ip filter',
    'add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }',
    'add chain ip filter DOCKER-USER',
    'add rule ip filter FORWARD jump DOCKER-USER',
  ];
  await run(['nft', '-f', '-'], lines.map((line) => `${line}\n`).join(''));
  const found = await findDroppingFirewall(link, run);
  expect(found?.chain).toBe('ip filter FORWARD');
  expect(found?.remedy).toContain('iptables -I DOCKER-USER -i bh123456-up -j ACCEPT');
  await run(['nft', 'add', 'rule', 'ip', 'filter', 'DOCKER-USER', 'iifname', link, 'accept']);
  expect(await findDroppingFirewall(link, run)).toBe(undefined);
});
