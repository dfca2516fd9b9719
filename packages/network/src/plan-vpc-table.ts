import { formatCidr, parseIp } from '@bakehouse/base';
import type { PolicyNic, VpcNatGateway, VpcSubnet, VpcTopology } from '@bakehouse/domain';
import { type Addressing, transitAddress } from './addressing.ts';
import {
  guestAddress,
  metadataAddress,
  resolverAddress,
  tapName,
  timeAddress,
  uplinkName,
} from './network-names.ts';
import type { PluggedNic } from './network-records.ts';
import { aclChain } from './plan-acl.ts';
import { membershipPart, verdictsByPort } from './plan-policy.ts';
import { checkedDestination, natRealms, subnetMark, vpcResolver } from './plan-routes.ts';
import { type VpcCommon, vpcChains } from './plan-vpc-chains.ts';
import type { NftSet } from './ruleset.ts';
import type { TablePart } from './table-parts.ts';

/** Every set and chain of a VPC's table that does not depend on a NIC, a group or a subnet. */
export function basePart(
  common: VpcCommon,
  { vpc, linkAddress }: { readonly vpc: VpcTopology | undefined; readonly linkAddress: string },
): TablePart {
  const resolver = vpc && vpcResolver(vpc);
  const resolvers = vpc?.dnsSupport && resolver ? [resolverAddress, resolver] : [];
  return {
    sets: {
      ports: concatenation('ifname . ether_addr . ipv4_addr'),
      macs: concatenation('ifname . ether_addr'),
      forwarders: concatenation('ifname . ether_addr'),
      subnets: map('ifname : mark'),
      within: concatenation('mark . ifname'),
      dhcp: map('ifname : verdict'),
      resolvers: { ...concatenation('ipv4_addr'), elements: resolvers },
      rates: {
        ...concatenation('ifname'),
        spec: 'size 65535; flags dynamic,timeout; timeout 10s;',
      },
      acl_out: map('mark : verdict'),
      acl_in: map('ifname : verdict'),
      acl_nat: map('realm : verdict'),
      acl_nat_back: map('ipv4_addr : verdict'),
      public: map('ipv4_addr : ipv4_addr'),
      own: map('ipv4_addr : ipv4_addr'),
      owners: concatenation('ipv4_addr'),
      pairs: concatenation('ipv4_addr . ipv4_addr'),
      nat: map('realm : ipv4_addr'),
      nat_pairs: concatenation('realm . ipv4_addr'),
      nat_realms: concatenation('realm'),
      nat_addresses: concatenation('ipv4_addr'),
      identities: map('ipv4_addr : ipv4_addr'),
      ownaddresses: concatenation('ipv4_addr'),
      egress: { ...verdictsByPort, elements: [`"${uplinkName}" : goto outside`] },
      ingress: { ...verdictsByPort, elements: [`"${uplinkName}" : goto leaving`] },
    },
    chains: vpcChains(common, linkAddress),
  };
}

/** A NIC's port: who may speak there, and as whom. It passes nothing without `policy`. */
export function nicPart(
  nic: PluggedNic,
  { addressing }: VpcCommon,
  {
    vpc,
    policy,
  }: { readonly vpc: VpcTopology | undefined; readonly policy: PolicyNic | undefined },
): TablePart {
  const device = tapName(nic.nicId);
  const mac = `"${device}" . ${nic.macAddress}`;
  const addresses = addressesOf(nic, policy);
  const identity = guestAddress(nic.guestNumber);
  const isKnown = vpc?.subnets.some(({ subnetId }) => subnetId === nic.subnetId) === true;
  const mark = subnetMark(nic.subnetId);
  const chaddr = nic.macAddress.replaceAll(':', '');
  const member = membershipPart(device, addresses, policy?.groupIds ?? []);
  return {
    sets: {
      ports: concatenation(
        'ifname . ether_addr . ipv4_addr',
        addresses.map((ip) => `${mac} . ${ip}`),
      ),
      macs: concatenation('ifname . ether_addr', [mac]),
      forwarders: concatenation(
        'ifname . ether_addr',
        policy?.sourceDestCheck === false ? [mac] : [],
      ),
      subnets: map('ifname : mark', isKnown ? [`"${device}" : ${mark}`] : []),
      within: concatenation('mark . ifname', [`${mark} . "${device}"`]),
      dhcp: map('ifname : verdict', [`"${device}" : goto dhcp-${device}`]),
      acl_in: map(
        'ifname : verdict',
        isKnown ? [`"${device}" : jump ${aclName('in', nic.subnetId)}`] : [],
      ),
      identities: map(
        'ipv4_addr : ipv4_addr',
        addresses.map((ip) => `${ip} : ${identity}`),
      ),
      ownaddresses: concatenation('ipv4_addr', addresses),
      ...(vpc?.hasInternetGateway ? publicSets(policy, addressing) : {}),
      ...member.sets,
    },
    chains: {
      ...member.chains,
      // A client may ask only for itself: `chaddr` (RFC 2131 section 2) must be its own.
      [`dhcp-${device}`]: { rules: [`@th,288,48 0x${chaddr} accept`] },
    },
  };
}

/** The NIC's private addresses: the primary one, whatever the policy has, then the secondary ones. */
export function addressesOf(nic: PluggedNic, policy: PolicyNic | undefined): readonly string[] {
  const named = policy?.addresses.map(({ privateIp }) => privateIp) ?? [];
  return [...new Set([nic.privateIp, ...named])];
}

/** The pairs of transit and private addresses of a NIC. */
export function transitPairs(
  policy: PolicyNic | undefined,
  addressing: Addressing,
): readonly (readonly [transit: string, privateIp: string])[] {
  return (policy?.addresses ?? []).flatMap(({ privateIp, publicIp }) => {
    const address = parseIp(publicIp ?? '');
    return address === undefined ? [] : [[transitAddress(addressing, address), privateIp] as const];
  });
}

/** The addresses by which the NAT gateways of a VPC with an internet gateway are reached from outside. */
export function natTransits(
  { hasInternetGateway, natGateways }: VpcTopology,
  addressing: Addressing,
): readonly string[] {
  if (!hasInternetGateway) return [];
  return natGateways.flatMap(({ publicIp }) => {
    const address = parseIp(publicIp ?? '');
    return address === undefined ? [] : [transitAddress(addressing, address)];
  });
}

function publicSets(policy: PolicyNic | undefined, addressing: Addressing): Record<string, NftSet> {
  const pairs = transitPairs(policy, addressing);
  return {
    public: map(
      'ipv4_addr : ipv4_addr',
      pairs.map(([transit, ip]) => `${transit} : ${ip}`),
    ),
    own: map(
      'ipv4_addr : ipv4_addr',
      pairs.map(([transit, ip]) => `${ip} : ${transit}`),
    ),
    owners: concatenation(
      'ipv4_addr',
      pairs.map(([, ip]) => ip),
    ),
    pairs: concatenation(
      'ipv4_addr . ipv4_addr',
      pairs.map(([transit, ip]) => `${transit} . ${ip}`),
    ),
  };
}

/** A subnet's access list. */
export function subnetPart({ subnetId, acl }: VpcSubnet): TablePart {
  const out = aclName('out', subnetId);
  return {
    sets: { acl_out: map('mark : verdict', [`${subnetMark(subnetId)} : jump ${out}`]) },
    chains: {
      [out]: aclChain(acl, 'egress'),
      [aclName('in', subnetId)]: aclChain(acl, 'ingress'),
    },
  };
}

/** A NAT gateway: its address, and the lists of its subnet, whose border packets cross twice. */
export function natGatewayPart(
  { natGatewayId, subnetId, publicIp }: VpcNatGateway,
  vpc: VpcTopology,
  addressing: Addressing,
): TablePart {
  const address = parseIp(publicIp ?? '');
  const realm = natRealms(vpc.natGateways).get(natGatewayId);
  if (address === undefined || realm === undefined || !vpc.hasInternetGateway) return {};
  const transit = transitAddress(addressing, address);
  const chain = `acl-nat-${natGatewayId}`;
  return {
    sets: {
      nat: map('realm : ipv4_addr', [`${realm} : ${transit}`]),
      nat_pairs: concatenation('realm . ipv4_addr', [`${realm} . ${transit}`]),
      nat_realms: concatenation('realm', [`${realm}`]),
      nat_addresses: concatenation('ipv4_addr', [transit]),
      acl_nat: map('realm : verdict', [`${realm} : jump ${chain}`]),
      acl_nat_back: map('ipv4_addr : verdict', [`${transit} : jump ${chain}`]),
    },
    chains: {
      [chain]: { rules: [`jump ${aclName('in', subnetId)}`, `jump ${aclName('out', subnetId)}`] },
    },
  };
}

/**
 * ARP from guests: each may claim only its own addresses, and ask only for what is in its VPC or a service. Of a VPC that
 * is not known yet, a guest may ask for anything, so that it does not remember that there is no answer.
 */
export function arpBasePart(vpc: VpcTopology | undefined): TablePart {
  const ranges = (vpc?.cidrs ?? []).map((cidr) => formatCidr(checkedDestination(cidr)));
  return {
    sets: {
      ports: concatenation('ifname . ether_addr . ipv4_addr'),
      macs: concatenation('ifname . ether_addr'),
      targets: {
        ...concatenation(
          'ipv4_addr',
          vpc ? [metadataAddress, timeAddress, resolverAddress, ...ranges] : ['0.0.0.0/0'],
        ),
        spec: 'flags interval;',
      },
    },
    chains: {
      input: {
        hook: 'type filter hook input priority 0; policy drop;',
        rules: [
          `iifname ${uplinkName} accept`,
          'arp daddr ip != @targets drop',
          'iifname . arp saddr ether . arp saddr ip @ports accept',
          'arp saddr ip 0.0.0.0 iifname . arp saddr ether @macs accept',
        ],
      },
    },
  };
}

export function arpNicPart(nic: PluggedNic, policy: PolicyNic | undefined): TablePart {
  const mac = `"${tapName(nic.nicId)}" . ${nic.macAddress}`;
  const ports = addressesOf(nic, policy).map((address) => `${mac} . ${address}`);
  return {
    sets: {
      ports: concatenation('ifname . ether_addr . ipv4_addr', ports),
      macs: concatenation('ifname . ether_addr', [mac]),
    },
  };
}

function aclName(direction: 'in' | 'out', subnetId: string): string {
  return `acl-${direction}-${subnetId}`;
}

function concatenation(type: string, elements: readonly string[] = []): NftSet {
  return { kind: 'set', type, elements };
}

function map(type: string, elements: readonly string[] = []): NftSet {
  return { kind: 'map', type, elements };
}
