import { formatCidr } from '@bakehouse/base';
import type { UserRange } from '@bakehouse/host';
import type { Addressing } from './addressing.ts';
import { metadataAddress, timeAddress, uplinkName } from './network-names.ts';
import { connectionSource, connectionTarget } from './plan-policy.ts';
import type { TablePart } from './table-parts.ts';

/** What all VPCs of a platform have in common. */
export interface VpcCommon {
  readonly addressing: Addressing;
  readonly outbound: boolean;
  /** All user ids that a machine may have, as this network's namespaces count them. */
  readonly machineIds: UserRange;
}

/** What EC2 lets an interface send to its link-local services. */
const servicePacketsPerSecond = 1024;
const withinRate = `update @rates { iifname limit rate over ${servicePacketsPerSecond}/second burst ${servicePacketsPerSecond} packets } drop`;

/** What guests never reach beyond their VPC: this host, links, multicast. Transit addresses are public ones. */
const unroutable = '0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 198.18.0.0/15, 224.0.0.0/4';
const notHere = `{ ${unroutable} }`;

/** What the router serves to all VPCs, at the same addresses in each. */
const routerServices = `{ ${metadataAddress}, ${timeAddress} }`;

/**
 * What processes of machines send themselves, past their ports. All ids that a machine may have are named, as those
 * that run keep theirs when `--guest-users` changes.
 */
export const dropOfMachines = ({ machineIds: { first, last } }: VpcCommon) => ({
  hook: 'type filter hook output priority filter; policy accept;',
  rules: [`meta skuid ${first}-${last} drop`],
});

/** The chains of a VPC's table that do not depend on a NIC, a group or a subnet. */
export function vpcChains(
  common: VpcCommon,
  linkAddress: string,
): NonNullable<TablePart['chains']> {
  return { ...groupingChains(common), ...earlyHooks(), ...laterHooks(common, linkAddress) };
}

/** The chains that the elements of other parts lead to, in the order in which a packet passes them. */
function groupingChains({ addressing, outbound }: VpcCommon): NonNullable<TablePart['chains']> {
  const transit = formatCidr(addressing.transitCidr);
  return {
    // The source's groups let this out; now the target decides.
    arriving: {
      rules: [
        'ct direction original oifname vmap @ingress',
        'ct direction reply iifname vmap @ingress',
      ],
    },
    // From outside, to a public address that still belongs to this target.
    outside: { rules: ['ct original ip daddr . ct reply ip saddr @pairs goto arriving'] },
    leaving: {
      rules: [
        `${connectionTarget} { ${unroutable} } drop`,
        outbound
          ? `${connectionTarget} 240.0.0.0/4 ${connectionTarget} != ${transit} drop`
          : `${connectionTarget} != ${transit} drop`,
        'ct status snat goto translated',
        `ct state new ${connectionSource} @owners rt classid 0 accept`,
        'ct state new rt classid @nat_realms accept',
      ],
    },
    // A translation that is still right: the way out and the address that a connection began with belong together.
    translated: {
      rules: [
        `ct direction original rt classid 0 ct reply ip daddr . ${connectionSource} @pairs accept`,
        'ct direction original rt classid . ct reply ip daddr @nat_pairs accept',
        `ct direction reply ct reply ip daddr . ${connectionSource} @pairs accept`,
        'ct direction reply ct reply ip daddr @nat_addresses accept',
      ],
    },
    groups: {
      rules: [
        // An error about a connection that was let through. Access lists have let it pass, too.
        'ct state related meta l4proto icmp accept',
        'ct direction original iifname vmap @egress',
        'ct direction reply oifname vmap @egress',
      ],
    },
    served: {
      rules: [
        `oifname ${uplinkName} ip saddr @ownaddresses ip daddr ${metadataAddress} tcp dport 80 accept`,
        `oifname ${uplinkName} ip saddr @ownaddresses ip daddr ${timeAddress} udp dport 123 accept`,
        'drop',
      ],
    },
    asking: { rules: [withinRate, 'iifname vmap @dhcp'] },
    service: { rules: [withinRate, 'accept'] },
  };
}

/** Who may speak as whom, and which way a packet takes. */
function earlyHooks(): NonNullable<TablePart['chains']> {
  const local = `iifname { "lo", "${uplinkName}" }`;
  return {
    /**
     * Each packet as it comes in, also a fragment: its source MAC and address must be the NIC's own, or a DHCP
     * client's. Conntrack reassembles fragments at -400, whichever ports they came from, so these rules run before.
     */
    antispoof: {
      hook: 'type filter hook prerouting priority -450; policy drop;',
      rules: [
        `${local} accept`,
        'iifname . ether saddr . ip saddr @ports accept',
        // Only unfragmented: a fragment without an address could be anybody's.
        'iifname . ether saddr @macs ip saddr 0.0.0.0 ip daddr 255.255.255.255 ip frag-off & 0x3fff == 0 udp sport 68 udp dport 67 accept',
        // The check is off: any source, but for the services here, which know guests by their addresses.
        `iifname . ether saddr @forwarders ip saddr != ${notHere} ip daddr != ${notHere} fib daddr type != local accept`,
      ],
    },
    /** What only a reassembled packet shows. */
    whole: {
      hook: 'type filter hook prerouting priority raw; policy drop;',
      rules: [
        `${local} accept`,
        'udp sport 67 udp dport 68 drop',
        'udp dport 67 goto asking',
        `ip daddr ${routerServices} goto service`,
        'ip daddr @resolvers goto service',
        'accept',
      ],
    },
    /** Which table of routes a packet takes. The router's services are the same in all of them. */
    marking: {
      hook: 'type filter hook prerouting priority mangle; policy drop;',
      rules: [
        `${local} accept`,
        `ip daddr ${routerServices} accept`,
        'meta mark set iifname map @subnets accept',
      ],
    },
  };
}

function laterHooks(common: VpcCommon, linkAddress: string): NonNullable<TablePart['chains']> {
  return {
    input: {
      hook: 'type filter hook input priority filter; policy drop;',
      rules: [
        'iifname lo accept',
        `iifname ${uplinkName} ip daddr ${linkAddress} ct state established,related accept`,
        `iifname ${uplinkName} drop`,
        'udp dport 67 accept',
        'ip daddr @resolvers udp dport 53 accept',
        'ip daddr @resolvers tcp dport 53 accept',
        'ct state related meta l4proto icmp accept',
      ],
    },
    output: dropOfMachines(common),
    forward: {
      hook: 'type filter hook forward priority filter; policy drop;',
      rules: [
        'ct state invalid drop',
        `iifname ${uplinkName} oifname ${uplinkName} drop`,
        `ip daddr ${routerServices} goto served`,
        `iifname ${uplinkName} ip saddr ${routerServices} ct direction reply accept`,
        'meta mark . oifname @within goto groups',
        'meta mark vmap @acl_out',
        `oifname ${uplinkName} rt classid vmap @acl_nat`,
        `iifname ${uplinkName} ct reply ip daddr vmap @acl_nat_back`,
        'oifname vmap @acl_in',
        'goto groups',
      ],
    },
    prerouting: {
      hook: 'type nat hook prerouting priority dstnat; policy accept;',
      rules: [`iifname ${uplinkName} dnat ip to ip daddr map @public`],
    },
    postrouting: {
      hook: 'type nat hook postrouting priority srcnat; policy accept;',
      rules: [
        `oifname ${uplinkName} ip daddr ${routerServices} snat ip to ip saddr map @identities`,
        `oifname ${uplinkName} rt classid != 0 snat ip to rt classid map @nat`,
        `oifname ${uplinkName} snat ip to ip saddr map @own`,
      ],
    },
  };
}
