import type { VpcRoute, VpcTopology } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { natRealms, subnetRoutes } from './plan-routes.ts';

const natGatewayId = 'nat-00000000000000007';
const route = (destination: string, target: VpcRoute['target']): VpcRoute => ({
  destination,
  target,
});
const internet = { kind: 'internet' } as const;
const nat = { kind: 'nat', natGatewayId } as const;
const vpc: VpcTopology = {
  vpcId: 'vpc-00000000000000001',
  cidrs: ['10.0.0.0/16'],
  hasInternetGateway: true,
  dnsSupport: true,
  dhcp: {},
  subnets: [
    {
      subnetId: 'subnet-00000000000000001',
      cidr: '10.0.1.0/24',
      routes: [
        route('0.0.0.0/0', internet),
        route('198.51.100.0/24', { kind: 'blackhole' }),
        route('10.9.0.0/16', { kind: 'interface', nicId: 'eni-1' }),
      ],
      acl: [],
    },
    {
      subnetId: 'subnet-00000000000000002',
      cidr: '10.0.2.0/24',
      routes: [
        route('0.0.0.0/0', nat),
        route('192.0.2.0/24', { kind: 'interface', nicId: 'eni-2' }),
      ],
      acl: [],
    },
  ],
  natGateways: [
    {
      natGatewayId,
      subnetId: 'subnet-00000000000000001',
      privateIp: '10.0.1.9',
      publicIp: '127.18.0.9',
    },
  ],
};
const hop = { device: 'tap1', address: '10.0.1.4' };
const routesOf = (index: number, changed: Partial<VpcTopology> = {}) => {
  const whole = { ...vpc, ...changed };
  const subnet = whole.subnets[index];
  if (subnet === undefined) throw new Error('a subnet');
  return [...subnetRoutes(whole, subnet, (id) => (id === 'eni-1' ? hop : undefined)).values()];
};
const out = 'via 169.254.127.254 dev uplink onlink';

test('routes lead to the gateway, to a guest, or nowhere; the VPC is left to its ports', () => {
  expect(routesOf(0)).toEqual([
    `default ${out}`,
    'throw 10.0.0.0/16',
    'blackhole 198.51.100.0/24',
    '10.9.0.0/16 via 10.0.1.4 dev tap1 onlink',
  ]);
});

test('a NAT gateway leads where its own subnet leads', () => {
  expect(routesOf(1)).toEqual([
    `default ${out} realm 8`,
    'throw 10.0.0.0/16',
    'blackhole 198.51.100.0/24',
    'blackhole 10.9.0.0/16',
    'blackhole 192.0.2.0/24',
  ]);
});

test.each<[string, Partial<VpcTopology>]>([
  ['an attached gateway', { hasInternetGateway: false }],
  ['a NAT gateway', { natGateways: [] }],
])('without %s nothing leads out of the private subnet', (_, changed) => {
  expect(routesOf(1, changed)[0]).toBe('blackhole default');
});

test('realms are distinct, and stay when others come', () => {
  const gateways = ['nat-0000000a', 'nat-0001000a', 'nat-0002000b'].map((id) => ({
    natGatewayId: id as `nat-${string}`,
    subnetId: 'subnet-1' as const,
    privateIp: '10.0.0.9',
  }));
  const realms = natRealms(gateways);
  expect(new Set(realms.values()).size).toBe(3);
  expect(natRealms(gateways.slice(0, 2)).get('nat-0000000a')).toBe(realms.get('nat-0000000a'));
});
