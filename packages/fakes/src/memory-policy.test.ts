import type { NetworkPolicy, Nic, PacketRule } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { permits } from './memory-policy.ts';

const nic = (last: number): Nic => ({
  nicId: `eni-${last}`,
  subnetId: 'subnet-1',
  subnetCidr: '172.31.0.0/20',
  macAddress: `02:00:00:00:00:0${last}`,
  privateIp: `172.31.0.${last}`,
  hostName: `ip-172-31-0-${last}`,
  domainName: 'ec2.internal',
});
const everyone = { kind: 'cidr', cidr: '0.0.0.0/0' } as const;
const out: PacketRule = { direction: 'egress', protocol: '-1', peer: everyone };
const web: PacketRule = {
  direction: 'ingress',
  protocol: 'tcp',
  fromPort: 80,
  toPort: 81,
  peer: { kind: 'cidr', cidr: '10.0.0.0/8' },
};
const members: PacketRule = {
  direction: 'ingress',
  protocol: '-1',
  peer: { kind: 'group', groupId: 'sg-a' },
};
const policy: NetworkPolicy = {
  nics: [
    { nicId: 'eni-5', groupIds: ['sg-a'] },
    { nicId: 'eni-6', groupIds: ['sg-a', 'sg-b'] },
    { nicId: 'eni-7', groupIds: ['sg-b'] },
  ],
  groups: [
    { groupId: 'sg-a', rules: [out, members] },
    { groupId: 'sg-b', rules: [web] },
  ],
};
const nics = [5, 6, 7, 8].map(nic);

test.each([
  ['from outside by a rule', '10.1.2.3', '172.31.0.7', 80, true],
  ['from outside at the range’s end', '10.1.2.3', '172.31.0.6', 81, true],
  ['from outside beside the port range', '10.1.2.3', '172.31.0.7', 82, false],
  ['from outside beside the address range', '11.1.2.3', '172.31.0.7', 80, false],
  ['between members of a group', '172.31.0.5', '172.31.0.6', 9_999, true],
  ['from a member to a stranger', '172.31.0.5', '172.31.0.7', 9_999, false],
  ['to the outside with an egress rule', '172.31.0.5', '93.0.0.1', 443, true],
  ['to the outside without an egress rule', '172.31.0.7', '93.0.0.1', 443, false],
  ['to a NIC that the policy does not name', '10.1.2.3', '172.31.0.8', 80, false],
] as const)('%s: from %s to %s port %i passes: %s', (_, fromIp, toIp, port, passes) => {
  expect(permits(policy, nics, { fromIp, toIp, protocol: 'tcp', port })).toBe(passes);
});
