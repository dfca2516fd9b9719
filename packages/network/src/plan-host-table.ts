import { formatCidr, parseIp } from '@bakehouse/base';
import { transitAddress } from './addressing.ts';
import type { NetworkState } from './plan-guest-tables.ts';
import type { Ruleset } from './ruleset.ts';

/** The host's own table: public addresses lead in, outbound traffic leads out, and nothing else passes. */
export function planHostTable(table: string, link: string, state: NetworkState): Ruleset {
  const { addressing, outbound } = state;
  const elements = [...state.nics.values()].flatMap(({ publicIp }) => {
    const address = parseIp(publicIp ?? '');
    return address === undefined ? [] : [`${publicIp} : ${transitAddress(addressing, address)}`];
  });
  const publicRange = formatCidr(addressing.publicCidr);
  return {
    family: 'ip',
    table,
    sets: { public: { kind: 'map', type: 'ipv4_addr : ipv4_addr', elements } },
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
          `iifname ${link} ct state established,related accept`,
          `iifname ${link} reject with icmp type admin-prohibited`,
        ],
      },
      forward: {
        hook: 'type filter hook forward priority filter; policy accept;',
        rules: [
          `oifname ${link} ct state established,related accept`,
          `oifname ${link} drop`,
          ...(outbound ? [] : [`iifname ${link} drop`]),
        ],
      },
      source: {
        hook: 'type nat hook postrouting priority srcnat; policy accept;',
        rules: [
          `oifname ${link} masquerade`,
          `ip saddr ${addressing.namespaceAddress} oifname != ${link} masquerade`,
        ],
      },
    },
  };
}
