import type { NetworkAclEntry } from '@bakehouse/domain';
import { isInRange } from './memory-routes.ts';

/** One packet that crosses a subnet's border. */
interface CrossingPacket {
  readonly direction: NetworkAclEntry['direction'];
  /** Its source when it comes in, its destination when it leaves. */
  readonly peerIp: string;
  readonly protocol: string;
  /** Its destination port. */
  readonly port?: number;
}

const numbers: Readonly<Record<string, string>> = { icmp: '1', tcp: '6', udp: '17' };

/** The first entry by number that matches decides; without one the packet does not pass. */
export function passesAcl(acl: readonly NetworkAclEntry[], packet: CrossingPacket): boolean {
  const entries = acl
    .filter(({ direction }) => direction === packet.direction)
    .toSorted((one, other) => one.ruleNumber - other.ruleNumber);
  return entries.find((entry) => matches(entry, packet))?.allow ?? false;
}

function matches(entry: NetworkAclEntry, { peerIp, protocol, port }: CrossingPacket): boolean {
  if (!isInRange(entry.cidr, peerIp)) return false;
  const own = numbers[entry.protocol] ?? entry.protocol;
  if (own === '-1') return true;
  if (own !== (numbers[protocol] ?? protocol)) return false;
  const { fromPort = -1, toPort = fromPort } = entry;
  if (fromPort === -1 || port === undefined || own === '1') return true;
  return fromPort <= port && port <= toPort;
}
