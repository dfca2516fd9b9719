import { GiB } from '@bakehouse/base';
import type { BlockMapId, MetadataReader } from '@bakehouse/domain';

/** A map of an earlier process: its size is known, its blocks are not. */
export interface RestoredMap {
  readonly mapId: BlockMapId;
  readonly sizeBytes: number;
}

/**
 * The maps that an earlier simulation may have captured and not reported: those of snapshots and bakes in progress, which
 * are completed only when their map is in the store.
 */
export async function restoredMaps(reader: MetadataReader): Promise<readonly RestoredMap[]> {
  const pending = await reader.list('snapshot', { where: { state: ['pending'] } });
  return pending.map(({ mapId, sizeGiB }) => ({ mapId, sizeBytes: sizeGiB * GiB }));
}
