import { GiB, minuteMs, secondMs } from '@bakehouse/base';
import {
  type BlockMapSummary,
  blockBytes,
  completeSnapshot,
  type FrozenVolume,
  type MetadataTransaction,
  type Snapshot,
  type SnapshotId,
} from '@bakehouse/domain';
import {
  type Commit,
  type RetryRule,
  StepFailure,
  type WorkflowStep,
  type WorkInProgress,
} from '@bakehouse/workflow-engine';
import * as v from 'valibot';
import type { WorkflowContext } from '../context.ts';
import {
  type Capture,
  freezeGroup,
  readGroup,
  readWholeGroup,
  thawGroup,
  viewOf,
} from './capture-group.ts';
import { failureCodes } from './failures.ts';
import { inputFields, inputReader } from './input.ts';
import type { HostResource } from './widths.ts';

const { snapshotId } = inputFields;

/** Snapshots taken together: of volumes of one instance, or of one volume at rest. */
export const readCaptureInput = inputReader({ snapshotIds: v.array(snapshotId) });
export type CaptureInput = ReturnType<typeof readCaptureInput>;

const snapshotsOf = (captures: readonly Capture[]) => captures.map(({ snapshot }) => snapshot);

/** Changes the records of those snapshots that are still to be taken. */
async function changePending(
  tx: MetadataTransaction,
  snapshots: readonly Pick<Snapshot, 'id'>[],
  change: (snapshot: Snapshot) => Snapshot | undefined,
): Promise<void> {
  for (const { id } of snapshots) {
    const snapshot = await tx.get('snapshot', id);
    if (snapshot?.state !== 'pending') continue;
    const changed = change(snapshot);
    if (changed) await tx.put('snapshot', changed);
    else await tx.delete('snapshot', id);
  }
}

/** The caller has stopped waiting and got an error that says nothing is taken, so nothing may be. */
function refuseLate(snapshots: readonly (Snapshot | undefined)[]): void {
  const refused = snapshots.find((snapshot) => snapshot?.instant === 'refused');
  if (!refused) return;
  throw new StepFailure(
    failureCodes.tooLate,
    `the instant of ${refused.id} came later than its caller waited`,
  );
}

/** Fixes the instant of all the snapshots, which EC2 shows as their StartTime. */
export async function freezeSnapshots(
  context: WorkflowContext,
  input: CaptureInput,
): Promise<Commit | undefined> {
  const captures = await readWholeGroup(context, input.snapshotIds);
  if (captures.length === 0) return undefined;
  const snapshots = snapshotsOf(captures);
  refuseLate(snapshots);
  const startedAt = context.clock.now();
  const views = await freezeGroup(context, captures);
  const change = views.some((view) => view.fresh) ? { startedAt } : {};
  return async (tx) => {
    // The caller may have given up just before.
    for (const { id } of snapshots) refuseLate([await tx.get('snapshot', id)]);
    await changePending(tx, snapshots, (each) => ({ ...each, ...change, instant: 'fixed' }));
  };
}

/** Reads the frozen volumes into the block store. Freezing again returns the view that exists. */
async function captureVolumes(
  context: WorkflowContext,
  input: CaptureInput,
  work: WorkInProgress,
): Promise<void> {
  for (const { capture, view } of await beginCapture(context, input, work)) {
    const { snapshot } = capture;
    const { source, baseMapId } = view;
    const request = { mapId: snapshot.mapId, source, ...(baseMapId ? { baseMapId } : {}) };
    const onProgress = progressRecorder(context, snapshot, work);
    await context.snapshots.capture(request, { onProgress, signal: work.signal });
  }
}

/** True when a map of an earlier try exists. It may be of another view: a crash between view and record leaves no trace. */
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
 * The views, all of one instant, and maps that hold nothing of another. A view that was lost with its machine is made
 * again of a later moment, and the count of changes begins there. A map captured from the earlier view would be combined
 * with that count, and lack what was written in between. So the group gets new maps, and the old ones become garbage.
 */
async function beginCapture(
  context: WorkflowContext,
  { snapshotIds }: CaptureInput,
  work: WorkInProgress,
): Promise<readonly FrozenCapture[]> {
  let captures = await readWholeGroup(context, snapshotIds);
  if (captures.length === 0) return [];
  const startedAt = context.clock.now();
  let views = await freezeGroup(context, captures);
  const isFresh = views.some((view) => view.fresh);
  if (isFresh && !views.every((view) => view.fresh)) {
    await thawGroup(context, captures, 'abandoned');
    views = await freezeGroup(context, captures);
  }
  if (isFresh || work.attempt > 1 || (await hasCaptured(context, captures))) {
    const change = isFresh ? { startedAt } : {};
    // The records come first, so that no prune takes the new maps.
    await work.write((tx) =>
      changePending(tx, snapshotsOf(captures), (snapshot) => ({
        ...snapshot,
        ...change,
        mapId: context.ids.resource('map'),
      })),
    );
    captures = await readWholeGroup(context, snapshotIds);
  }
  return captures.map((capture) => ({ capture, view: viewOf(views, capture) }));
}

/** Shows progress in the record, at most once for each ten percent. */
function progressRecorder(
  { logger }: WorkflowContext,
  snapshot: Snapshot,
  { write }: WorkInProgress,
) {
  let shown = 0;
  return ({ doneBytes, totalBytes }: { doneBytes: number; totalBytes: number }) => {
    const progressPercent = Math.min(99, Math.floor((doneBytes * 100) / Math.max(1, totalBytes)));
    if (progressPercent < shown + 10) return;
    shown = progressPercent;
    write((tx) => changePending(tx, [snapshot], (each) => ({ ...each, progressPercent }))).catch(
      (error: unknown) =>
        logger.log('warn', 'progress not recorded', { snapshotId: snapshot.id, error }),
    );
  };
}

/** Ends the views. Changes are counted from these snapshots on. */
async function thawCaptured(context: WorkflowContext, input: CaptureInput): Promise<void> {
  const captures = await readWholeGroup(context, input.snapshotIds);
  await thawGroup(context, captures, 'captured');
}

/** The record of a snapshot whose blocks are in the store. The volume may have grown before the freeze. */
function completed(
  snapshot: Snapshot,
  { blockCount, sizeBytes }: BlockMapSummary,
  now: number,
): Snapshot {
  const sizeGiB = Math.max(snapshot.sizeGiB, Math.ceil(sizeBytes / GiB));
  const done = { at: now, fullSizeBytes: blockCount * blockBytes };
  return completeSnapshot({ ...snapshot, sizeGiB }, done);
}

/** The snapshots are complete, and the baseline of what comes after. */
async function completeSnapshots(context: WorkflowContext, input: CaptureInput): Promise<Commit> {
  const captures = await readWholeGroup(context, input.snapshotIds);
  const summaries = new Map<SnapshotId, BlockMapSummary>();
  for (const { id, mapId } of snapshotsOf(captures)) {
    const summary = await context.snapshots.find(mapId);
    if (!summary) throw new Error(`the blocks of ${id} are not in the store`);
    summaries.set(id, summary);
  }
  const now = context.clock.now();
  return async (tx) => {
    for (const { snapshot: before, volume: known } of captures) {
      const snapshot = await tx.get('snapshot', before.id);
      const volume = await tx.get('volume', known.id);
      const summary = summaries.get(before.id);
      if (!snapshot || !summary) continue;
      await tx.put('snapshot', completed(snapshot, summary, now));
      const baseline = { snapshotId: snapshot.id, mapId: snapshot.mapId };
      if (volume) await tx.put('volume', { ...volume, baseline });
    }
  };
}

/** As if the snapshots had never been begun, but for their records, which say why. Refused ones are deleted. */
async function abandonSnapshots(
  context: WorkflowContext,
  input: CaptureInput,
  { failure }: WorkInProgress,
): Promise<Commit> {
  const { captures, orphans } = await readGroup(context, input.snapshotIds);
  await thawGroup(context, captures, 'abandoned');
  const stateMessage = failure?.message ?? 'abandoned';
  return (tx) =>
    changePending(tx, [...snapshotsOf(captures), ...orphans], (snapshot) =>
      snapshot.instant === 'refused' ? undefined : { ...snapshot, state: 'error', stateMessage },
    );
}

/**
 * A block server that ended is started again within seconds; a large store takes longer to open. What was promised to a
 * caller does not fail because of that.
 */
export const whileStoreIsAway: RetryRule = {
  on: [failureCodes.blockStoreAway],
  withinMs: 5 * minuteMs,
  pauseMs: secondMs,
};

/** A capture whose machine went away under it begins again from the disk at rest. */
const threeTries: RetryRule = { on: 'any', triesMax: 3, pauseMs: 200, pauseMsMax: secondMs };

/** From pending records to blocks in the store, for every workflow that takes snapshots. */
export const captureSteps: readonly WorkflowStep<WorkflowContext, CaptureInput, HostResource>[] = [
  {
    name: 'freeze',
    run: { perform: freezeSnapshots, retry: [whileStoreIsAway] },
    undo: abandonSnapshots,
  },
  {
    name: 'capture',
    uses: 'capture',
    run: { perform: captureVolumes, retry: [whileStoreIsAway, threeTries] },
    save: true,
  },
  { name: 'thaw', run: thawCaptured },
  { name: 'complete', run: { perform: completeSnapshots, retry: [whileStoreIsAway] } },
];
