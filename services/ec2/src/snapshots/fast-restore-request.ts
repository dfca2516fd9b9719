import {
  type ApiError,
  apiError,
  type FastRestore,
  fastRestoreId,
  isInRegion,
  isSharedWith,
  type MetadataReader,
  type SnapshotId,
  type ZoneName,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { checkId, notFound } from '../lookup/lookups.ts';
import { findZone } from '../network/find-zone.ts';
import { unknownZone } from '../request/refusals.ts';

/** What enabling and disabling fast restores name. */
export interface FastRestoreRequest {
  readonly AvailabilityZones?: readonly string[] | undefined;
  readonly AvailabilityZoneIds?: readonly string[] | undefined;
  readonly SourceSnapshotIds: readonly string[] | undefined;
}

/** EC2's limit on the values of a list in these requests. */
const valuesMax = 10;

function checkCount(parameter: string, values: readonly string[]): void {
  if (values.length <= valuesMax) return;
  throw apiError('InvalidRequest', {
    message: `Number of values of parameter ${parameter} must be less than or equal to ${valuesMax}.`,
  });
}

/** The zones, by their names or by their ids; one of the two must be given. */
function zonesOf({ region }: OperationContext, request: FastRestoreRequest): readonly ZoneName[] {
  const { AvailabilityZones: names = [], AvailabilityZoneIds: ids = [] } = request;
  if (names.length > 0 && ids.length > 0) {
    throw apiError('InvalidParameterCombination', {
      message: 'AvailabilityZones and AvailabilityZoneIds cannot be given together',
    });
  }
  if (names.length + ids.length === 0) {
    throw apiError('MissingParameter', { parameter: 'AvailabilityZones' });
  }
  checkCount('AvailabilityZones', names);
  checkCount('AvailabilityZoneIds', ids);
  const found = [...names, ...ids].map((named) => {
    const zone = findZone(region, ids.length > 0 ? { id: named } : { name: named });
    if (!zone) throw unknownZone(named);
    return zone;
  });
  return [...new Set(found)];
}

function snapshotIdsOf({ SourceSnapshotIds: ids = [] }: FastRestoreRequest): readonly SnapshotId[] {
  if (ids.length === 0) throw apiError('MissingParameter', { parameter: 'SourceSnapshotIds' });
  checkCount('SourceSnapshotIds', ids);
  for (const id of ids) checkId('snapshot', id);
  // Checked by the loop above.
  return [...new Set(ids)] as SnapshotId[];
}

/** One pair of the request, and its record where there is one. */
export interface FastRestorePair {
  readonly snapshotId: SnapshotId;
  readonly zone: ZoneName;
  readonly record: FastRestore | undefined;
}

export interface PairError {
  readonly snapshotId: SnapshotId;
  readonly zone: ZoneName;
  readonly error: ApiError;
}

export interface FastRestoreOutcome {
  readonly done: readonly FastRestore[];
  readonly failed: readonly PairError[];
}

/** Does something for each snapshot and zone of a request, and collects what `change` returns: a record or an error. */
export async function forEachPair(
  reader: MetadataReader,
  context: OperationContext,
  request: FastRestoreRequest,
  change: (pair: FastRestorePair) => Promise<FastRestore | ApiError>,
): Promise<FastRestoreOutcome> {
  const zones = zonesOf(context, request);
  const done: FastRestore[] = [];
  const failed: PairError[] = [];
  for (const snapshotId of snapshotIdsOf(request)) {
    for (const zone of zones) {
      const id = fastRestoreId(snapshotId, zone, context.accountId);
      const outcome = await change({
        snapshotId,
        zone,
        record: await reader.get('fastRestore', id),
      });
      if (outcome instanceof Error) failed.push({ snapshotId, zone, error: outcome });
      else done.push(outcome);
    }
  }
  return { done, failed };
}

/** Why the caller cannot have fast restores of the snapshot; undefined when it can. */
export async function snapshotProblem(
  reader: MetadataReader,
  { accountId, region }: OperationContext,
  snapshotId: SnapshotId,
): Promise<ApiError | undefined> {
  const snapshot = await reader.get('snapshot', snapshotId);
  if (!snapshot || !isInRegion(snapshot, region) || !isSharedWith(snapshot, accountId)) {
    return notFound('snapshot', snapshotId);
  }
  if (snapshot.state !== 'error') return undefined;
  return apiError('IncorrectState', {
    message: `The snapshot '${snapshotId}' has failed: it is 'error'; take another one`,
  });
}
