import { expect, test } from 'vitest';
import { firewallCheckOf } from './firewall-check.ts';

test('a firewall that drops is a warning with the way out', () => {
  expect(firewallCheckOf(undefined)).toMatchObject({ status: 'ok' });
  const found = { chain: 'ip filter FORWARD', remedy: 'iptables -I DOCKER-USER …' };
  expect(firewallCheckOf(found)).toMatchObject({ status: 'warn', remedy: found.remedy });
  expect(firewallCheckOf(found).detail).toContain(found.chain);
});
