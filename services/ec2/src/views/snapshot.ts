import type * as Ec2 from '@bakehouse/aws-model';
import type { AccountId, MetadataReader, Snapshot } from '@bakehouse/domain';
import { ownTags, tagsIfAny, tagsView } from '../request/tags.ts';
import { withMilliseconds } from './time.ts';

export type SnapshotView = NonNullable<Ec2.Ec2Output<'DescribeSnapshots'>['Snapshots']>[number];
type SnapshotInfoView = NonNullable<Ec2.Ec2Output<'CreateSnapshots'>['Snapshots']>[number];

/** A snapshot with the members that come from other records. */
export interface SnapshotFacts {
  readonly snapshot: Snapshot;
  readonly ownerAlias?: string;
}

/** The tags are the viewer's: each account sees and finds a snapshot by its own tags only. */
export async function readSnapshotFacts(
  reader: MetadataReader,
  snapshot: Snapshot,
  viewerId: AccountId,
): Promise<SnapshotFacts> {
  const owner = await reader.get('account', snapshot.ownerId);
  const seen = { ...snapshot, tags: ownTags(snapshot, viewerId) };
  return { snapshot: seen, ...(owner?.ownerAlias ? { ownerAlias: owner.ownerAlias } : {}) };
}

/** Empty until something was copied. */
export const progressText = ({ state, progressPercent }: Snapshot): string =>
  state === 'pending' && progressPercent === 0 ? '' : `${progressPercent}%`;

/** What every reply shows of a snapshot. */
function commonView(snapshot: Snapshot) {
  const { encryption } = snapshot;
  return {
    SnapshotId: snapshot.id,
    VolumeId: snapshot.volumeId,
    VolumeSize: snapshot.sizeGiB,
    State: snapshot.state,
    Progress: progressText(snapshot),
    StartTime: withMilliseconds(snapshot.startedAt),
    OwnerId: snapshot.ownerId,
    Description: snapshot.description,
    ...(encryption ? { Encrypted: true, KmsKeyId: encryption.keyId } : { Encrypted: false }),
  } satisfies SnapshotInfoView;
}

/** The reply of CreateSnapshot and CreateSnapshots; its list of tags may be empty. */
export const newSnapshotView = (snapshot: Snapshot) => ({
  ...commonView(snapshot),
  Tags: tagsView(snapshot.tags),
});

/** The official shape of a snapshot. */
export function snapshotView({ snapshot, ownerAlias }: SnapshotFacts): SnapshotView {
  const { stateMessage, completedAt, fullSizeBytes } = snapshot;
  return {
    ...commonView(snapshot),
    ...tagsIfAny(snapshot.tags),
    StorageTier: 'standard',
    TransferType: 'standard',
    ...(ownerAlias ? { OwnerAlias: ownerAlias } : {}),
    ...(stateMessage === undefined ? {} : { StateMessage: stateMessage }),
    ...(completedAt === undefined ? {} : { CompletionTime: withMilliseconds(completedAt) }),
    ...(fullSizeBytes === undefined ? {} : { FullSnapshotSizeInBytes: fullSizeBytes }),
  };
}
