import { systemClock } from '@bakehouse/base';
import type { BlockMapId, ReadCounts, VolumeId } from '@bakehouse/domain';
import type { BlockStore } from '../../src/block-store.ts';
import { GuestReads } from '../../src/guest-reads/guest-reads.ts';

export interface BootOptions {
  readonly mapId: BlockMapId;
  readonly volumeId?: VolumeId;
  /** The blocks that the guest reads, one after the other. */
  readonly blocks: readonly number[];
  readonly readsAhead?: boolean;
  /** What the guest does between two reads. */
  readonly compute?: () => Promise<void>;
}

/** A guest that reads these blocks and closes its disk, as the block server sees it. Returns what was counted. */
export async function bootGuest(store: BlockStore, options: BootOptions): Promise<ReadCounts> {
  const { mapId, volumeId = 'vol-00000000000000001', blocks, readsAhead = true, compute } = options;
  const reads = new GuestReads({ orders: store.orders, clock: systemClock, readsAhead });
  const map = await store.openMap(mapId);
  const { reader, release } = await reads.open({ mapId, volumeId }, map);
  for (const block of blocks) {
    await compute?.();
    if (reader.peekBlock(block) === 'not-cached') {
      const begun = performance.now();
      await reader.readBlock(block);
      reader.served(4096, performance.now() - begun);
    } else reader.served(4096);
  }
  const { total } = reader.reads();
  release();
  await reads.close();
  return total;
}
