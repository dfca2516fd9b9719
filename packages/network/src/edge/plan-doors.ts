import { cidrContains, parseCidr, parseIp } from '@bakehouse/base';
import type { Nic, PacketRule, PolicyNic } from '@bakehouse/domain';
import type { PolicyState } from '../network-state.ts';
import { protocolName } from '../plan-policy.ts';
import { hostPortOf } from './host-ports.ts';

/** A TCP port of a guest that programs on the host reach. */
export interface Door {
  readonly address: string;
  readonly port: number;
  /** Where the host has it, at the same address. */
  readonly hostPort: number;
}

/** Ports of a rule that lets more in than `wholeRangeMax`: every port of every guest would be a socket of the host. */
const usualPorts = [22, 80, 443, 3000, 3306, 3389, 5432, 5985, 5986, 8000, 8080, 8443] as const;
const wholeRangeMax = 64;
const portMax = 65_535;

/**
 * The ports of guests' public addresses that a group opens to the host, which is 127.0.0.1 to the rules. Guests of a VPC
 * without a gateway have none. `firstPort`: the first that every user may listen on.
 */
export function wantedDoors(
  nics: Iterable<Pick<Nic, 'nicId' | 'vpcId'>>,
  policy: Pick<PolicyState, 'vpcs' | 'nics' | 'groups'>,
  firstPort: number,
): readonly Door[] {
  const doors: Door[] = [];
  for (const { nicId, vpcId } of nics) {
    const named = policy.nics.get(nicId);
    if (named === undefined || !policy.vpcs.get(vpcId)?.hasInternetGateway) continue;
    const ports = portsOf(named, policy);
    for (const { publicIp } of named.addresses) {
      if (publicIp !== undefined) doors.push(...doorsAt(publicIp, ports, firstPort));
    }
  }
  return doors;
}

/** A port of the host is given once: to the port itself before one that is moved there. */
function doorsAt(address: string, ports: ReadonlySet<number>, firstPort: number): Door[] {
  const all = [...ports].map((port) => ({ address, port, hostPort: hostPortOf(port, firstPort) }));
  return all.filter(({ port, hostPort }) => port === hostPort || !ports.has(hostPort));
}

function portsOf(
  { groupIds }: Pick<PolicyNic, 'groupIds'>,
  { groups }: Pick<PolicyState, 'groups'>,
): ReadonlySet<number> {
  const rules = groupIds.flatMap((groupId) => groups.get(groupId) ?? []);
  return new Set(rules.filter(isForHost).flatMap(portsOfRule));
}

function isForHost({ direction, peer }: PacketRule): boolean {
  if (direction !== 'ingress' || peer.kind !== 'cidr') return false;
  const range = parseCidr(peer.cidr);
  return range !== undefined && cidrContains(range, parseIp('127.0.0.1') ?? 0);
}

function portsOfRule({ protocol, fromPort, toPort }: PacketRule): readonly number[] {
  const name = protocolName(protocol);
  if (name !== 'tcp' && name !== '-1') return [];
  const isWhole = name === '-1' || fromPort === undefined || fromPort < 0;
  const first = isWhole ? 1 : fromPort;
  const last = isWhole ? portMax : (toPort ?? first);
  if (last - first >= wholeRangeMax)
    return usualPorts.filter((port) => port >= first && port <= last);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index).filter(
    (port) => port > 0 && port <= portMax,
  );
}
