import { addressAt, formatCidr, parseIp } from '@bakehouse/base';
import type { NetworkPolicy, Nic } from '@bakehouse/domain';
import type { UserRange } from '@bakehouse/host';
import { type Addressing, transitAddress } from './addressing.ts';
import { vpcOf } from './check-nic.ts';
import { metadataAddress, resolverAddress, tapName, uplinkName } from './network-names.ts';
import { connectionSource, connectionTarget, planPolicy } from './plan-policy.ts';
import type { NftSet, Ruleset } from './ruleset.ts';

/** Everything that the filters depend on. */
export interface NetworkState {
  readonly nics: ReadonlyMap<string, Nic>;
  readonly policy: NetworkPolicy;
  readonly addressing: Addressing;
  readonly outbound: boolean;
  /** The user ids of machines. */
  readonly machineUsers?: UserRange | undefined;
}

/** What guests never reach beyond their VPC: this host, links, the transit range, multicast. */
const unroutable = '{ 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 198.18.0.0/15, 224.0.0.0/3 }';

/** The namespace's table: source addresses, translation, security groups. */
export function planGuestTable(table: string, state: NetworkState): Ruleset {
  const { addressing, outbound } = state;
  const nics = [...state.nics.values()];
  const part = planPolicy(state.policy, state.nics, addressing.hostAddress);
  const vpcs = [...new Set(nics.map((nic) => formatCidr(vpcOf(nic))))];
  return {
    family: 'inet',
    table,
    sets: {
      ports: concatenation('ifname . ether_addr . ipv4_addr', nics.map(portElement)),
      macs: concatenation('ifname . ether_addr', nics.map(macElement)),
      resolvers: addresses([resolverAddress, ...new Set(nics.map(vpcResolver))]),
      vpcs: { ...addresses(vpcs), isInterval: true },
      public: verdicts('ipv4_addr : ipv4_addr', publicElements(nics, addressing)),
      egress: verdicts('ipv4_addr : verdict', part.egress),
      ingress: verdicts('ipv4_addr : verdict', part.ingress),
      ...part.sets,
    },
    chains: {
      arriving: { rules: arrivingRules(outbound) },
      ...part.chains,
      dhcp: { rules: nics.map(dhcpRule) },
      antispoof: {
        hook: 'type filter hook prerouting priority -450; policy drop;',
        rules: antispoofRules,
      },
      whole: {
        hook: 'type filter hook prerouting priority raw; policy drop;',
        rules: wholeRules,
      },
      input: { hook: 'type filter hook input priority filter; policy drop;', rules: inputRules },
      forward: {
        hook: 'type filter hook forward priority filter; policy drop;',
        rules: forwardRules(vpcs, addressing.hostAddress),
      },
      // What a machine's process sends itself, and not through its port: nothing of that is a guest's.
      output: {
        hook: 'type filter hook output priority filter; policy accept;',
        rules: machineRules(state.machineUsers),
      },
      prerouting: {
        hook: 'type nat hook prerouting priority dstnat; policy accept;',
        rules: [`iifname ${uplinkName} dnat ip to ip daddr map @public`],
      },
      postrouting: {
        hook: 'type nat hook postrouting priority srcnat; policy accept;',
        rules: [`oifname ${uplinkName} masquerade`],
      },
    },
  };
}

function machineRules(users: UserRange | undefined): readonly string[] {
  return users === undefined ? [] : [`meta skuid ${users.first}-${users.last} drop`];
}

/** ARP from guests: each may claim only its own pair of addresses, or no address in a request. */
export function planArpTable(table: string, state: NetworkState): Ruleset {
  const nics = [...state.nics.values()];
  return {
    family: 'arp',
    table,
    sets: {
      ports: concatenation('ifname . ether_addr . ipv4_addr', nics.map(portElement)),
      macs: concatenation('ifname . ether_addr', nics.map(macElement)),
    },
    chains: {
      input: {
        hook: 'type filter hook input priority 0; policy drop;',
        rules: [
          `iifname ${uplinkName} accept`,
          'iifname . arp saddr ether . arp saddr ip @ports accept',
          'arp saddr ip 0.0.0.0 iifname . arp saddr ether @macs accept',
        ],
      },
    },
  };
}

/** The VPC's resolver: its third address. */
export function vpcResolver(nic: Nic): string {
  return addressAt(vpcOf(nic), 2);
}

/**
 * Each packet as it comes in, also a fragment: its source MAC and address must be the NIC's own, or a DHCP client's.
 * Conntrack reassembles fragments at priority -400, whichever ports they came from, so these rules run before that.
 */
const antispoofRules: readonly string[] = [
  `iifname { "lo", "${uplinkName}" } accept`,
  'iifname . ether saddr . ip saddr @ports accept',
  // Only unfragmented: a fragment without an address could be anybody's.
  'iifname . ether saddr @macs ip saddr 0.0.0.0 ip daddr 255.255.255.255 ip frag-off & 0x3fff == 0 udp sport 68 udp dport 67 accept',
];

/** What only a reassembled packet shows. */
const wholeRules: readonly string[] = [
  `iifname { "lo", "${uplinkName}" } accept`,
  'udp sport 67 udp dport 68 drop',
  'udp dport 67 goto dhcp',
  'accept',
];

/** A client may ask only for itself: `chaddr` (RFC 2131 section 2) must be its own. */
function dhcpRule(nic: Nic): string {
  const mac = nic.macAddress.replaceAll(':', '');
  return `iifname ${tapName(nic.nicId)} @th,288,48 0x${mac} accept`;
}

/** What guests may request from the namespace itself, whatever their groups say. */
const inputRules: readonly string[] = [
  'iifname lo accept',
  `iifname ${uplinkName} ct state established,related accept`,
  `iifname ${uplinkName} drop`,
  'udp dport 67 accept',
  'ip daddr @resolvers udp dport 53 accept',
  'ip daddr @resolvers tcp dport 53 accept',
  `ip daddr ${metadataAddress} tcp dport 80 accept`,
  'ct state related meta l4proto icmp accept',
];

function forwardRules(vpcs: readonly string[], hostAddress: string): string[] {
  return [
    'ct state invalid drop',
    ...vpcs.map(
      (vpc) =>
        `${connectionSource} ${vpc} ${connectionTarget} @vpcs ${connectionTarget} != ${vpc} drop`,
    ),
    // An error about a connection that was let through.
    'ct state related meta l4proto icmp accept',
    `${connectionSource} vmap @egress`,
    `${connectionSource} ${hostAddress} goto arriving`,
  ];
}

/** The source's groups let this out; now the target decides. */
function arrivingRules(outbound: boolean): string[] {
  return [
    `${connectionTarget} vmap @ingress`,
    `${connectionTarget} @vpcs drop`,
    `${connectionTarget} ${unroutable} drop`,
    outbound ? 'accept' : 'drop',
  ];
}

function portElement(nic: Nic): string {
  return `${macElement(nic)} . ${nic.privateIp}`;
}

function macElement(nic: Nic): string {
  return `"${tapName(nic.nicId)}" . ${nic.macAddress}`;
}

function publicElements(nics: readonly Nic[], addressing: Addressing): string[] {
  return nics.flatMap((nic) => {
    const address = parseIp(nic.publicIp ?? '');
    if (address === undefined) return [];
    return [`${transitAddress(addressing, address)} : ${nic.privateIp}`];
  });
}

function concatenation(type: string, elements: readonly string[]): NftSet {
  return { kind: 'set', type, elements };
}

function addresses(elements: readonly string[]): NftSet {
  return { kind: 'set', type: 'ipv4_addr', elements };
}

function verdicts(type: string, elements: readonly string[]): NftSet {
  return { kind: 'map', type, elements };
}
