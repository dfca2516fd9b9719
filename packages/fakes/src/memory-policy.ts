import type { NetworkPolicy, Nic, PacketRule, PolicyNic, VpcTopology } from '@bakehouse/domain';
import { passesAcl } from './memory-acl.ts';
import { isInRange, wayOut } from './memory-routes.ts';

/** A new connection, between addresses of NICs or of the outside. */
export interface Flow {
  readonly fromIp: string;
  /** A NIC's private or public address, or one outside. */
  readonly toIp: string;
  /** `tcp`, `udp` or `icmp`. */
  readonly protocol: string;
  readonly port?: number;
  /** Where the private addresses are. Absent: in whichever VPC has them. */
  readonly vpcId?: string;
}

/** A NIC's address with all that decides about it. */
interface Endpoint {
  readonly nic: Nic;
  readonly privateIp: string;
  readonly publicIp?: string;
  readonly rules: readonly PacketRule[];
  readonly groupIds: readonly string[];
  readonly sourceDestCheck: boolean;
  readonly vpc: VpcTopology;
}

/** Where replies go to: the sender's port, of the range that systems choose from. */
const replyPort = 49_152;

/**
 * What the policy means: routes lead there and back, access lists let both ways pass, the sender's groups let it out
 * and the receiver's let it in. A side that is no NIC is outside and has no groups.
 */
export function permits(policy: NetworkPolicy, nics: readonly Nic[], flow: Flow): boolean {
  const all = endpointsOf(policy, nics);
  const isHere = ({ nic }: Endpoint) => flow.vpcId === undefined || nic.vpcId === flow.vpcId;
  const from = all.find((each) => each.privateIp === flow.fromIp && isHere(each));
  const target = all.find((each) => each.privateIp === flow.toIp && isHere(each));
  const to = target ?? all.find((each) => each.publicIp === flow.toIp);
  if (from === undefined) return to !== undefined && comesIn(to, flow);
  if (to === undefined) return goesOut(from, flow, all);
  if (from.nic.vpcId === to.nic.vpcId && target !== undefined) return staysInside(from, to, flow);
  // By the public address, through the gateways of both.
  const arriving = { ...flow, fromIp: from.publicIp ?? '' };
  return goesOut(from, flow, all) && comesIn(to, arriving);
}

function endpointsOf(policy: NetworkPolicy, nics: readonly Nic[]): Endpoint[] {
  const rulesOf = new Map(policy.groups.map(({ groupId, rules }) => [groupId, rules]));
  const vpcs = new Map(policy.vpcs.map((vpc) => [vpc.vpcId, vpc]));
  const plugged = new Map(nics.map((nic) => [nic.nicId, nic]));
  const of = ({ nicId, groupIds, addresses, sourceDestCheck }: PolicyNic): Endpoint[] => {
    const nic = plugged.get(nicId);
    const vpc = nic && vpcs.get(nic.vpcId);
    if (nic === undefined || vpc === undefined) return [];
    const rules = groupIds.flatMap((groupId) => rulesOf.get(groupId) ?? []);
    const common = { nic, vpc, rules, groupIds, sourceDestCheck };
    return addresses.map((address) => ({ ...address, ...common }));
  };
  return policy.nics.flatMap(of);
}

function comesIn(to: Endpoint, flow: Flow): boolean {
  const back = wayOut(to.vpc, to.nic.subnetId, flow.fromIp);
  if (to.publicIp === undefined || !to.vpc.hasInternetGateway || back.kind !== 'internet') {
    return false;
  }
  return letsIn(to, flow, undefined) && passesLists(to, flow.fromIp, flow, 'ingress');
}

function goesOut(from: Endpoint, flow: Flow, all: readonly Endpoint[]): boolean {
  if (!letsOut(from, flow, undefined) || !passesLists(from, flow.toIp, flow, 'egress'))
    return false;
  const way = wayOut(from.vpc, from.nic.subnetId, flow.toIp);
  if (way.kind === 'internet') return from.publicIp !== undefined;
  if (way.kind === 'nat') return true;
  const others = all.filter(({ nic }) => nic !== from.nic);
  const next = others.find(({ nic }) => way.kind === 'interface' && nic.nicId === way.nicId);
  if (next === undefined || next.sourceDestCheck) return false;
  // A guest that sends on for others does so from its own address.
  return letsIn(next, flow, from) && goesOut(next, flow, others);
}

function staysInside(from: Endpoint, to: Endpoint, flow: Flow): boolean {
  if (!letsOut(from, flow, to) || !letsIn(to, flow, from)) return false;
  if (from.nic.subnetId === to.nic.subnetId) return true;
  return (
    passesLists(from, flow.toIp, flow, 'egress') && passesLists(to, flow.fromIp, flow, 'ingress')
  );
}

const opposite = { ingress: 'egress', egress: 'ingress' } as const;

/** The access list of one side, for the connection's first packet and for the reply. */
function passesLists(
  { vpc, nic }: Endpoint,
  peerIp: string,
  { protocol, port }: Flow,
  direction: 'ingress' | 'egress',
): boolean {
  const acl = vpc.subnets.find(({ subnetId }) => subnetId === nic.subnetId)?.acl ?? [];
  const packet = { peerIp, protocol };
  return (
    passesAcl(acl, { ...packet, direction, ...(port === undefined ? {} : { port }) }) &&
    passesAcl(acl, { ...packet, direction: opposite[direction], port: replyPort })
  );
}

function letsOut({ rules }: Endpoint, flow: Flow, to: Endpoint | undefined): boolean {
  return isAllowed(rules, 'egress', flow, { ip: flow.toIp, groupIds: to?.groupIds ?? [] });
}

function letsIn({ rules }: Endpoint, flow: Flow, from: Endpoint | undefined): boolean {
  return isAllowed(rules, 'ingress', flow, { ip: flow.fromIp, groupIds: from?.groupIds ?? [] });
}

function isAllowed(
  rules: readonly PacketRule[],
  direction: PacketRule['direction'],
  flow: Flow,
  other: { readonly ip: string; readonly groupIds: readonly string[] },
): boolean {
  const coversPeer = ({ peer }: PacketRule) =>
    peer.kind === 'cidr' ? isInRange(peer.cidr, other.ip) : other.groupIds.includes(peer.groupId);
  return rules.some(
    (rule) => rule.direction === direction && coversTraffic(rule, flow) && coversPeer(rule),
  );
}

function coversTraffic(rule: PacketRule, flow: Flow): boolean {
  if (rule.protocol === '-1') return true;
  if (rule.protocol !== flow.protocol) return false;
  const { fromPort = -1, toPort = -1 } = rule;
  if (fromPort === -1 || flow.port === undefined) return true;
  return fromPort <= flow.port && flow.port <= toPort;
}
