import { secondMs } from '@bakehouse/base';
import { apiError, type Snapshot } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { refuseUnserved } from '../../refuse-unserved.ts';

/**
 * How long an answer waits for the instant of a snapshot to be fixed: another capture of the volume may have
 * to end first. A little less than the 60 seconds that the SDKs wait for an answer.
 */
export const freezeWaitMs = 55 * secondMs;

/** The planned record with the instant that the freeze fixed, or the error that came instead. */
export async function begunSnapshot(
  context: Pick<OperationContext, 'read'>,
  planned: Snapshot,
): Promise<Snapshot> {
  const now = await context.read((reader) => reader.get('snapshot', planned.id));
  if (now?.state === 'error') return now;
  return { ...planned, startedAt: now?.startedAt ?? planned.startedAt };
}

/** Snapshots are kept in the region: there are no Outposts or Local Zones. */
export function checkSnapshotPlace(request: {
  readonly OutpostArn?: string | undefined;
  readonly Location?: string | undefined;
}): void {
  refuseUnserved(request, ['OutpostArn']);
  const { Location: location = 'regional' } = request;
  if (location === 'regional') return;
  throw apiError('InvalidParameterValue', {
    message: `Value (${location}) for parameter location is invalid. Snapshots are 'regional' here.`,
  });
}
