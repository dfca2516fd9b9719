import { invariant } from '@bakehouse/base';
import type {
  FreezeVolume,
  FrozenVolume,
  HostId,
  InstanceId,
  MetadataReader,
  RegionName,
  Snapshot,
  SnapshotId,
  Volume,
} from '@bakehouse/domain';
import { StepFailure } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { failureCodes } from './failures.ts';
import { hasMachine } from './machine-exit.ts';
import { volumeHost } from './volume-record.ts';

/** A snapshot that is being taken, and what the freeze of its volume needs to know. */
export interface Capture {
  readonly snapshot: Snapshot;
  readonly volume: Volume;
  readonly freeze: FreezeVolume;
}

export interface CaptureGroup {
  readonly captures: readonly Capture[];
  /** Pending snapshots whose volumes ended before they could be taken: a launch that failed, a termination. */
  readonly orphans: readonly Snapshot[];
}

function captureOf(snapshot: Snapshot, volume: Volume): Capture {
  const { originMapId, baseline } = volume;
  // When the step is repeated, the baseline may already be this snapshot: then freeze and capture are over.
  const since = baseline?.snapshotId === snapshot.id ? undefined : baseline;
  const freeze: FreezeVolume = {
    volumeId: volume.id,
    snapshotId: snapshot.id,
    ...(originMapId ? { originMapId } : {}),
    ...(since ? { sinceSnapshotId: since.snapshotId, sinceMapId: since.mapId } : {}),
  };
  return { snapshot, volume, freeze };
}

/**
 * Where the work that takes these snapshots belongs: it has their volumes' lanes, and their own, in which a freeze may be
 * ahead of it. Volumes that are taken together are of one instance, so they are on one host.
 */
export async function snapshotsPlace(
  reader: MetadataReader,
  snapshotIds: readonly SnapshotId[],
): Promise<{ region: RegionName; hostId?: HostId; lanes: readonly string[] }> {
  const snapshots: Snapshot[] = [];
  for (const id of snapshotIds) {
    const snapshot = await reader.get('snapshot', id);
    invariant(snapshot, `snapshot ${id} has a record when its capture begins`);
    snapshots.push(snapshot);
  }
  const [first] = snapshots;
  invariant(first, 'a capture is of at least one snapshot');
  const host = await volumeHost(reader, first.volumeId);
  return {
    region: first.region,
    ...host,
    lanes: [...snapshots.map(({ volumeId }) => volumeId), ...snapshotIds],
  };
}

/** Those of the snapshots that are still to be taken. */
export async function readGroup(
  context: Pick<WorkflowContext, 'metadata'>,
  snapshotIds: readonly SnapshotId[],
): Promise<CaptureGroup> {
  return await context.metadata.read(async (tx) => {
    const captures: Capture[] = [];
    const orphans: Snapshot[] = [];
    for (const id of snapshotIds) {
      const snapshot = await tx.get('snapshot', id);
      if (snapshot?.state !== 'pending') continue;
      const volume = await tx.get('volume', snapshot.volumeId);
      if (volume) captures.push(captureOf(snapshot, volume));
      else orphans.push(snapshot);
    }
    return { captures, orphans };
  });
}

/** The group's captures. Fails when a volume no longer exists, since snapshots taken together are all or none. */
export async function readWholeGroup(
  context: Pick<WorkflowContext, 'metadata'>,
  snapshotIds: readonly SnapshotId[],
): Promise<readonly Capture[]> {
  const { captures, orphans } = await readGroup(context, snapshotIds);
  const [orphan] = orphans;
  if (orphan === undefined) return captures;
  throw new StepFailure(
    failureCodes.volumeGone,
    `the volume ${orphan.volumeId} was deleted before ${orphan.id} could be taken`,
  );
}

/**
 * Where each volume is open now: in the machine of an instance, or nowhere (undefined). The volumes' lanes are held by
 * this work, or by the capture that waits behind a freeze (`enqueueFreeze`). So an attachment that is `attaching` waits
 * behind it and is not in a machine yet, and one that is being ended still is.
 */
async function byMachine(
  context: Pick<WorkflowContext, 'compute'>,
  captures: readonly Capture[],
): Promise<ReadonlyMap<InstanceId | undefined, FreezeVolume[]>> {
  const parts = new Map<InstanceId | undefined, FreezeVolume[]>();
  const machines = new Map<InstanceId, boolean>();
  for (const { volume, freeze } of captures) {
    const { instanceId, state } = volume.attachment ?? {};
    const isIn = instanceId !== undefined && state !== 'attaching';
    // Asked once for each instance: its volumes are frozen together or at rest together.
    if (isIn && !machines.has(instanceId)) {
      machines.set(instanceId, await hasMachine(context, instanceId));
    }
    const place = isIn && machines.get(instanceId) ? instanceId : undefined;
    parts.set(place, [...(parts.get(place) ?? []), freeze]);
  }
  return parts;
}

/** One freeze for each machine: what is at rest does not change while the others are frozen. */
export async function freezeGroup(
  context: Pick<WorkflowContext, 'compute' | 'volumes'>,
  captures: readonly Capture[],
): Promise<readonly FrozenVolume[]> {
  const views: FrozenVolume[] = [];
  for (const [machine, volumes] of await byMachine(context, captures)) {
    views.push(...(await context.volumes.freeze(volumes, machine)));
  }
  return views;
}

export async function thawGroup(
  context: Pick<WorkflowContext, 'compute' | 'volumes'>,
  captures: readonly Capture[],
  outcome: 'captured' | 'abandoned',
): Promise<void> {
  for (const [machine, volumes] of await byMachine(context, captures)) {
    await context.volumes.thaw(volumes, outcome, machine);
  }
}

/** The view of one capture. */
export function viewOf(views: readonly FrozenVolume[], { snapshot }: Capture): FrozenVolume {
  const view = views.find((each) => each.snapshotId === snapshot.id);
  invariant(view, `the freeze of ${snapshot.id} returned its view`);
  return view;
}
