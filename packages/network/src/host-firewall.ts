import { networkNames } from './network-names.ts';
import { type RunNetworkCommand, runNetworkCommand } from './run-network-command.ts';

/** A chain of another program that drops forwarded packets by its policy. */
export interface DroppingFirewall {
  readonly chain: string;
  /** Commands for root, for people: they let the platform's link through. */
  readonly remedy: string;
}

interface ListedChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
}

/** Docker leaves this chain to the host's own rules. */
const dockersOwn = 'DOCKER-USER';

/**
 * The firewall that blocks guests' outbound traffic: in nftables a packet passes only when every table lets it
 * pass, so no rule of this platform can help. A table that names the link is taken to let it through. Undefined when
 * there is none. iptables-legacy is not looked at.
 */
export async function findDroppingFirewall(
  link: string,
  run: RunNetworkCommand,
): Promise<DroppingFirewall | undefined> {
  const listing = await run(['nft', '-j', 'list', 'chains']);
  const { nftables = [] }: { nftables?: readonly { readonly chain?: ListedChain }[] } = JSON.parse(
    listing || '{}',
  );
  const chains = nftables.flatMap(({ chain }) => (chain === undefined ? [] : [chain]));
  for (const chain of chains) {
    const isIpv4 = chain.family === 'ip' || chain.family === 'inet';
    if (!isIpv4 || chain.hook !== 'forward' || chain.policy !== 'drop') continue;
    const rules = await run(['nft', 'list', 'table', chain.family, chain.table]);
    if (!rules.includes(link)) return dropping(chain, chains, link);
  }
  return undefined;
}

/** The same for a platform, by its name and whether or not it runs. */
export function findHostFirewall(name: string): Promise<DroppingFirewall | undefined> {
  return findDroppingFirewall(networkNames(name, '/').hostLink, runNetworkCommand);
}

function dropping(
  { family, table, name }: ListedChain,
  chains: readonly ListedChain[],
  link: string,
): DroppingFirewall {
  const isIptables = family === 'ip' && table === 'filter' && name === 'FORWARD';
  const hasDocker = chains.some((other) => other.table === table && other.name === dockersOwn);
  const iptables = `iptables -I ${hasDocker ? dockersOwn : name}`;
  const nft = `nft insert rule ${family} ${table} ${name}`;
  const commands = isIptables
    ? [
        `${iptables} -i ${link} -j ACCEPT`,
        `${iptables} -o ${link} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT`,
      ]
    : [
        `${nft} iifname ${link} accept`,
        `${nft} oifname ${link} ct state established,related accept`,
      ];
  return { chain: `${family} ${table} ${name}`, remedy: commands.join('; ') };
}
