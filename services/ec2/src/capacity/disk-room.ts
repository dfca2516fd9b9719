import { apiError } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';

/**
 * `context.write` for requests whose new volumes or snapshots need room on the host's disks. `work` calls
 * `claimRoom` once everything else about the request is known to be right, before it puts its records; without
 * room that throws. The host is asked before the transaction, which may wait for nothing but the store.
 */
export async function writeWithRoom<Result>(
  { diskRoom, write }: Pick<OperationContext, 'diskRoom' | 'write'>,
  work: (tx: ControlTransaction, claimRoom: () => void) => Promise<Result>,
): Promise<Result> {
  const [shortage] = (await diskRoom?.shortages()) ?? [];
  const claimRoom = () => {
    if (shortage !== undefined) throw apiError('InsufficientVolumeCapacity', { message: shortage });
  };
  return await write((tx) => work(tx, claimRoom));
}
