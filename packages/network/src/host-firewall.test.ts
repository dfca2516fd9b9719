import { expect, test } from 'vitest';
import { findDroppingFirewall } from './host-firewall.ts';
import type { RunCommand } from './run-command.ts';

const chain = (family: string, table: string, name: string, policy?: string) => ({
  chain: { family, table, name, ...(policy && { hook: 'forward', policy }) },
});

/** A host with these chains, whose tables read so. */
function host(chains: readonly object[], rules = ''): RunCommand {
  return async (argv) => (argv.includes('chains') ? JSON.stringify({ nftables: chains }) : rules);
}

test("Docker's drop is found, with the chain that it leaves to the host", async () => {
  const chains = [chain('ip', 'filter', 'FORWARD', 'drop'), chain('ip', 'filter', 'DOCKER-USER')];
  const found = await findDroppingFirewall('bh-1-up', host(chains));
  expect(found?.chain).toBe('ip filter FORWARD');
  expect(found?.remedy).toBe(
    'iptables -I DOCKER-USER -i bh-1-up -j ACCEPT; ' +
      'iptables -I DOCKER-USER -o bh-1-up -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
  );
});

test('any table that drops is found, and one that was told of the link is not', async () => {
  const chains = [chain('inet', 'mine', 'fwd', 'drop')];
  const found = await findDroppingFirewall('bh-1-up', host(chains));
  expect(found?.remedy).toContain('nft insert rule inet mine fwd iifname bh-1-up accept');
  expect(await findDroppingFirewall('bh-1-up', host(chains, 'iifname "bh-1-up" accept'))).toBe(
    undefined,
  );
});

test('what accepts, is for IPv6 only, or is nothing, is no matter', async () => {
  const chains = [
    chain('ip', 'filter', 'FORWARD', 'accept'),
    chain('ip6', 'filter', 'FORWARD', 'drop'),
  ];
  expect(await findDroppingFirewall('bh-1-up', host(chains))).toBe(undefined);
  expect(await findDroppingFirewall('bh-1-up', async () => '')).toBe(undefined);
});
