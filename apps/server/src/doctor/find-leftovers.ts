import { execFile } from 'node:child_process';
import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { listMachineFolders } from '@bakehouse/compute-qemu';
import type { InstanceId, MetadataPublisher, SnapshotStore } from '@bakehouse/domain';
import type { DataDirectory } from '../data-directory.ts';
import type { QemuAdapters } from '../wiring/qemu-adapters.ts';
import type { Leftover } from './check.ts';
import type { KnownRecords } from './known-records.ts';
import { endProcess, orphanedProcesses, platformProcesses } from './platform-processes.ts';
import { strayProcesses } from './stray-processes.ts';

export interface MendableLeftover extends Leftover {
  mend(): Promise<void>;
}

export interface Surroundings extends QemuAdapters {
  readonly data: DataDirectory;
  readonly publisher: MetadataPublisher;
  /** Absent while there is no block server: maps are not looked at. */
  readonly snapshots?: SnapshotStore;
}

/** Looks at what is there; the answer compares it with records that were read afterwards. */
type Finder = (
  surroundings: Surroundings,
) => Promise<(known: KnownRecords) => readonly MendableLeftover[]>;

const findProcesses: Finder = async ({ data }) => {
  const processes = await platformProcesses(data);
  const own = new Set(processes.map(({ pid }) => pid));
  const orphans = (await orphanedProcesses()).filter(({ pid }) => !own.has(pid));
  const leftover = (pid: number, problem: string) => ({
    kind: 'process',
    name: String(pid),
    problem,
    remedy: `kill ${pid}`,
    mend: () => endProcess(pid),
  });
  return (known) => [
    ...strayProcesses(processes, known).map(({ process, problem }) =>
      leftover(process.pid, problem),
    ),
    ...orphans.map(({ pid, folder }) => leftover(pid, `works on ${folder}, which is gone`)),
  ];
};

const findMachines: Finder = async ({ data }) => {
  const ids = await listMachineFolders(data.instances);
  return (known) =>
    ids
      .filter((id) => !known.instances.has(id))
      .map((id) => ({
        kind: 'file',
        name: join(data.instances, id),
        problem: `files of ${id}, an instance without a record`,
        remedy: `rm -r ${join(data.instances, id)}`,
        mend: () => rm(join(data.instances, id), { recursive: true, force: true }),
      }));
};

const findDisks: Finder = async ({ data, volumes }) => {
  const ids = await volumes.list();
  return (known) =>
    ids
      .filter((id) => !known.volumes.has(id))
      .map((id) => ({
        kind: 'file',
        name: join(data.volumes, id),
        problem: `the disk of ${id}, a volume without a record`,
        remedy: `rm -r ${join(data.volumes, id)}`,
        mend: () => volumes.remove(id),
      }));
};

const findNetwork: Finder = async ({ network }) => {
  const ids = await network.list();
  const leftovers = await asyncFilter(await network.leftovers(), isOurs);
  return (known) => [
    ...leftovers.map((leftover) => ({ ...leftover, mend: () => runRemedy(leftover.remedy) })),
    ...ids
      .filter((id) => !known.nics.has(id))
      .map((id) => ({
        kind: 'interface',
        name: id,
        problem: 'a network interface without a record',
        remedy: 'bakehouse doctor --fix',
        mend: () => network.unplug(id),
      })),
  ];
};

/** A container that shares this host's network has platforms, too, on folders that are not seen from here. */
async function isOurs({ kind, name }: Leftover): Promise<boolean> {
  if (kind !== 'namespace') return true;
  return await access(`/run/netns/${name}`).then(
    () => true,
    () => false,
  );
}

async function asyncFilter<Item>(
  items: readonly Item[],
  isWanted: (item: Item) => Promise<boolean>,
): Promise<readonly Item[]> {
  const wanted = await Promise.all(items.map(isWanted));
  return items.filter((_, index) => wanted[index]);
}

/** The network words its remedies as commands: programs with plain arguments, one after the other. */
async function runRemedy(remedy: string): Promise<void> {
  for (const command of remedy.split(';')) {
    const [program = '', ...args] = command.trim().split(/\s+/);
    // One of several may have been done already; what is still there shows in the next examination.
    await promisify(execFile)(program, args, { timeout: 10_000 }).catch(() => {});
  }
}

const findGuestMetadata: Finder = async ({ publisher }) => {
  const ids = await publisher.list();
  return (known) =>
    ids
      .filter((id) => !known.instances.has(id))
      .map((id) => ({
        kind: 'file',
        name: `guest metadata of ${id}`,
        problem: 'published for an instance without a record',
        remedy: 'bakehouse doctor --fix',
        mend: () => publisher.withdraw(id),
      }));
};

const findMaps: Finder = async ({ snapshots }) => {
  if (!snapshots) return () => [];
  const ids = await snapshots.list();
  return (known) =>
    ids
      .filter((mapId) => !known.maps.has(mapId))
      .map((mapId) => ({
        kind: 'map',
        name: mapId,
        problem: 'blocks of a snapshot without a record',
        remedy: 'bakehouse prune',
        mend: async () => void (await snapshots.prune(new Set([mapId]))),
      }));
};

const finders: readonly Finder[] = [
  findProcesses,
  findMachines,
  findDisks,
  findNetwork,
  findGuestMetadata,
  findMaps,
];

/** Views of disks and files of unfinished work. Only told: ending one that is just wanted would fail a snapshot. */
async function findViews(known: KnownRecords, { volumes }: Surroundings) {
  const strays = await volumes.sweep({ ...sweepRequest(known), dryRun: true });
  return strays.map(({ what, name }) => ({
    kind: what,
    name,
    problem: 'left by a snapshot or a volume in the making',
    remedy: 'restart the server: it sweeps before it works',
    mend: async () => {},
  }));
}

export function sweepRequest(known: KnownRecords) {
  return {
    wanted: known.pendingSnapshots,
    instanceIds: [...known.machines] as InstanceId[],
  };
}

/**
 * What is on this host for the platform and is named by no record. Changes nothing. A record is always
 * written before what it names is made, so things are listed first and records read after: what
 * has no record then is garbage, also while the server works.
 */
export async function findLeftovers(
  readKnown: () => Promise<KnownRecords>,
  surroundings: Surroundings,
): Promise<readonly MendableLeftover[]> {
  const compare = await Promise.all(finders.map((find) => find(surroundings)));
  const known = await readKnown();
  const views = await findViews(known, surroundings);
  return [...compare.flatMap((against) => against(known)), ...views];
}
