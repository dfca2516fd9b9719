import type * as Ec2 from '@bakehouse/aws-model';
import {
  type FastRestore,
  type FastRestoreState,
  type MetadataReader,
  type SnapshotId,
  zoneId,
} from '@bakehouse/domain';
import type { FastRestoreOutcome, PairError } from '../snapshots/fast-restore-request.ts';
import { withMilliseconds } from './time.ts';

type Described = Ec2.Ec2Output<'DescribeFastSnapshotRestores'>['FastSnapshotRestores'];
type View = NonNullable<Described>[number];

/** A record with the member that comes from another. */
export interface ShownFastRestore {
  readonly record: FastRestore;
  readonly ownerAlias?: string;
}

export async function readShownFastRestore(
  reader: MetadataReader,
  record: FastRestore,
): Promise<ShownFastRestore> {
  const owner = await reader.get('account', record.ownerId);
  return { record, ...(owner?.ownerAlias ? { ownerAlias: owner.ownerAlias } : {}) };
}

const reasons: { readonly [S in FastRestoreState]: string } = {
  enabling: 'Client.UserInitiated',
  optimizing: 'Client.UserInitiated - Lifecycle state transition',
  enabled: 'Client.UserInitiated - Lifecycle state transition',
  disabling: 'Client.UserInitiated',
  disabled: 'Client.UserInitiated - Lifecycle state transition',
};

const timeMembers = {
  enabling: 'EnablingTime',
  optimizing: 'OptimizingTime',
  enabled: 'EnabledTime',
  disabling: 'DisablingTime',
  disabled: 'DisabledTime',
} as const satisfies { readonly [S in FastRestoreState]: keyof View };

function times({ enteredAt }: FastRestore): Partial<View> {
  const shown: Partial<View> = {};
  for (const state of Object.keys(timeMembers) as FastRestoreState[]) {
    const at = enteredAt[state];
    if (at !== undefined) shown[timeMembers[state]] = withMilliseconds(at);
  }
  return shown;
}

/** The official shape of the fast restores of a snapshot in a zone. */
export function fastRestoreView({ record, ownerAlias }: ShownFastRestore): View {
  const zone = zoneId(record.zone);
  return {
    SnapshotId: record.snapshotId,
    AvailabilityZone: record.zone,
    ...(zone ? { AvailabilityZoneId: zone } : {}),
    State: record.state,
    StateTransitionReason: reasons[record.state],
    OwnerId: record.ownerId,
    ...(ownerAlias ? { OwnerAlias: ownerAlias } : {}),
    ...times(record),
  };
}

/** The errors of a request by snapshot, as EC2 groups them. */
function errorViews(failed: readonly PairError[]) {
  const bySnapshot = Map.groupBy(failed, ({ snapshotId }): SnapshotId => snapshotId);
  return [...bySnapshot].map(([snapshotId, errors]) => ({
    SnapshotId: snapshotId,
    FastSnapshotRestoreStateErrors: errors.map(({ zone, error }) => {
      const id = zoneId(zone);
      return {
        AvailabilityZone: zone,
        ...(id ? { AvailabilityZoneId: id } : {}),
        Error: { Code: error.code, Message: error.message },
      };
    }),
  }));
}

/** The reply of enabling and disabling. */
export async function fastRestoresReply(
  reader: MetadataReader,
  { done, failed }: FastRestoreOutcome,
) {
  const facts: ShownFastRestore[] = [];
  for (const record of done) facts.push(await readShownFastRestore(reader, record));
  return { Successful: facts.map(fastRestoreView), Unsuccessful: errorViews(failed) };
}
