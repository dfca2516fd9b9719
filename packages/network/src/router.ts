import { type SerialQueue, serialQueue } from '@bakehouse/base';
import type { VpcId } from '@bakehouse/domain';
import { insideLinks, isLinked, makeRouter, namespaceInode, text } from './namespace.ts';
import { processInNamespace } from './namespace-processes.ts';
import {
  enterNamespace,
  type NetworkNames,
  uplinkName,
  vpcLinkAddress,
  vpcLinkName,
} from './network-names.ts';
import { type NftTables, nftTables } from './nft-tables.ts';
import { linkAlias, routerPlaces } from './plan-links.ts';
import { routerPart } from './plan-router-table.ts';
import type { VpcCommon } from './plan-vpc-chains.ts';
import { type ListedAddress, type ListedRoute, routeText } from './plan-vpc-links.ts';
import type { RunNetworkCommand } from './run-network-command.ts';
import { TableParts } from './table-parts.ts';

/** What a VPC is reached for, and by which link. */
export interface Reached {
  readonly number: number;
  readonly addresses: ReadonlySet<string>;
}

interface LinkedVpc {
  readonly namespace: string;
  readonly isNew: boolean;
}

/** What the kernel has. */
interface FoundRouter {
  readonly links: readonly ListedAddress[];
  readonly addresses: ReadonlySet<string>;
  readonly routes: ReadonlySet<string>;
  /** By address: the routes that lead to VPCs. */
  readonly toVpcs: ReadonlyMap<string, string>;
}

interface RouterOptions {
  readonly names: NetworkNames;
  readonly directory: string;
  readonly common: VpcCommon;
  readonly run: RunNetworkCommand;
}

/** The namespace between the host and the VPCs. It knows only links and transit addresses, which are unique. */
export class Router {
  readonly #options: RouterOptions;
  readonly #parts: TableParts;
  readonly #nft: NftTables<'inet'>;
  readonly #reached = new Map<VpcId, Reached>();
  /** VPCs change at the same time, and an address moves from one to another. */
  readonly #serially: SerialQueue = serialQueue();
  #inode: number | undefined;
  /** The names of the links that the namespace has. */
  #links = new Set<string>();
  #routes = new Map<string, string>();

  constructor(options: RouterOptions) {
    const { names, common, run } = options;
    this.#options = options;
    this.#parts = new TableParts('inet', names.table);
    this.#parts.change(new Map([['base', routerPart(common)]]));
    const enter = enterNamespace(names.namespace);
    this.#nft = nftTables({ inet: this.#parts }, { run, enter });
  }

  /** Makes or completes it. Links and routes of VPCs follow by `link` and `reach`. */
  async make(): Promise<void> {
    const { names, directory, common, run } = this.#options;
    const { addressing, outbound } = common;
    const pid = await processInNamespace(this.#inode);
    const alias = linkAlias(addressing, directory);
    await makeRouter({ names, addressing, alias, outbound, run, ...(pid && { pid }) });
    this.#inode = await namespaceInode(names.namespaceFile);
    await this.#nft.replace();
    await this.#removeEarlierTables();
    await this.#serially(() => this.#adopt());
  }

  /**
   * Whether the host's link, the namespace, its addresses, its routes and its table are as they should be. Changes nothing,
   * so it may run beside changes; false is then not certain.
   */
  async isWhole(): Promise<boolean> {
    const { names, common, run } = this.#options;
    if (!(await isLinked(names, common.addressing, run))) return false;
    if ((await namespaceInode(names.namespaceFile)) !== this.#inode) return false;
    const found = await this.#look();
    const own = routerPlaces(common.addressing, common.outbound);
    const wanted = this.#wantedRoutes();
    return (
      own.addresses.every((address) => found.addresses.has(address)) &&
      own.routes.every((route) => found.routes.has(route)) &&
      found.toVpcs.size === wanted.size &&
      [...wanted].every(([address, route]) => found.toVpcs.get(address) === route) &&
      (await this.#nft.areIntact())
    );
  }

  /** Links a VPC's namespace, which gets the other end. Repeatable. A new namespace has no end of any link. */
  link(number: number, vpc: LinkedVpc): Promise<void> {
    return this.#serially(() => this.#link(number, vpc));
  }

  unlink(number: number): Promise<void> {
    return this.#serially(() => this.#unlink(number));
  }

  /** Sends packets for these addresses to the VPC, and for those that it had before no longer. */
  reach(vpcId: VpcId, reached: Reached | undefined): Promise<void> {
    return this.#serially(() => this.#reach(vpcId, reached));
  }

  /**
   * Removes routes that no VPC asked for since this object exists: one that was killed may have left them. For when each
   * VPC has said what it is reached for.
   */
  removeStrays(): Promise<void> {
    return this.#serially(async () => {
      await this.#adopt();
      const wanted = this.#wantedRoutes();
      const stray = [...this.#routes.keys()].filter((address) => !wanted.has(address));
      if (stray.length === 0) return;
      const { names, run } = this.#options;
      const lines = stray.map((address) => `route delete ${address}`);
      await run(['ip', '-n', names.namespace, '-batch', '-'], text(lines));
      for (const address of stray) this.#routes.delete(address);
    });
  }

  async #link(number: number, { namespace, isNew }: LinkedVpc): Promise<void> {
    const { names, run } = this.#options;
    const name = vpcLinkName(number);
    const hasEnd = !isNew && (await insideLinks(run, namespace)).has(uplinkName);
    const hasBoth = hasEnd && this.#links.has(name);
    if (!hasBoth) {
      // One end of another link, or of one whose other namespace is gone.
      if (this.#links.has(name)) await this.#unlink(number);
      if (hasEnd) await run(['ip', '-n', namespace, 'link', 'delete', uplinkName]).catch(() => {});
    }
    const lines = [
      ...(hasBoth ? [] : [`link add ${name} type veth peer name ${uplinkName} netns ${namespace}`]),
      `link set dev ${name} up`,
    ];
    await run(['ip', '-n', names.namespace, '-batch', '-'], text(lines));
    this.#links.add(name);
  }

  async #unlink(number: number): Promise<void> {
    const { names, run } = this.#options;
    const name = vpcLinkName(number);
    if (!this.#links.delete(name)) return;
    await run(['ip', '-n', names.namespace, 'link', 'delete', 'dev', name]).catch(() => {});
    for (const [address, route] of this.#routes) {
      if (route.split(' ').includes(name)) this.#routes.delete(address);
    }
  }

  #wantedRoutes(): ReadonlyMap<string, string> {
    return new Map([...this.#reached.values()].flatMap((reached) => [...routesOf(reached)]));
  }

  async #reach(vpcId: VpcId, reached: Reached | undefined): Promise<void> {
    const before = this.#reached.get(vpcId);
    const { names, run } = this.#options;
    const apply = async () => {
      const { lines, routes } = this.#reachChanges(before, reached);
      if (lines.length > 0) await run(['ip', '-n', names.namespace, '-batch', '-'], text(lines));
      this.#routes = routes;
    };
    await apply().catch(async () => {
      // Somebody else has changed the routes.
      await this.#adopt();
      await apply();
    });
    // Of two that ask for one address the last has it, here as in the kernel.
    this.#reached.delete(vpcId);
    if (reached) this.#reached.set(vpcId, reached);
  }

  #reachChanges(before: Reached | undefined, reached: Reached | undefined) {
    const wanted = reached ? routesOf(reached) : new Map<string, string>();
    const changed = [...wanted].filter(([address, route]) => this.#routes.get(address) !== route);
    const name = before && vpcLinkName(before.number);
    // An address that another VPC has by now stays with it.
    const gone = [...(before?.addresses ?? [])].filter(
      (address) =>
        !wanted.has(address) &&
        this.#routes
          .get(address)
          ?.split(' ')
          .includes(name ?? ''),
    );
    const routes = new Map([...this.#routes, ...changed]);
    for (const address of gone) routes.delete(address);
    const lines = [
      ...changed.map(([, route]) => `route replace ${route}`),
      ...gone.map((address) => `route delete ${address}`),
    ];
    return { lines, routes };
  }

  /**
   * Moves a port that the release before made here to its VPC's namespace, with the machine that has it open. Returns
   * whether there was one.
   */
  handOver(device: string, namespace: string): Promise<boolean> {
    return this.#serially(async () => {
      if (!this.#links.has(device)) return false;
      const { names, run } = this.#options;
      await run(['ip', '-n', names.namespace, 'link', 'set', 'dev', device, 'netns', namespace]);
      this.#links.delete(device);
      return true;
    });
  }

  /** Ports of the release before that no machine has open. */
  async #removeEarlierPorts(links: readonly ListedAddress[]): Promise<void> {
    const { names, run } = this.#options;
    const unused = links.filter(
      ({ ifname, flags = [] }) => ifname.startsWith('tap') && !flags.includes('LOWER_UP'),
    );
    for (const { ifname } of unused) {
      await run(['ip', '-n', names.namespace, 'link', 'delete', 'dev', ifname]);
      this.#links.delete(ifname);
    }
  }

  /** The release before filtered guests' ARP here. */
  async #removeEarlierTables(): Promise<void> {
    const { names, run } = this.#options;
    const table = `arp ${names.table}`;
    const remove = `add table ${table}\ndelete table ${table}\n`;
    await run([...enterNamespace(names.namespace), 'nft', '-f', '-'], remove);
  }

  async #look(): Promise<FoundRouter> {
    const { names, run } = this.#options;
    const output = await run(
      ['ip', '-n', names.namespace, '-4', '-j', '-batch', '-'],
      text(['link show', 'address show', 'route show']),
    );
    const [links = '[]', local = '[]', routes = '[]'] = output.split('\n');
    const addresses: readonly ListedAddress[] = JSON.parse(local);
    const parsed: readonly ListedRoute[] = JSON.parse(routes);
    const toVpcs = parsed.filter(({ dev }) => dev?.startsWith('vpc'));
    return {
      links: JSON.parse(links),
      addresses: new Set(
        addresses.flatMap(({ ifname, addr_info = [] }) =>
          addr_info.map(({ local, prefixlen }) => `${ifname} ${local}/${prefixlen}`),
        ),
      ),
      routes: new Set(parsed.map(routeText)),
      toVpcs: new Map(toVpcs.map((route) => [route.dst, routeText(route)])),
    };
  }

  /** What changes start from is what the kernel has. */
  async #adopt(): Promise<void> {
    const { links, toVpcs } = await this.#look();
    this.#links = new Set(links.map(({ ifname }) => ifname));
    this.#routes = new Map(toVpcs);
    await this.#removeEarlierPorts(links);
  }
}

/** By address, as `ip route` takes them. */
function routesOf({ number, addresses }: Reached): Map<string, string> {
  const device = vpcLinkName(number);
  const gateway = vpcLinkAddress(number);
  return new Map([
    [gateway, `${gateway} dev ${device}`],
    ...[...addresses].map(
      (address) => [address, `${address} via ${gateway} dev ${device} onlink`] as const,
    ),
  ]);
}
