import { expect, test } from 'vitest';
import { planAddressing } from './addressing.ts';
import { hostBasePart } from './plan-host-table.ts';

const addressing = planAddressing('127.18.0.0/16');
const rulesOf = (changes: Partial<Parameters<typeof hostBasePart>[1]> = {}) => {
  const { chains = {} } = hostBasePart('bh-up', { addressing, outbound: true, ...changes });
  return Object.values(chains).flatMap(({ rules }) => rules);
};

test('on the host itself no address is closed by name, as its own rules keep guests out', () => {
  expect(rulesOf().join('\n')).not.toMatch(/invalid|ip daddr \{ \d/);
});

test("in the host's place its addresses are closed, and what pasta sends without flags is dropped", () => {
  const rules = rulesOf({ closedAddresses: ['10.0.0.7', '172.17.0.1'], pastaLink: 'outside' });
  expect(rules).toContain('iifname outside ct state invalid drop');
  expect(rules).toContain(
    'iifname bh-up ip daddr { 10.0.0.7, 172.17.0.1 } reject with icmp type admin-prohibited',
  );
});
