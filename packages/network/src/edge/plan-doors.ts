import { cidrContains, parseCidr, parseIp } from '@bakehouse/base';
import type { Nic, PacketRule, PolicyNic, SecurityGroupId } from '@bakehouse/domain';
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
const usualPorts: readonly number[] = [
  22, 80, 443, 3000, 3306, 3389, 5432, 5985, 5986, 8000, 8080, 8443,
];
const wholeRangeMax = 64;
const portMax = 65_535;

/** Each is a socket of one process: no account may use them up. */
export const addressDoorsMax = 128;
export const doorsMax = 2048;

export interface DoorPlan {
  readonly doors: readonly Door[];
  /** How many ports of an address are left out, as they are too many. */
  readonly leftOut: ReadonlyMap<string, number>;
}

type Ports = readonly Pick<Door, 'port' | 'hostPort'>[];
type Place = readonly [address: string, ports: Ports];

/**
 * The ports of guests' public addresses that a group opens to the host, which is 127.0.0.1 to the rules. Guests of a VPC
 * without a gateway have none. `firstPort`: the first that every user may listen on. Each address has its first port
 * before any has its second, and the usual ports come first.
 */
export function wantedDoors(
  nics: Iterable<Pick<Nic, 'nicId' | 'vpcId'>>,
  policy: Pick<PolicyState, 'vpcs' | 'nics' | 'groups'>,
  firstPort: number,
): DoorPlan {
  const portsOf = rememberedPorts(policy, firstPort);
  const byAddress = new Map<string, Ports>();
  for (const { nicId, vpcId } of nics) {
    const named = policy.nics.get(nicId);
    if (named === undefined || !policy.vpcs.get(vpcId)?.hasInternetGateway) continue;
    const ports = portsOf(named);
    for (const { publicIp } of named.addresses) {
      if (publicIp !== undefined && ports.length > 0) byAddress.set(publicIp, ports);
    }
  }
  const places = [...byAddress].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const doors = doorsInTurns(places);
  return { doors, leftOut: leftOutOf(places, doors) };
}

function doorsInTurns(places: readonly Place[]): readonly Door[] {
  const longest = places.reduce((most, [, { length }]) => Math.max(most, length), 0);
  const turns = Array.from({ length: Math.min(addressDoorsMax, longest) }, (_, turn) => turn);
  return turns.flatMap((turn) => doorsInTurn(places, turn)).slice(0, doorsMax);
}

function doorsInTurn(places: readonly Place[], turn: number): readonly Door[] {
  return places.flatMap(([address, ports]) => {
    const next = ports[turn];
    return next === undefined ? [] : [{ address, ...next }];
  });
}

function leftOutOf(places: readonly Place[], doors: readonly Door[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { address } of doors) counts.set(address, (counts.get(address) ?? 0) + 1);
  return new Map(
    places
      .map(([address, { length }]) => [address, length - (counts.get(address) ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}

/** The rules of a group, and of groups together, are read once. */
function rememberedPorts(
  { groups }: Pick<PolicyState, 'groups'>,
  firstPort: number,
): (nic: Pick<PolicyNic, 'groupIds'>) => Ports {
  const ofGroup = remembered((groupId: SecurityGroupId) =>
    (groups.get(groupId) ?? []).filter(isForHost).flatMap(portsOfRule),
  );
  const ofGroups = remembered((groupIds: string) =>
    hostPortsOf(new Set((groupIds.split(' ') as SecurityGroupId[]).flatMap(ofGroup)), firstPort),
  );
  return ({ groupIds }) => ofGroups(groupIds.join(' '));
}

function remembered<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new Map<Key, Value>();
  return (key) => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
}

/** A port of the host is given once: to the port itself before one that is moved there. */
function hostPortsOf(ports: ReadonlySet<number>, firstPort: number): Ports {
  return [...ports]
    .toSorted((one, other) => placeOf(one) - placeOf(other))
    .map((port) => ({ port, hostPort: hostPortOf(port, firstPort) }))
    .filter(({ port, hostPort }) => port === hostPort || !ports.has(hostPort));
}

/** The usual ports in their order, then the others in theirs. */
function placeOf(port: number): number {
  const usual = usualPorts.indexOf(port);
  return usual === -1 ? usualPorts.length + port : usual;
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
