import {
  type ApiError,
  apiError,
  type FastRestore,
  fastRestoreId,
  inState,
  type MetadataTransaction,
  type SnapshotId,
  wantsHotMap,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { ownQuery } from '../../lookup/owned-steps.ts';
import type { Operation } from '../../operation.ts';
import {
  type FastRestorePair,
  forEachPair,
  snapshotProblem,
} from '../../snapshots/fast-restore-request.ts';
import { fastRestoresReply } from '../../views/fast-restore.ts';

/** EC2's quota: snapshots with fast restores in a region. */
const snapshotsMax = 5;

async function enabledSnapshots(
  tx: MetadataTransaction,
  context: OperationContext,
): Promise<Set<SnapshotId>> {
  const where = { state: [...wantsHotMap] };
  const records = await tx.list('fastRestore', ownQuery(context, { where }));
  return new Set(records.map(({ snapshotId }) => snapshotId));
}

const tooMany = (): ApiError =>
  apiError('ResourceLimitExceeded', {
    message: `Fast snapshot restores are enabled for ${snapshotsMax} snapshots in this region, which is the limit; disable them for another snapshot first`,
  });

function enabling(
  { ownerId, region }: Pick<FastRestore, 'ownerId' | 'region'>,
  { snapshotId, zone, record }: FastRestorePair,
  now: number,
): FastRestore {
  const id = fastRestoreId(snapshotId, zone, ownerId);
  const entered = { enabling: now };
  if (!record) {
    return { id, ownerId, region, snapshotId, zone, state: 'enabling', enteredAt: entered };
  }
  return inState({ ...record, enteredAt: {} }, 'enabling', now);
}

/** Asks for a local copy of the snapshots' blocks; the record says `enabled` when volumes get it. */
export const enableFastSnapshotRestores: Operation<'EnableFastSnapshotRestores'> = async (
  context,
  request,
) =>
  await context.write(async (tx) => {
    const enabled = await enabledSnapshots(tx, context);
    const outcome = await forEachPair(tx, context, request, async (pair) => {
      const { snapshotId, record } = pair;
      if (record && wantsHotMap.includes(record.state)) return record;
      const problem = await snapshotProblem(tx, context, snapshotId);
      if (problem) return problem;
      if (!enabled.has(snapshotId) && enabled.size >= snapshotsMax) return tooMany();
      enabled.add(snapshotId);
      const owner = { ownerId: context.accountId, region: context.region };
      const made = enabling(owner, pair, context.now);
      await tx.put('fastRestore', made);
      return made;
    });
    return await fastRestoresReply(tx, outcome);
  });
