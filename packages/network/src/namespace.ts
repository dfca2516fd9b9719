import { rm, stat } from 'node:fs/promises';
import type { Logger } from '@bakehouse/base';
import { formatCidr } from '@bakehouse/base';
import { exists } from '@bakehouse/host';
import type { Addressing } from './addressing.ts';
import { findCollision, type HostLink, type HostRoute } from './host-collisions.ts';
import { NetworkRangeError } from './network-errors.ts';
import { enterNamespace, type NetworkNames, namespaceFileOf, uplinkName } from './network-names.ts';
import { ipv6Settings, linkLines, routerLines, routerSettings } from './plan-links.ts';
import { portGroup } from './plan-vpc-links.ts';
import type { RunNetworkCommand } from './run-network-command.ts';

export interface NamespaceOptions {
  readonly names: NetworkNames;
  readonly addressing: Addressing;
  readonly alias: string;
  readonly outbound: boolean;
  readonly run: RunNetworkCommand;
  /** A process in the router whose name was removed. */
  readonly pid?: number;
}

/** Creates or completes the router and its link to the host. */
export async function makeRouter(options: NamespaceOptions): Promise<void> {
  const { names, addressing, run } = options;
  const enter = enterNamespace(names.namespace);
  const links = await hostLinks(run);
  await ensureNamespace(names, run, options.pid);
  await makeLink(options, links);
  await applySettings(enter, routerSettings, run);
  await run(['ip', '-batch', '-'], text(linkLines(names, addressing, options.alias)));
  const inside = text(routerLines(addressing, options.outbound));
  await run(['ip', '-n', names.namespace, '-batch', '-'], inside);
  // Connections to public addresses start at 127.0.0.1. The host's table lets no other 127 address through here.
  await run(['sysctl', '-q', '-w', `net.ipv4.conf.${names.hostLink}.route_localnet=1`]);
}

export interface NamedNamespace {
  readonly namespace: string;
  readonly namespaceFile: string;
}

/**
 * Creates the namespace if it has no name. One whose name was removed while processes run in it gets its name back:
 * `pid` is such a process. Returns whether it is new: without links, and without a process.
 */
export async function ensureNamespace(
  { namespace, namespaceFile }: NamedNamespace,
  run: RunNetworkCommand,
  pid?: number,
): Promise<boolean> {
  if (await isNamespace(namespaceFile)) return false;
  // A bare file has the name after a crash or a reboot.
  await rm(namespaceFile, { force: true });
  await run(
    pid === undefined
      ? ['ip', 'netns', 'add', namespace]
      : ['ip', 'netns', 'attach', namespace, `${pid}`],
  );
  return pid === undefined;
}

export async function applySettings(
  enter: readonly string[],
  settings: readonly string[],
  run: RunNetworkCommand,
): Promise<void> {
  const ipv6 = (await exists('/proc/sys/net/ipv6')) ? ipv6Settings : [];
  await run([...enter, 'sysctl', '-q', '-w', ...settings, ...ipv6]);
}

/** The names of the devices inside. */
export async function insideLinks(run: RunNetworkCommand, namespace: string): Promise<Set<string>> {
  const links = parseLinks(await run(['ip', '-n', namespace, '-j', 'link', 'show']));
  return new Set(links.map((link) => link.ifname));
}

export async function hostLinks(run: RunNetworkCommand): Promise<HostLink[]> {
  return parseLinks(await run(['ip', '-j', 'link', 'show']));
}

/** Whether the namespace exists and the host has its route to it. */
export async function isLinked(
  names: NetworkNames,
  { transitCidr }: Addressing,
  run: RunNetworkCommand,
): Promise<boolean> {
  if (!(await isNamespace(names.namespaceFile))) return false;
  const list = ['ip', '-j', '-4', 'route', 'show', 'dev', names.hostLink];
  const routes: HostRoute[] = JSON.parse((await run(list).catch(() => '')) || '[]');
  return routes.some((route) => route.dst === formatCidr(transitCidr));
}

/**
 * The inode of a namespace. Its file is a mount point; undefined for the bare file that a crash or a reboot can leave,
 * which is no namespace.
 */
export async function namespaceInode(path: string): Promise<number | undefined> {
  const [file, own] = await Promise.all([
    stat(path).catch(() => undefined),
    stat('/proc/self/ns/net'),
  ]);
  return file?.dev === own.dev ? file.ino : undefined;
}

export async function isNamespace(path: string): Promise<boolean> {
  return (await namespaceInode(path)) !== undefined;
}

/** Replaces a link of another configuration, or one that lost its other end. Guests do not notice. */
async function makeLink(options: NamespaceOptions, links: readonly HostLink[]): Promise<void> {
  const { names, run } = options;
  const old = links.find((link) => link.ifname === names.hostLink);
  const inside = await insideLinks(run, names.namespace);
  if (old?.ifalias === options.alias && inside.has(uplinkName)) return;
  if (old !== undefined) await run(['ip', 'link', 'delete', names.hostLink]);
  if (inside.has(uplinkName) && old === undefined) {
    await run(['ip', '-n', names.namespace, 'link', 'delete', uplinkName]);
  }
  const peer = ['peer', 'name', uplinkName, 'netns', names.namespace];
  await run(['ip', 'link', 'add', names.hostLink, 'type', 'veth', ...peer]);
}

/** Rejects with NetworkRangeError when something else on this host uses these ranges. Changes nothing. */
export async function refuseCollision(
  names: NetworkNames,
  addressing: Addressing,
  run: RunNetworkCommand,
): Promise<void> {
  const links = await hostLinks(run);
  const routes: HostRoute[] = JSON.parse((await run(['ip', '-j', '-4', 'route', 'show'])) || '[]');
  const collision = findCollision(addressing, names.hostLink, { routes, links });
  if (collision !== undefined) throw new NetworkRangeError(collision);
}

/** The same for a platform whose link is not on the host: only another platform's public range matters there. */
export async function refuseOtherPlatform(
  names: NetworkNames,
  addressing: Addressing,
  runOnHost: RunNetworkCommand,
): Promise<void> {
  const links = await hostLinks(runOnHost);
  const collision = findCollision(addressing, names.hostLink, { routes: [], links });
  if (collision !== undefined) throw new NetworkRangeError(collision);
}

function parseLinks(json: string): HostLink[] {
  return JSON.parse(json || '[]');
}

export function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** The namespaces on this host that have the name of a VPC of this platform. */
export async function vpcNamespaces(
  names: Pick<NetworkNames, 'namespace'>,
  run: RunNetworkCommand,
): Promise<readonly NamedNamespace[]> {
  const lines = (await run(['ip', 'netns', 'list'])).split('\n');
  const prefix = `${names.namespace}-`;
  return lines
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name.startsWith(prefix) && /^[0-9a-f]{7,12}$/.test(name.slice(prefix.length)))
    .map((namespace) => ({ namespace, namespaceFile: namespaceFileOf(namespace) }));
}

/** Processes inside keep a namespace alive without its name. Without links they reach nothing. */
export async function removeNamespace(
  { namespace, namespaceFile }: NamedNamespace,
  { run, logger }: { run: RunNetworkCommand; logger: Logger },
): Promise<void> {
  if (await isNamespace(namespaceFile)) {
    await run(['ip', '-n', namespace, 'link', 'delete', 'group', `${portGroup}`]).catch(() => {});
    const links = await insideLinks(run, namespace);
    const ports = [...links].filter((link) => link.startsWith('tap'));
    const lines = ports.map((link) => `link delete dev ${link}`);
    if (lines.length > 0) await run(['ip', '-n', namespace, '-batch', '-'], text(lines));
    const pids = (await run(['ip', 'netns', 'pids', namespace])).split('\n').filter(Boolean);
    if (pids.length > 0) {
      logger.log('warn', 'processes still run in the removed network', { pids });
    }
  }
  await rm(namespaceFile, { force: true }).catch(() => {});
  await run(['ip', 'netns', 'delete', namespace]).catch(() => {});
}
