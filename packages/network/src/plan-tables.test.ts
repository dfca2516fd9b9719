import { expect, test } from 'vitest';
import { planAddressing } from './addressing.ts';
import { tapName } from './network-names.ts';
import { type NetworkState, planArpTable, planGuestTable } from './plan-guest-tables.ts';
import { planHostTable } from './plan-host-table.ts';
import { nicMap, sampleNic } from './testing/sample-nic.ts';

const stranger = sampleNic(20, {
  subnetCidr: '172.30.0.0/20',
  vpcCidr: '172.30.0.0/16',
  privateIp: '172.30.0.20',
});
const state: NetworkState = {
  nics: nicMap(sampleNic(10), stranger),
  policy: { nics: [], groups: [] },
  addressing: planAddressing('127.18.0.0/16'),
  outbound: false,
};

test('each port is bound to its MAC and address, for IP and ARP alike', () => {
  const elements = planGuestTable('t', state).sets.ports?.elements;
  expect(elements?.[0]).toBe(`"${tapName(sampleNic(10).nicId)}" . 0e:00:00:00:00:0a . 172.31.0.10`);
  expect(planArpTable('t', state).sets.ports?.elements).toEqual(elements);
});

test('without a policy nothing is forwarded', () => {
  const table = planGuestTable('t', state);
  expect(table.sets.egress?.elements).toEqual([]);
  expect(table.sets.ingress?.elements).toEqual([]);
  for (const hook of ['input', 'forward', 'antispoof']) {
    expect(table.chains[hook]?.hook).toContain('policy drop');
  }
});

test('no VPC reaches another', () => {
  const rules = planGuestTable('t', state).chains.forward?.rules ?? [];
  for (const vpc of ['172.31.0.0/16', '172.30.0.0/16']) {
    expect(rules).toContain(
      `ct original ip saddr ${vpc} ct reply ip saddr @vpcs ct reply ip saddr != ${vpc} drop`,
    );
  }
  const firstPass = rules.findIndex((rule) => /accept|vmap|goto/.test(rule));
  expect(rules.findLastIndex((rule) => rule.includes('!='))).toBeLessThan(firstPass);
});

test('only with outbound on does anything pass that is not for a guest', () => {
  const last = (outbound: boolean) =>
    planGuestTable('t', { ...state, outbound }).chains.arriving?.rules.at(-1);
  expect(last(true)).toBe('accept');
  expect(last(false)).toBe('drop');
  const closed = planHostTable('t', 'link', state).chains.forward?.rules;
  expect(closed).toContain('iifname link drop');
});

test('a public address leads to its NIC by the transit range', () => {
  expect(planHostTable('t', 'link', state).sets.public?.elements[0]).toBe(
    '127.18.0.10 : 240.18.0.10',
  );
  expect(planGuestTable('t', state).sets.public?.elements[0]).toBe('240.18.0.10 : 172.31.0.10');
});
