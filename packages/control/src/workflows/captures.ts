import { invariant } from '@bakehouse/base';
import type {
  BlockMapSummary,
  FreezeVolume,
  FrozenVolume,
  InstanceId,
  Snapshot,
  SnapshotId,
  Volume,
} from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import type { WorkInProgress } from '../workflow/definition.ts';
import { hasMachine } from './machine-exit.ts';

/** Snapshots taken together: of volumes of one instance, or of one volume at rest. */
export interface CaptureInput {
  readonly snapshotIds: readonly SnapshotId[];
}

interface Capture {
  readonly snapshot: Snapshot;
  readonly volume: Volume;
  readonly freeze: FreezeVolume;
}

function captureOf(snapshot: Snapshot, volume: Volume): Capture {
  const { originMapId, baseline } = volume;
  // After a repeat the baseline is already this snapshot: then the freeze is over and so is the capture.
  const since = baseline?.snapshotId === snapshot.id ? undefined : baseline;
  const freeze: FreezeVolume = {
    volumeId: volume.id,
    snapshotId: snapshot.id,
    ...(originMapId ? { originMapId } : {}),
    ...(since ? { sinceSnapshotId: since.snapshotId, sinceMapId: since.mapId } : {}),
  };
  return { snapshot, volume, freeze };
}

/** Those of the snapshots that are still to be taken, with their volumes. */
async function readCaptures(context: WorkflowContext, input: CaptureInput): Promise<Capture[]> {
  return await context.metadata.read(async (tx) => {
    const captures: Capture[] = [];
    for (const id of input.snapshotIds) {
      const snapshot = await tx.get('snapshot', id);
      if (snapshot?.state !== 'pending') continue;
      const volume = await tx.get('volume', snapshot.volumeId);
      invariant(volume, `volume ${snapshot.volumeId} of pending ${id} has a record`);
      captures.push(captureOf(snapshot, volume));
    }
    return captures;
  });
}

/** The instance whose machine has the volumes open now; undefined when they are at rest. */
async function machineOf(
  context: WorkflowContext,
  captures: readonly Capture[],
): Promise<InstanceId | undefined> {
  const instanceId = captures[0]?.volume.attachment?.instanceId;
  if (!instanceId) return undefined;
  return (await hasMachine(context, instanceId)) ? instanceId : undefined;
}

async function freeze(
  context: WorkflowContext,
  captures: readonly Capture[],
): Promise<readonly FrozenVolume[]> {
  const machine = await machineOf(context, captures);
  const volumes = captures.map((capture) => capture.freeze);
  return await context.volumes.freeze(volumes, machine);
}

/** Fixes the instant of all the snapshots. */
export async function freezeVolumes(context: WorkflowContext, input: CaptureInput): Promise<void> {
  const captures = await readCaptures(context, input);
  if (captures.length > 0) await freeze(context, captures);
}

/** How often a capture whose machine went away under it is begun again from the disk at rest. */
const captureTriesMax = 3;

/** Reads the frozen volumes into the block store. Freezing again answers the view that is there. */
export async function captureVolumes(
  context: WorkflowContext,
  input: CaptureInput,
  work: WorkInProgress,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await captureOnce(context, input, work);
    } catch (error) {
      if (work.signal.aborted || attempt >= captureTriesMax) throw error;
      context.logger.log('warn', 'capture failed, trying again', { ...input, attempt, error });
    }
  }
}

async function captureOnce(
  context: WorkflowContext,
  input: CaptureInput,
  work: WorkInProgress,
): Promise<void> {
  const captures = await readCaptures(context, input);
  if (captures.length === 0) return;
  const frozen = await freeze(context, captures);
  for (const { snapshot } of captures) {
    const view = frozen.find((each) => each.snapshotId === snapshot.id);
    invariant(view, `the freeze of ${snapshot.id} answered its view`);
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
  const captures = await readCaptures(context, input);
  if (captures.length === 0) return;
  const machine = await machineOf(context, captures);
  const volumes = captures.map((capture) => capture.freeze);
  await context.volumes.thaw(volumes, 'captured', machine);
}

/** The snapshots are complete, and the baseline of what comes after. */
export async function completeSnapshots(
  context: WorkflowContext,
  input: CaptureInput,
): Promise<void> {
  const captures = await readCaptures(context, input);
  const summaries = new Map<SnapshotId, BlockMapSummary | undefined>();
  for (const { snapshot } of captures) {
    summaries.set(snapshot.id, await context.snapshots.find(snapshot.mapId));
  }
  const now = context.clock.now();
  await context.metadata.write(async (tx) => {
    for (const { snapshot: before, volume: known } of captures) {
      const snapshot = await tx.get('snapshot', before.id);
      const volume = await tx.get('volume', known.id);
      if (!snapshot) continue;
      const blockCount = summaries.get(snapshot.id)?.blockCount ?? 0;
      await tx.put('snapshot', {
        ...snapshot,
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
  const captures = await readCaptures(context, input);
  if (captures.length === 0) return;
  const machine = await machineOf(context, captures);
  const volumes = captures.map((capture) => capture.freeze);
  await context.volumes.thaw(volumes, 'abandoned', machine);
  const stateMessage = work.failure ?? 'abandoned';
  await context.metadata.write(async (tx) => {
    for (const { snapshot: before } of captures) {
      const snapshot = await tx.get('snapshot', before.id);
      if (snapshot?.state !== 'pending') continue;
      await tx.put('snapshot', { ...snapshot, state: 'error', stateMessage });
    }
  });
}
