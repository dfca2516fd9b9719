import {
  type BlockMapSummary,
  BlockServerUnreachableError,
  type FrozenVolume,
  type Snapshot,
  type SnapshotId,
} from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import type { WorkInProgress } from '../workflow/definition.ts';
import { awaitBlockServer } from './await-block-server.ts';
import {
  type Capture,
  freezeGroup,
  readGroup,
  readWholeGroup,
  thawGroup,
  viewOf,
} from './capture-group.ts';

/** Snapshots taken together: of volumes of one instance, or of one volume at rest. */
export interface CaptureInput {
  readonly snapshotIds: readonly SnapshotId[];
}

const snapshotsOf = (captures: readonly Capture[]) => captures.map(({ snapshot }) => snapshot);

/** Fixes the instant of all the snapshots, which is what EC2 tells as their StartTime. */
export async function freezeVolumes(
  context: WorkflowContext,
  input: CaptureInput,
  work: WorkInProgress,
): Promise<void> {
  await awaitBlockServer(context, work, () => freezeOnce(context, input));
}

async function freezeOnce(context: WorkflowContext, input: CaptureInput): Promise<void> {
  const captures = await readWholeGroup(context, input.snapshotIds);
  if (captures.length === 0) return;
  refuseLate(snapshotsOf(captures));
  const startedAt = context.clock.now();
  const views = await freezeGroup(context, captures);
  const isFresh = views.some((view) => view.fresh);
  await fixInstant(context, snapshotsOf(captures), isFresh ? { startedAt } : {});
}

/** The caller waits no more and was told that nothing is taken: then nothing is. */
function refuseLate(snapshots: readonly (Snapshot | undefined)[]): void {
  const refused = snapshots.find((snapshot) => snapshot?.instant === 'refused');
  if (refused) throw new Error(`the instant of ${refused.id} came later than its caller waited`);
}

/** From here on the snapshots have their instant, unless the caller has given up just before. */
async function fixInstant(
  context: Pick<WorkflowContext, 'metadata'>,
  snapshots: readonly Snapshot[],
  change: Partial<Snapshot>,
): Promise<void> {
  await context.metadata.write(async (tx) => {
    const now = [];
    for (const { id } of snapshots) now.push(await tx.get('snapshot', id));
    refuseLate(now);
    for (const snapshot of now) {
      if (snapshot?.state !== 'pending') continue;
      await tx.put('snapshot', { ...snapshot, ...change, instant: 'fixed' });
    }
  });
}

/** The same change of all records whose snapshots are still to be taken. */
async function changePending(
  context: Pick<WorkflowContext, 'metadata'>,
  snapshots: readonly Snapshot[],
  change: Partial<Snapshot> | (() => Partial<Snapshot>),
): Promise<void> {
  await context.metadata.write(async (tx) => {
    for (const { id } of snapshots) {
      const snapshot = await tx.get('snapshot', id);
      if (snapshot?.state !== 'pending') continue;
      const changed = typeof change === 'function' ? change() : change;
      await tx.put('snapshot', { ...snapshot, ...changed });
    }
  });
}

/** How often a capture whose machine went away under it is begun again from the disk at rest. */
const captureTriesMax = 3;

/** Reads the frozen volumes into the block store. Freezing again answers the view that is there. */
export async function captureVolumes(
  context: WorkflowContext,
  input: CaptureInput,
  work: WorkInProgress,
): Promise<void> {
  await awaitBlockServer(context, work, () => captureInTries(context, input, work));
}

async function captureInTries(
  context: WorkflowContext,
  input: CaptureInput,
  work: WorkInProgress,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const captures = await beginCapture(context, input, attempt);
      return await captureOnce(context, captures, work);
    } catch (error) {
      const isAway = error instanceof BlockServerUnreachableError;
      if (work.signal.aborted || isAway || attempt >= captureTriesMax) throw error;
      context.logger.log('warn', 'capture failed, trying again', { ...input, attempt, error });
    }
  }
}

/** Maps of an earlier try, whose view may have been another: who died between view and record cannot tell. */
async function hasCaptured(
  { snapshots }: Pick<WorkflowContext, 'snapshots'>,
  captures: readonly Capture[],
): Promise<boolean> {
  for (const { snapshot } of captures) if (await snapshots.find(snapshot.mapId)) return true;
  return false;
}

interface FrozenCapture {
  readonly capture: Capture;
  readonly view: FrozenVolume;
}

/**
 * The views, all of one instant, and maps that hold nothing of another. A view that died with its machine is
 * made anew of a later moment, and the count of changes begins there; a map that was captured of the earlier
 * one would go with that count and lack what was written between. So the group gets new maps: the old ones
 * are garbage.
 */
async function beginCapture(
  context: WorkflowContext,
  { snapshotIds }: CaptureInput,
  attempt: number,
): Promise<readonly FrozenCapture[]> {
  let captures = await readWholeGroup(context, snapshotIds);
  if (captures.length === 0) return [];
  const startedAt = context.clock.now();
  let views = await freezeGroup(context, captures);
  const isAnew = views.some((view) => view.fresh);
  if (isAnew && !views.every((view) => view.fresh)) {
    await thawGroup(context, captures, 'abandoned');
    views = await freezeGroup(context, captures);
  }
  if (isAnew || attempt > 1 || (await hasCaptured(context, captures))) {
    const newMap = () => ({
      mapId: context.ids.resource('map'),
      ...(isAnew ? { startedAt } : {}),
    });
    await changePending(context, snapshotsOf(captures), newMap);
    captures = await readWholeGroup(context, snapshotIds);
  }
  return captures.map((capture) => ({ capture, view: viewOf(views, capture) }));
}

async function captureOnce(
  context: WorkflowContext,
  captures: readonly FrozenCapture[],
  work: WorkInProgress,
): Promise<void> {
  for (const { capture, view } of captures) {
    const { snapshot } = capture;
    const { source, baseMapId } = view;
    const request = { mapId: snapshot.mapId, source, ...(baseMapId ? { baseMapId } : {}) };
    const onProgress = progressRecorder(context, snapshot.id);
    await context.snapshots.capture(request, { onProgress, signal: work.signal });
  }
}

/** Shows progress in the record, at most once for each ten percent. */
function progressRecorder(context: WorkflowContext, snapshotId: SnapshotId) {
  let shown = 0;
  return ({ doneBytes, totalBytes }: { doneBytes: number; totalBytes: number }) => {
    const percent = Math.min(99, Math.floor((doneBytes * 100) / Math.max(1, totalBytes)));
    if (percent < shown + 10) return;
    shown = percent;
    void context.metadata
      .write(async (tx) => {
        const snapshot = await tx.get('snapshot', snapshotId);
        if (snapshot?.state !== 'pending') return;
        await tx.put('snapshot', { ...snapshot, progressPercent: percent });
      })
      .catch((error) => context.logger.log('warn', 'progress not recorded', { snapshotId, error }));
  };
}

/** Ends the views; changes are counted from these snapshots on. */
export async function thawCaptured(context: WorkflowContext, input: CaptureInput): Promise<void> {
  const captures = await readWholeGroup(context, input.snapshotIds);
  await thawGroup(context, captures, 'captured');
}

/** The snapshots are complete, and the baseline of what comes after. */
export async function completeSnapshots(
  context: WorkflowContext,
  input: CaptureInput,
  work: WorkInProgress,
): Promise<void> {
  const captures = await readWholeGroup(context, input.snapshotIds);
  const summaries = new Map<SnapshotId, BlockMapSummary | undefined>();
  for (const { snapshot } of captures) {
    const find = () => context.snapshots.find(snapshot.mapId);
    summaries.set(snapshot.id, await awaitBlockServer(context, work, find));
  }
  const now = context.clock.now();
  await context.metadata.write(async (tx) => {
    for (const { snapshot: before, volume: known } of captures) {
      const snapshot = await tx.get('snapshot', before.id);
      const volume = await tx.get('volume', known.id);
      if (!snapshot) continue;
      const { blockCount = 0, sizeBytes = 0 } = summaries.get(snapshot.id) ?? {};
      await tx.put('snapshot', {
        ...snapshot,
        // The volume may have grown between the request and the instant of the freeze.
        sizeGiB: Math.max(snapshot.sizeGiB, Math.ceil(sizeBytes / 1024 ** 3)),
        state: 'completed',
        progressPercent: 100,
        completedAt: now,
        fullSizeBytes: blockCount * 512 * 1024,
      });
      const baseline = { snapshotId: snapshot.id, mapId: snapshot.mapId };
      if (volume) await tx.put('volume', { ...volume, baseline });
    }
  });
}

/** As if the snapshots had never been begun, but for their records, which say why. */
export async function abandonSnapshots(
  context: WorkflowContext,
  input: CaptureInput,
  work: WorkInProgress,
): Promise<void> {
  const { captures, orphans } = await readGroup(context, input.snapshotIds);
  await thawGroup(context, captures, 'abandoned');
  const stateMessage = work.failure ?? 'abandoned';
  const abandoned = [...snapshotsOf(captures), ...orphans];
  await changePending(context, abandoned, { state: 'error', stateMessage });
  const refused = abandoned.filter(({ instant }) => instant === 'refused');
  await context.metadata.write(async (tx) => {
    for (const { id } of refused) await tx.delete('snapshot', id);
  });
}
