import { apiError, inState, wantsHotMap } from '@bakehouse/domain';
import type { Operation } from '../../operation.ts';
import { forEachPair } from '../../snapshots/fast-restore-request.ts';
import { fastRestoresReply } from '../../views/fast-restore.ts';

/** Gives up the local copy. Volumes that were made with it keep it as long as they need it. */
export const disableFastSnapshotRestores: Operation<'DisableFastSnapshotRestores'> = async (
  context,
  request,
) =>
  await context.write(async (tx) => {
    const outcome = await forEachPair(tx, context, request, async (pair) => {
      const { snapshotId, zone, record } = pair;
      if (!record || record.state === 'disabled') {
        return apiError('IncorrectState', {
          message: `Fast snapshot restores are not enabled for '${snapshotId}' in ${zone}`,
        });
      }
      if (!wantsHotMap.includes(record.state)) return record;
      const ending = inState(record, 'disabling', context.now);
      await tx.put('fastRestore', ending);
      return ending;
    });
    return await fastRestoresReply(tx, outcome);
  });
