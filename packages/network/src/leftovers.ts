import {
  exists,
  findProcesses,
  type HostAction,
  type HostProcess,
  readFolderIfExists,
} from '@bakehouse/host';
import { hostLinks, insideLinks, isNamespace } from './namespace.ts';
import { type NetworkNames, namespaceFileOf } from './network-names.ts';
import type { RunNetworkCommand } from './run-network-command.ts';

/** Something on this host that belongs to no record, and what removes it. */
export interface NetworkLeftover {
  readonly kind: 'interface' | 'namespace' | 'process' | 'file';
  readonly name: string;
  readonly problem: string;
  readonly actions: readonly HostAction[];
}

export interface LeftoverQuery {
  readonly names: NetworkNames;
  readonly run: RunNetworkCommand;
  /** The ports that are recorded. */
  readonly devices: ReadonlySet<string>;
  readonly dnsmasq: HostProcess | undefined;
}

/** Changes nothing. */
export async function findNetworkLeftovers(query: LeftoverQuery): Promise<NetworkLeftover[]> {
  const found = await Promise.all([
    strayPorts(query),
    strayDnsmasqs(query),
    strayFiles(query.names),
    orphanedPlatforms(query.run),
  ]);
  return found.flat();
}

async function strayPorts({ names, run, devices }: LeftoverQuery): Promise<NetworkLeftover[]> {
  if (!(await isNamespace(names.namespaceFile))) return [];
  const links = await insideLinks(run, names.namespace);
  const stray = [...links].filter((link) => link.startsWith('tap') && !devices.has(link));
  return stray.map((name) => ({
    kind: 'interface',
    name,
    problem: `a port in namespace ${names.namespace} that has no record`,
    actions: [{ kind: 'run', argv: ['ip', '-n', names.namespace, 'link', 'delete', name] }],
  }));
}

async function strayDnsmasqs({ names, dnsmasq, run }: LeftoverQuery): Promise<NetworkLeftover[]> {
  if (!(await isNamespace(names.namespaceFile))) return [];
  const inside = (await run(['ip', 'netns', 'pids', names.namespace])).split('\n').map(Number);
  const stray = await findProcesses(
    ({ pid, argv }) =>
      pid !== dnsmasq?.pid && inside.includes(pid) && /(?:^|\/)dnsmasq$/.test(argv[0] ?? ''),
  );
  return stray.map((process) => ({
    kind: 'process',
    name: String(process.pid),
    problem: `a second dnsmasq in namespace ${names.namespace}`,
    actions: [{ kind: 'end', process, what: 'dnsmasq' }],
  }));
}

async function strayFiles(names: NetworkNames): Promise<NetworkLeftover[]> {
  const files = await readFolderIfExists(names.nicDirectory);
  const stray = files.filter((file) => !/^eni-[0-9a-f]+\.json$/.test(file));
  return stray
    .map((file) => `${names.nicDirectory}/${file}`)
    .map((path) => ({
      kind: 'file',
      name: path,
      problem: 'left by an interrupted write',
      actions: [{ kind: 'remove', path }],
    }));
}

/**
 * Networks of platforms whose data folder is gone: nobody will ever open or destroy them. Only those whose
 * namespace is here: a container may share this host's network and keep its folders elsewhere.
 */
async function orphanedPlatforms(run: RunNetworkCommand): Promise<NetworkLeftover[]> {
  const orphans: NetworkLeftover[] = [];
  for (const { ifname, ifalias } of await hostLinks(run)) {
    const directory = /^bakehouse \S+ \S+ (\/.*)$/.exec(ifalias ?? '')?.[1];
    if (directory === undefined || (await exists(directory))) continue;
    const name = ifname.replace(/-up$/, '');
    if (!(await exists(namespaceFileOf(name)))) continue;
    const tables = await run(['nft', 'list', 'tables']);
    const commands = [
      ['ip', 'link', 'delete', ifname],
      ['ip', 'netns', 'delete', name],
      ...(tables.split('\n').includes(`table ip ${name}`)
        ? [['nft', 'delete', 'table', 'ip', name]]
        : []),
    ];
    orphans.push({
      kind: 'namespace',
      name,
      problem: `the network of ${directory}, a folder that no longer exists`,
      actions: commands.map((argv) => ({ kind: 'run', argv })),
    });
  }
  return orphans;
}
