import type { Clock } from '@bakehouse/base';
import type { Nic, VpcId } from '@bakehouse/domain';
import {
  exists,
  findProcesses,
  type HostAction,
  type HostProcess,
  readFolderIfExists,
} from '@bakehouse/host';
import { dnsmasqIn } from './dnsmasq.ts';
import {
  hostLinks,
  insideLinks,
  isNamespace,
  type NamedNamespace,
  vpcNamespaces,
} from './namespace.ts';
import {
  enterNamespace,
  type NetworkNames,
  namespaceFileOf,
  tapName,
  type VpcNames,
  vpcNames,
} from './network-names.ts';
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
  readonly clock: Clock;
  /** Those that are recorded. */
  readonly nics: readonly Nic[];
}

/** Changes nothing. */
export async function findNetworkLeftovers(query: LeftoverQuery): Promise<NetworkLeftover[]> {
  const vpcs = Map.groupBy(query.nics, ({ vpcId }) => vpcId);
  const found = await Promise.all([
    ...[...vpcs].flatMap(([vpcId, nics]) => {
      const names = vpcNames(query.names, vpcId);
      return [strayPorts(query, names, nics), strayDnsmasqs(query, names)];
    }),
    strayPorts(query, query.names, []),
    strayNamespaces(query, vpcs.keys()),
    strayFiles(query.names),
    orphanedPlatforms(query.run),
  ]);
  return found.flat();
}

async function strayPorts(
  { run }: LeftoverQuery,
  { namespace, namespaceFile }: NamedNamespace,
  nics: readonly Nic[],
): Promise<NetworkLeftover[]> {
  if (!(await isNamespace(namespaceFile))) return [];
  const devices = new Set(nics.map((nic) => tapName(nic.nicId)));
  const links = await insideLinks(run, namespace);
  const stray = [...links].filter((link) => link.startsWith('tap') && !devices.has(link));
  return stray.map((name) => ({
    kind: 'interface',
    name,
    problem: `a port in namespace ${namespace} that has no record`,
    actions: [{ kind: 'run', argv: ['ip', '-n', namespace, 'link', 'delete', name] }],
  }));
}

async function strayDnsmasqs(
  { run, clock }: LeftoverQuery,
  names: VpcNames,
): Promise<NetworkLeftover[]> {
  const { namespace } = names;
  if (!(await isNamespace(names.namespaceFile))) return [];
  const dnsmasq = await dnsmasqIn(names, { run, clock, enter: enterNamespace(namespace) }).find();
  const stray = (await dnsmasqsInside(run, namespace)).filter(({ pid }) => pid !== dnsmasq?.pid);
  return stray.map((process) => ({
    kind: 'process',
    name: String(process.pid),
    problem: `a second dnsmasq in namespace ${namespace}`,
    actions: [endDnsmasq(process)],
  }));
}

async function dnsmasqsInside(
  run: RunNetworkCommand,
  namespace: string,
): Promise<readonly HostProcess[]> {
  const inside = (await run(['ip', 'netns', 'pids', namespace])).split('\n').map(Number);
  return await findProcesses(
    ({ pid, argv }) => inside.includes(pid) && /(?:^|\/)dnsmasq$/.test(argv[0] ?? ''),
  );
}

function endDnsmasq(process: HostProcess): HostAction {
  return { kind: 'end', process, what: 'dnsmasq' };
}

/** A namespace lives on without its name while a process is in it, so dnsmasq ends first. */
async function removalOf(
  run: RunNetworkCommand,
  { namespace, namespaceFile }: NamedNamespace,
): Promise<readonly HostAction[]> {
  // A bare file that a reboot left holds no process.
  const inside = (await isNamespace(namespaceFile)) ? await dnsmasqsInside(run, namespace) : [];
  return [...inside.map(endDnsmasq), { kind: 'run', argv: ['ip', 'netns', 'delete', namespace] }];
}

/** Of VPCs that have no interface here. */
async function strayNamespaces(
  { names, run }: LeftoverQuery,
  vpcIds: Iterable<VpcId>,
): Promise<NetworkLeftover[]> {
  const wanted = new Set([...vpcIds].map((vpcId) => vpcNames(names, vpcId).namespace));
  const stray = (await vpcNamespaces(names, run)).filter(({ namespace }) => !wanted.has(namespace));
  return Promise.all(
    stray.map(async (each) => ({
      kind: 'namespace' as const,
      name: each.namespace,
      problem: 'the namespace of a VPC without interfaces on this host',
      actions: await removalOf(run, each),
    })),
  );
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
    const router = { namespace: name, namespaceFile: namespaceFileOf(name) };
    const inside = [router, ...(await vpcNamespaces(router, run))];
    const removals = await Promise.all(inside.map((each) => removalOf(run, each)));
    orphans.push({
      kind: 'namespace',
      name,
      problem: `the network of ${directory}, a folder that no longer exists`,
      actions: [
        { kind: 'run', argv: ['ip', 'link', 'delete', ifname] },
        ...removals.flat(),
        ...(tables.split('\n').includes(`table ip ${name}`)
          ? [{ kind: 'run' as const, argv: ['nft', 'delete', 'table', 'ip', name] }]
          : []),
      ],
    });
  }
  return orphans;
}
