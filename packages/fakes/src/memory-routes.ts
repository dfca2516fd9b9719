import { BlockList, isIPv4 } from 'node:net';
import type { RouteTarget, VpcTopology } from '@bakehouse/domain';

/** Whether an address is in a range. */
export function isInRange(cidr: string, ip: string): boolean {
  const [network = '', prefix = ''] = cidr.split('/');
  if (isIPv4(network) !== isIPv4(ip)) return false;
  const family = isIPv4(ip) ? 'ipv4' : 'ipv6';
  const range = new BlockList();
  range.addSubnet(network, Number(prefix), family);
  return range.check(ip, family);
}

/** Where packets from a subnet to an address outside of the VPC lead, as far as that works. */
export function wayOut(vpc: VpcTopology, subnetId: string, ip: string): RouteTarget {
  const target = routeOf(vpc, subnetId, ip);
  if (target.kind === 'internet') return vpc.hasInternetGateway ? target : nowhere;
  if (target.kind !== 'nat') return target;
  const gateway = vpc.natGateways.find((each) => each.natGatewayId === target.natGatewayId);
  if (gateway?.publicIp === undefined || !vpc.hasInternetGateway) return nowhere;
  const next = routeOf(vpc, gateway.subnetId, ip);
  return next.kind === 'internet' ? target : nowhere;
}

const nowhere: RouteTarget = { kind: 'blackhole' };

/** The longest destination decides. */
function routeOf({ subnets }: VpcTopology, subnetId: string, ip: string): RouteTarget {
  const routes = subnets.find((each) => each.subnetId === subnetId)?.routes ?? [];
  const prefixOf = (destination: string) => Number(destination.split('/')[1]);
  const [route] = routes
    .filter(({ destination }) => isInRange(destination, ip))
    .toSorted((one, other) => prefixOf(other.destination) - prefixOf(one.destination));
  return route?.target ?? nowhere;
}
