import { MiB } from '@bakehouse/base';
import type { CaptureProgress, InstanceId, Volume, VolumeId } from '@bakehouse/domain';
import type { ReconcilerContext } from '../context.ts';
import { resumeBytes } from '../room/plan-room.ts';
import { hasMachine } from '../workflows/machine-exit.ts';
import { enqueuePrune } from '../workflows/prune-blocks.ts';
import { changeVolume } from '../workflows/volume-record.ts';

type HydrateContext = Pick<
  ReconcilerContext,
  'metadata' | 'clock' | 'logger' | 'engine' | 'compute' | 'volumes' | 'room' | 'guestRoom'
>;

const isOver = ({ state, initialization }: Volume): boolean =>
  initialization?.state !== 'initializing' || state === 'error' || state === 'deleting';

/** The machine that has the disk now; undefined at rest. It cannot change meanwhile: the lane is free. */
async function machineOf(
  context: HydrateContext,
  { attachment }: Volume,
): Promise<InstanceId | undefined> {
  if (!attachment || attachment.state === 'attaching') return undefined;
  const { instanceId } = attachment;
  return (await hasMachine(context, instanceId)) ? instanceId : undefined;
}

/** Copies what the volume lacks from the block store, then releases its map. */
export async function fillVolume(
  context: HydrateContext,
  volumeId: VolumeId,
  signal: AbortSignal,
): Promise<'over' | 'later'> {
  const volume = await context.metadata.read((tx) => tx.get('volume', volumeId));
  if (!volume || isOver(volume)) return 'over';
  if (signal.aborted) return 'later';
  const instanceId = await machineOf(context, volume);
  if (await isShortOfRoom(context)) {
    // QEMU may go on with what an earlier control plane began.
    await context.volumes.endHydration(volumeId, instanceId);
    return 'later';
  }
  const full = new AbortController();
  const record = progressRecorder(context, volume);
  const { rateMiBps } = volume.initialization ?? {};
  const isWhole = await context.volumes.hydrate(volumeId, instanceId, {
    signal: AbortSignal.any([signal, full.signal]),
    ...(rateMiBps === undefined ? {} : { bytesPerSecond: rateMiBps * MiB }),
    onProgress(progress) {
      record(progress);
      void stopWhenFull(context, full);
    },
  });
  if (!isWhole) return 'later';
  await complete(context, volumeId);
  return 'over';
}

/**
 * A full disk pauses guests, which must not happen for a copy that nobody waits for: it leaves them as much as paused ones
 * need to go on.
 */
async function isShortOfRoom({ room, guestRoom }: HydrateContext): Promise<boolean> {
  if (((await room?.shortages()) ?? []).length > 0) return true;
  const [ofVolumes] = (await guestRoom?.look()) ?? [];
  return ofVolumes !== undefined && ofVolumes.freeBytes < resumeBytes(ofVolumes);
}

async function stopWhenFull(context: HydrateContext, full: AbortController): Promise<void> {
  if (await isShortOfRoom(context).catch(() => false)) full.abort(new Error('the disk is full'));
}

/** Records progress, once for each percent. A later try continues from there. */
function progressRecorder(context: HydrateContext, { id, initialization }: Volume) {
  let shown = initialization?.progressPercent ?? 0;
  return ({ doneBytes, totalBytes }: CaptureProgress) => {
    const percent = Math.min(99, Math.floor((doneBytes * 100) / Math.max(1, totalBytes)));
    if (percent <= shown) return;
    shown = percent;
    const record = context.metadata.write((tx) =>
      changeVolume(tx, id, (volume) =>
        volume.initialization?.state === 'initializing'
          ? { ...volume, initialization: { ...volume.initialization, progressPercent: percent } }
          : volume,
      ),
    );
    record.catch((error: unknown) =>
      context.logger.log('warn', 'progress not recorded', { volumeId: id, error }),
    );
  };
}

/** Releases the map in the record. The disk no longer needs it, so it may be pruned from now on. */
async function complete({ engine, clock }: HydrateContext, volumeId: VolumeId): Promise<void> {
  await engine.write(async (tx) => {
    const volume = await tx.get('volume', volumeId);
    if (!volume?.initialization) return;
    const { originMapId, ...rest } = volume;
    const ended = { state: 'completed', progressPercent: 100, endedAt: clock.now() } as const;
    await tx.put('volume', { ...rest, initialization: { ...volume.initialization, ...ended } });
    if (originMapId) await enqueuePrune(tx);
  });
}

/** Ends a hydration in a machine that an earlier control plane began. */
export async function stopFilling(
  { metadata, volumes }: Pick<ReconcilerContext, 'metadata' | 'volumes'>,
  volumeId: VolumeId,
): Promise<void> {
  const volume = await metadata.read((tx) => tx.get('volume', volumeId));
  await volumes.endHydration(volumeId, volume?.attachment?.instanceId);
}
