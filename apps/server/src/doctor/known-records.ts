import type { BlockMapId, MetadataStore, SnapshotId } from '@bakehouse/domain';

/** The ids that records name: what may be on this host. */
export interface KnownRecords {
  readonly instances: ReadonlySet<string>;
  /** Instances that may have a machine. */
  readonly machines: ReadonlySet<string>;
  readonly volumes: ReadonlySet<string>;
  readonly nics: ReadonlySet<string>;
  /** Snapshots that are being taken: their views of disks are wanted. */
  readonly pendingSnapshots: ReadonlySet<SnapshotId>;
  /** Maps that snapshots, volumes and their bitmaps need. */
  readonly maps: ReadonlySet<BlockMapId>;
}

/** All accounts, all regions. */
export async function readKnownRecords(metadata: MetadataStore): Promise<KnownRecords> {
  return await metadata.read(async (tx) => {
    const instances = await tx.list('instance');
    const volumes = await tx.list('volume');
    const snapshots = await tx.list('snapshot');
    const nics = await tx.list('networkInterface');
    const live = instances.filter(({ state }) => state !== 'stopped' && state !== 'terminated');
    const volumeMaps = volumes.flatMap(({ originMapId, baseline }) => [
      ...(originMapId ? [originMapId] : []),
      ...(baseline ? [baseline.mapId] : []),
    ]);
    const pending = snapshots.filter(({ state }) => state === 'pending');
    return {
      instances: new Set(instances.map(({ id }) => id)),
      machines: new Set(live.map(({ id }) => id)),
      volumes: new Set(volumes.map(({ id }) => id)),
      nics: new Set(nics.map(({ id }) => id)),
      pendingSnapshots: new Set(pending.map(({ id }) => id)),
      maps: new Set([...snapshots.map(({ mapId }) => mapId), ...volumeMaps]),
    };
  });
}
