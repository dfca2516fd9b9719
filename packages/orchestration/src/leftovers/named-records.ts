import {
  type BlockMapId,
  type Instance,
  type MetadataReader,
  readHeldMaps,
  type SnapshotId,
} from '@bakehouse/domain';

/** The ids that records name, in all accounts and regions: what may exist outside of the records. */
export interface NamedRecords {
  readonly instances: ReadonlySet<string>;
  /** The instances that may have a machine. */
  readonly machines: ReadonlySet<string>;
  readonly volumes: ReadonlySet<string>;
  /** The interfaces of instances: others are not connected. */
  readonly networkInterfaces: ReadonlySet<string>;
  /** Snapshots that are being taken, whose views of disks are needed. */
  readonly pendingSnapshots: ReadonlySet<SnapshotId>;
  readonly maps: ReadonlySet<BlockMapId>;
}

/** States in which an instance has no machine, and no work is left that ends one. */
const withoutMachine: readonly Instance['state'][] = ['stopped', 'terminated'];

export async function readNamedRecords(reader: MetadataReader): Promise<NamedRecords> {
  const instances = await reader.list('instance');
  const withMachine = instances.filter(({ state }) => !withoutMachine.includes(state));
  const pending = await reader.list('snapshot', { where: { state: ['pending'] } });
  const nics = await reader.list('networkInterface');
  const ids = (records: readonly { readonly id: string }[]) => new Set(records.map(({ id }) => id));
  return {
    instances: ids(instances),
    machines: ids(withMachine),
    volumes: ids(await reader.list('volume')),
    networkInterfaces: ids(nics.filter(({ attachment }) => attachment !== undefined)),
    pendingSnapshots: new Set(pending.map(({ id }) => id)),
    maps: await readHeldMaps(reader),
  };
}
