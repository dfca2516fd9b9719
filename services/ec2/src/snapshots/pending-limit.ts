import { apiError, type MetadataReader, type Volume } from '@bakehouse/domain';

/** EC2's "Concurrent snapshots per volume": one of the throughput types, five of the others. */
const pendingMax: Partial<Record<Volume['volumeType'], number>> = { st1: 1, sc1: 1 };
const pendingMaxUsual = 5;

/** Refuses another snapshot of a volume that has as many pending ones as EC2 allows. */
export async function checkPendingSnapshots(reader: MetadataReader, volume: Volume): Promise<void> {
  const where = { volume: [volume.id], state: ['pending'] };
  const pending = await reader.list('snapshot', { where });
  const max = pendingMax[volume.volumeType] ?? pendingMaxUsual;
  if (pending.length < max) return;
  throw apiError('ConcurrentSnapshotLimitExceeded', {
    message: `Maximum allowed in-progress snapshots for a single volume exceeded: ${volume.id} has ${pending.length}, the most for a volume of type ${volume.volumeType}`,
  });
}
