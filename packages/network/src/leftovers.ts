import { readdir, readFile, stat } from 'node:fs/promises';
import { hostLinks, insideLinks, isNamespace } from './namespace.ts';
import type { NetworkNames } from './network-names.ts';
import type { RunCommand } from './run-command.ts';

/** Something that no record names, and how to be rid of it. */
export interface Leftover {
  readonly kind: 'interface' | 'namespace' | 'table' | 'process' | 'file';
  readonly name: string;
  readonly problem: string;
  readonly remedy: string;
}

export interface LeftoverQuery {
  readonly names: NetworkNames;
  readonly run: RunCommand;
  /** The ports that are recorded. */
  readonly devices: ReadonlySet<string>;
  readonly dnsmasqPid: number | undefined;
}

export async function findLeftovers(query: LeftoverQuery): Promise<Leftover[]> {
  const found = await Promise.all([
    strayPorts(query),
    strayDnsmasqs(query),
    strayFiles(query.names),
    orphanedPlatforms(query.run),
  ]);
  return found.flat();
}

async function strayPorts({ names, run, devices }: LeftoverQuery): Promise<Leftover[]> {
  if (!(await isNamespace(names.namespaceFile))) return [];
  const links = await insideLinks(run, names.namespace);
  const stray = [...links].filter((link) => link.startsWith('tap') && !devices.has(link));
  return stray.map((name) => ({
    kind: 'interface',
    name,
    problem: `a port in namespace ${names.namespace} without a record`,
    remedy: `ip -n ${names.namespace} link delete ${name}`,
  }));
}

async function strayDnsmasqs({ names, run, dnsmasqPid }: LeftoverQuery): Promise<Leftover[]> {
  if (!(await isNamespace(names.namespaceFile))) return [];
  const pids = (await run(['ip', 'netns', 'pids', names.namespace])).split('\n').filter(Boolean);
  const stray: string[] = [];
  for (const pid of pids.filter((each) => Number(each) !== dnsmasqPid)) {
    const program = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    if (program.trim() === 'dnsmasq') stray.push(pid);
  }
  return stray.map((name) => ({
    kind: 'process',
    name,
    problem: `a second dnsmasq in namespace ${names.namespace}`,
    remedy: `kill ${name}`,
  }));
}

async function strayFiles(names: NetworkNames): Promise<Leftover[]> {
  const files = await readdir(names.nicDirectory).catch(() => []);
  const stray = files.filter((file) => !/^eni-[0-9a-f]+\.json$/.test(file));
  return stray.map((file) => ({
    kind: 'file',
    name: `${names.nicDirectory}/${file}`,
    problem: 'left by an interrupted write',
    remedy: `rm ${names.nicDirectory}/${file}`,
  }));
}

/** Links of platforms whose folder is gone: nobody will ever open or destroy them. */
async function orphanedPlatforms(run: RunCommand): Promise<Leftover[]> {
  const orphans: Leftover[] = [];
  for (const { ifname, ifalias } of await hostLinks(run)) {
    const directory = /^bakehouse \S+ \S+ (\/.*)$/.exec(ifalias ?? '')?.[1];
    if (directory === undefined || (await stat(directory).catch(() => undefined))) continue;
    const name = ifname.replace(/-up$/, '');
    orphans.push({
      kind: 'namespace',
      name,
      problem: `the network of ${directory}, a folder that is gone`,
      remedy: `ip link delete ${ifname}; ip netns delete ${name}; nft delete table ip ${name}`,
    });
  }
  return orphans;
}
