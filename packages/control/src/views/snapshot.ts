import type * as Ec2 from '@bakehouse/aws-model';
import type { AccountId, MetadataReader, Snapshot } from '@bakehouse/domain';
import { ownTags } from '../own-tags.ts';
import { tagsView } from '../tag-specification.ts';

export type SnapshotView = NonNullable<Ec2.Ec2Output<'DescribeSnapshots'>['Snapshots']>[number];
type SnapshotInfoView = NonNullable<Ec2.Ec2Output<'CreateSnapshots'>['Snapshots']>[number];

/** A snapshot with what its view takes from other records. */
export interface SnapshotFacts {
  readonly snapshot: Snapshot;
  readonly ownerAlias?: string;
}

/** Tags are each account's own: others neither see them nor find the snapshot by them. */
export async function readSnapshotFacts(
  reader: MetadataReader,
  snapshot: Snapshot,
  viewerId: AccountId,
): Promise<SnapshotFacts> {
  const owner = await reader.get('account', snapshot.ownerId);
  const seen = { ...snapshot, tags: ownTags(snapshot, viewerId) };
  return { snapshot: seen, ...(owner?.ownerAlias ? { ownerAlias: owner.ownerAlias } : {}) };
}

/** What both shapes of a snapshot show. */
export function snapshotInfoView(snapshot: Snapshot) {
  return {
    SnapshotId: snapshot.id,
    VolumeId: snapshot.volumeId,
    VolumeSize: snapshot.sizeGiB,
    State: snapshot.state,
    Progress: `${snapshot.progressPercent}%`,
    StartTime: new Date(snapshot.startedAt),
    OwnerId: snapshot.ownerId,
    Description: snapshot.description,
    Encrypted: snapshot.encrypted,
    Tags: tagsView(snapshot.tags),
  } satisfies SnapshotInfoView;
}

/** The official shape of a snapshot. */
export function snapshotView({ snapshot, ownerAlias }: SnapshotFacts): SnapshotView {
  const { stateMessage, completedAt, fullSizeBytes } = snapshot;
  return {
    ...snapshotInfoView(snapshot),
    StorageTier: 'standard',
    ...(ownerAlias ? { OwnerAlias: ownerAlias } : {}),
    ...(stateMessage === undefined ? {} : { StateMessage: stateMessage }),
    ...(completedAt === undefined ? {} : { CompletionTime: new Date(completedAt) }),
    ...(fullSizeBytes === undefined ? {} : { FullSnapshotSizeInBytes: fullSizeBytes }),
  };
}
