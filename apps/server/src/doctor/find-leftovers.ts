import type { AdminResult } from '@bakehouse/admin-api';
import type { Clock } from '@bakehouse/base';
import type { InstanceId, MetadataStore } from '@bakehouse/domain';
import { describeAction, type HostAction, performAction } from '@bakehouse/host';
import type { LinuxNetwork } from '@bakehouse/network';
import {
  findUnnamed,
  type LeftoverDrivers,
  type NamedRecords,
  readNamedRecords,
} from '@bakehouse/orchestration';
import type { QemuVolumes } from '@bakehouse/volumes';
import type { DataDirectory } from '../data-directory.ts';
import {
  hasOpenIn,
  type OrphanedProcess,
  orphanedProcesses,
  platformProcesses,
} from './platform-processes.ts';
import { strayProcesses } from './stray-processes.ts';

/** Something that exists and that no record names: what a crash can leave. Nothing is ever run from its remedy. */
export type Leftover = AdminResult<'Leftovers'>['leftovers'][number];

export interface FoundLeftover extends Leftover {
  /** Absent for what only a restart of the server removes. */
  remove?(): Promise<void>;
}

/** Where leftovers are looked for: the drivers, and this host. */
export interface LeftoverPlaces {
  readonly data: DataDirectory;
  readonly clock: Clock;
  readonly drivers: LeftoverDrivers;
  readonly network: Pick<LinuxNetwork, 'leftovers'>;
  readonly volumes: Pick<QemuVolumes, 'sweep'>;
}

function byActions(
  what: Omit<Leftover, 'remedy'>,
  actions: readonly HostAction[],
  clock: Clock,
): FoundLeftover {
  return {
    ...what,
    remedy: actions.map(describeAction).join('; '),
    async remove() {
      for (const action of actions) await performAction(action, { clock });
    },
  };
}

/** What runs on since before the data folder was moved. Not removed here: guests may still need it. */
const leftAtMove = (
  { pid, folder }: OrphanedProcess,
  { root }: Pick<DataDirectory, 'root'>,
): FoundLeftover => ({
  kind: 'process',
  name: String(pid),
  problem: `began on ${folder}, which was moved to ${root}, and still uses that path`,
  remedy: `move the folder back, stop its instances, run bakehouse down --destroy and move it then; or end the process: kill ${pid}`,
});

/** Lists processes now; the result compares them with records that were read afterwards. */
async function findProcessLeftovers({ data, clock }: LeftoverPlaces) {
  const processes = await platformProcesses(data);
  const own = new Set(processes.map(({ pid }) => pid));
  const orphans = (await orphanedProcesses()).filter(({ pid }) => !own.has(pid));
  const orphaned = await Promise.all(
    orphans.map(async (process) =>
      (await hasOpenIn(process, data.root))
        ? leftAtMove(process, data)
        : byActions(
            {
              kind: 'process',
              name: String(process.pid),
              problem: `works on ${process.folder}, which no longer exists`,
            },
            [{ kind: 'end', process, what: 'orphaned helper' }],
            clock,
          ),
    ),
  );
  return (records: NamedRecords): readonly FoundLeftover[] => [
    ...strayProcesses(processes, records).map(({ process, problem }) =>
      byActions(
        { kind: 'process', name: String(process.pid), problem },
        [{ kind: 'end', process, what: process.role }],
        clock,
      ),
    ),
    ...orphaned,
  ];
}

async function findNetworkLeftovers({ network, clock }: LeftoverPlaces) {
  const found = await network.leftovers();
  return found.map(({ kind, name, problem, actions }) =>
    byActions({ kind, name, problem }, actions, clock),
  );
}

/** Views of disks and unfinished files. Not removed here: one may just be wanted, and its snapshot would fail. */
async function findViews(
  records: NamedRecords,
  { volumes }: LeftoverPlaces,
): Promise<readonly FoundLeftover[]> {
  const strays = await volumes.sweep({ ...sweepRequest(records), dryRun: true });
  return strays.map(({ what, name }) => ({
    kind: what,
    name,
    problem: 'left by an interrupted snapshot or by a volume that was being made',
    remedy: 'restart the server, which removes it before it works',
  }));
}

export function sweepRequest({ pendingSnapshots, machines }: NamedRecords) {
  return {
    wanted: pendingSnapshots,
    // Ids of instances, as the records have them.
    instanceIds: [...machines] as InstanceId[],
  };
}

const removeRemedy = 'bakehouse doctor --fix';

/**
 * What exists on this host for the platform and is named by no record. Changes nothing. Things are listed first and
 * records are read afterwards: see findUnnamed of the orchestration, whose finders the reconciler uses, too.
 */
export async function findLeftovers(
  metadata: Pick<MetadataStore, 'read'>,
  places: LeftoverPlaces,
): Promise<readonly FoundLeftover[]> {
  const [processesAgainst, network] = await Promise.all([
    findProcessLeftovers(places),
    findNetworkLeftovers(places),
  ]);
  const unnamed = await findUnnamed(metadata, places.drivers);
  const records = await metadata.read(readNamedRecords);
  return [
    ...processesAgainst(records),
    ...network,
    ...unnamed.map((leftover) => ({
      kind: leftover.kind,
      name: leftover.name,
      problem: leftover.problem,
      remedy: leftover.kind === 'block map' ? 'bakehouse prune' : removeRemedy,
      remove: () => leftover.remove(),
    })),
    ...(await findViews(records, places)),
  ];
}
