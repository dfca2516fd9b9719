import type { AdminOperation } from './admin-operation.ts';
import { readHoldings } from './read-holdings.ts';
import { summarizeUsage } from './usage-rows.ts';

/**
 * Bytes of every image, snapshot and volume, and of the store: `onDiskBytes` is what the store's files take,
 * and equals `liveBytes + reclaimableBytes + overheadBytes`. Volumes' overlays are counted apart.
 */
export const usage: AdminOperation = async function* (context) {
  const used = await context.snapshots.usage();
  const holdings = await context.metadata.read(readHoldings);
  const { rows, sharedOnceBytes, unheldBytes } = summarizeUsage(holdings, used);
  const overlays = [];
  for (const volumeId of await context.volumes.list()) {
    overlays.push({ volumeId, localBytes: await context.volumes.localBytes(volumeId) });
  }
  const { liveBytes, reclaimableBytes, overheadBytes, onDiskBytes } = used;
  const store = { liveBytes, sharedOnceBytes, unheldBytes, reclaimableBytes };
  yield { rows, overlays, store: { ...store, overheadBytes, onDiskBytes } };
};
