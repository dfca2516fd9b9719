import { formatCidr } from '@bakehouse/base';
import type { Addressing } from './addressing.ts';
import type { NftSet } from './ruleset.ts';
import type { TablePart } from './table-parts.ts';

const pairs: NftSet = { kind: 'map', type: 'ipv4_addr : ipv4_addr', elements: [] };

export interface HostBase {
  readonly addressing: Addressing;
  readonly outbound: boolean;
  /** The host's own addresses, where this table is not on the host itself. */
  readonly closedAddresses?: readonly string[];
  /** pasta's interface, where this table is not on the host itself. */
  readonly pastaLink?: string;
}

/** The host's own table: public addresses lead in, outbound traffic leads out, and nothing else passes. */
export function hostBasePart(
  link: string,
  { addressing, outbound, closedAddresses = [], pastaLink }: HostBase,
): TablePart {
  const publicRange = formatCidr(addressing.publicCidr);
  const inside = `{ ${addressing.namespaceAddress}, ${formatCidr(addressing.transitCidr)} }`;
  return {
    sets: { public: pairs },
    chains: {
      translate: {
        hook: 'type nat hook output priority -100; policy accept;',
        rules: ['dnat to ip daddr map @public'],
      },
      // An address that no instance has must not reach a service of the host that listens on 0.0.0.0.
      output: {
        hook: 'type filter hook output priority filter; policy accept;',
        rules: [`ip daddr ${publicRange} reject with icmp type host-unreachable`],
      },
      // Guests reach what is behind the host, and never the host itself.
      input: {
        hook: 'type filter hook input priority filter; policy accept;',
        rules: [
          // pasta sends empty segments without flags. They are not translated, and a reset would end the connection.
          ...(pastaLink ? [`iifname ${pastaLink} ct state invalid drop`] : []),
          `iifname ${link} ct state established,related accept`,
          `iifname ${link} reject with icmp type admin-prohibited`,
        ],
      },
      forward: {
        hook: 'type filter hook forward priority filter; policy accept;',
        rules: [
          `oifname ${link} ct state established,related accept`,
          `oifname ${link} drop`,
          ...(closedAddresses.length === 0
            ? []
            : [
                `iifname ${link} ip daddr { ${closedAddresses.join(', ')} } reject with icmp type admin-prohibited`,
              ]),
          ...(outbound ? [] : [`iifname ${link} drop`]),
        ],
      },
      source: {
        hook: 'type nat hook postrouting priority srcnat; policy accept;',
        rules: [`oifname ${link} masquerade`, `ip saddr ${inside} oifname != ${link} masquerade`],
      },
    },
  };
}

/** The public addresses of a NIC, each with the one that carries it. */
export function hostNicPart(
  addresses: readonly (readonly [publicIp: string, transit: string])[],
): TablePart {
  return {
    sets: {
      public: { ...pairs, elements: addresses.map(([ip, transit]) => `${ip} : ${transit}`) },
    },
  };
}
