import { formatCidr } from '@bakehouse/base';
import { linkLocalRange, metadataAddress, timeAddress, uplinkName } from './network-names.ts';
import { dropOfMachines, type VpcCommon } from './plan-vpc-chains.ts';
import type { TablePart } from './table-parts.ts';

/** Every link to a VPC. Its routes are the way back, so the kernel drops what comes from another VPC's addresses. */
const vpcs = '"vpc*"';

/**
 * The router's table: between the host and VPCs, and between VPCs, only public addresses, which transit addresses
 * carry. It keeps no state of them, so no guest can fill it.
 */
export function routerPart(common: VpcCommon): TablePart {
  const { addressing, outbound } = common;
  const transit = formatCidr(addressing.transitCidr);
  return {
    chains: {
      stateless: {
        hook: 'type filter hook prerouting priority raw; policy accept;',
        rules: [`ip saddr ${transit} notrack`, `ip daddr ${transit} notrack`],
      },
      input: {
        hook: 'type filter hook input priority filter; policy drop;',
        rules: [
          'iifname lo accept',
          `iifname ${uplinkName} ct state established,related accept`,
          `iifname ${vpcs} ip saddr ${linkLocalRange} ip daddr ${metadataAddress} tcp dport 80 accept`,
          `iifname ${vpcs} ip saddr ${linkLocalRange} ip daddr ${timeAddress} udp dport 123 accept`,
        ],
      },
      forward: {
        hook: 'type filter hook forward priority filter; policy drop;',
        rules: [
          `iifname ${uplinkName} oifname ${vpcs} ip daddr ${transit} accept`,
          `iifname ${vpcs} oifname ${vpcs} ip saddr ${transit} ip daddr ${transit} accept`,
          `iifname ${vpcs} oifname ${uplinkName} ip saddr ${transit} ip daddr ${addressing.hostAddress} accept`,
          ...(outbound ? outboundRules(transit) : []),
        ],
      },
      output: dropOfMachines(common),
      postrouting: {
        hook: 'type nat hook postrouting priority srcnat; policy accept;',
        rules: [`oifname ${uplinkName} ip saddr ${linkLocalRange} masquerade`],
      },
    },
  };
}

/** Guests by their public addresses; the resolvers of VPCs by the router's. */
function outboundRules(transit: string): string[] {
  return [
    `iifname ${vpcs} oifname ${uplinkName} ip saddr ${transit} accept`,
    `iifname ${vpcs} oifname ${uplinkName} ip saddr ${linkLocalRange} meta l4proto { tcp, udp } th dport 53 accept`,
    `iifname ${uplinkName} oifname ${vpcs} ip daddr ${linkLocalRange} ct state established,related accept`,
  ];
}
