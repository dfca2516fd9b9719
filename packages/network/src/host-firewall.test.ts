import { expect, test } from 'vitest';
import { findDroppingFirewall } from './host-firewall.ts';
import type { RunNetworkCommand } from './run-network-command.ts';

const chain = (family: string, table: string, name: string, policy?: string) => ({
  chain: { family, table, name, ...(policy && { hook: 'forward', policy }) },
});

/** A host with these chains, whose tables have these rules. */
function host(chains: readonly object[], rules = ''): RunNetworkCommand {
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

test('any table that drops is found, unless it names the link', async () => {
  const chains = [chain('inet', 'mine', 'fwd', 'drop')];
  const found = await findDroppingFirewall('bh-1-up', host(chains));
  expect(found?.remedy).toContain('nft insert rule inet mine fwd iifname bh-1-up accept');
  expect(await findDroppingFirewall('bh-1-up', host(chains, 'iifname "bh-1-up" accept'))).toBe(
    undefined,
  );
});

test('chains that accept or are only for IPv6 are not reported', async () => {
  const chains = [
    chain('ip', 'filter', 'FORWARD', 'accept'),
    chain('ip6', 'filter', 'FORWARD', 'drop'),
  ];
  expect(await findDroppingFirewall('bh-1-up', host(chains))).toBe(undefined);
  expect(await findDroppingFirewall('bh-1-up', async () => '')).toBe(undefined);
});
