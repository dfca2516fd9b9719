import {
  type BlockMapId,
  type FastLaunch,
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

/** Those of which something may exist: nothing is left of a failed one. */
const readTemplates = (reader: MetadataReader): Promise<readonly FastLaunch[]> =>
  reader.list('fastLaunch', { where: { state: ['enabling', 'enabled', 'disabling'] } });

const guestsOf = (records: readonly FastLaunch[]) =>
  records.map(({ template }) => ({ id: template.instanceId }));

export async function readNamedRecords(reader: MetadataReader): Promise<NamedRecords> {
  const instances = await reader.list('instance');
  const withMachine = instances.filter(({ state }) => !withoutMachine.includes(state));
  const pending = await reader.list('snapshot', { where: { state: ['pending'] } });
  const nics = await reader.list('networkInterface');
  const templates = await readTemplates(reader);
  const making = templates.filter(({ state }) => state !== 'enabled');
  const ids = (records: readonly { readonly id: string }[]) => new Set(records.map(({ id }) => id));
  return {
    instances: ids([...instances, ...guestsOf(templates)]),
    machines: ids([...withMachine, ...guestsOf(making)]),
    volumes: ids([
      ...(await reader.list('volume')),
      ...making.map(({ template }) => ({ id: template.volumeId })),
    ]),
    networkInterfaces: ids(nics.filter(({ attachment }) => attachment !== undefined)),
    pendingSnapshots: new Set([
      ...pending.map(({ id }) => id),
      ...making.map(({ template }) => template.snapshotId),
    ]),
    maps: await readHeldMaps(reader),
  };
}
