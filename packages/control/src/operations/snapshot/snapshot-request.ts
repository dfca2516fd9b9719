import { apiError } from '@bakehouse/domain';
import { refuseUnserved } from '../../refuse-unserved.ts';

/** How long an answer waits for the instant of a snapshot to be fixed. */
export const freezeWaitMs = 5000;

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
