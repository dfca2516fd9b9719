import { MiB } from '@bakehouse/base';
import type { CaptureProgress, InstanceId, Volume, VolumeId } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { hasMachine } from '../workflows/machine-exit.ts';
import { enqueuePrune } from '../workflows/prune-blocks.ts';
import { changeVolume } from '../workflows/volume-record.ts';

type HydrateContext = Pick<
  WorkflowContext,
  'metadata' | 'clock' | 'logger' | 'engine' | 'compute' | 'volumes' | 'room'
>;

const isOver = ({ state, initialization }: Volume): boolean =>
  initialization?.state !== 'initializing' || state === 'error' || state === 'deleting';

/** The machine that has the disk now; undefined when it is at rest. Nobody moves it: its lane is free. */
async function machineOf(
  context: HydrateContext,
  { attachment }: Volume,
): Promise<InstanceId | undefined> {
  if (!attachment || attachment.state === 'attaching') return undefined;
  const { instanceId } = attachment;
  return (await hasMachine(context, instanceId)) ? instanceId : undefined;
}

/** Copies what the volume lacks from the block store, then lets go of its map. */
export async function hydrateVolume(
  context: HydrateContext,
  volumeId: VolumeId,
  signal: AbortSignal,
): Promise<'over' | 'later'> {
  const volume = await context.metadata.read((tx) => tx.get('volume', volumeId));
  if (!volume || isOver(volume)) return 'over';
  if (signal.aborted || (await isShortOfRoom(context))) return 'later';
  const full = new AbortController();
  const record = progressRecorder(context, volume);
  const { rateMiBps } = volume.initialization ?? {};
  const isWhole = await context.volumes.hydrate(volumeId, await machineOf(context, volume), {
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

/** Guests need what is left of the disk: they would be paused for what nobody waits for. */
async function isShortOfRoom({ room }: HydrateContext): Promise<boolean> {
  return ((await room?.shortages()) ?? []).length > 0;
}

async function stopWhenFull(context: HydrateContext, full: AbortController): Promise<void> {
  if (await isShortOfRoom(context).catch(() => false)) full.abort(new Error('the disk is full'));
}

/** Shows progress in the record, once for each percent. A later try begins where the earlier one ended. */
function progressRecorder(context: HydrateContext, { id, initialization }: Volume) {
  let shown = initialization?.progressPercent ?? 0;
  return ({ doneBytes, totalBytes }: CaptureProgress) => {
    const percent = Math.min(99, Math.floor((doneBytes * 100) / Math.max(1, totalBytes)));
    if (percent <= shown) return;
    shown = percent;
    void changeVolume(context, id, (volume) =>
      volume.initialization?.state === 'initializing'
        ? { ...volume, initialization: { ...volume.initialization, progressPercent: percent } }
        : volume,
    ).catch((error: unknown) =>
      context.logger.log('warn', 'progress not recorded', { volumeId: id, error }),
    );
  };
}

/** The map may go once no record names it: the disk says already that it needs it no more. */
async function complete({ engine, clock }: HydrateContext, volumeId: VolumeId): Promise<void> {
  await engine.write(async (tx) => {
    const volume = await tx.get('volume', volumeId);
    if (!volume?.initialization) return;
    const { originMapId, ...rest } = volume;
    const ended = { state: 'completed', progressPercent: 100, endedAt: clock.now() } as const;
    await tx.put('volume', { ...rest, initialization: { ...volume.initialization, ...ended } });
    if (originMapId) await enqueuePrune(tx, volume.region);
  });
}

/** Ends a hydration that goes on in a machine though nobody here asked for it. */
export async function endHydration(
  { metadata, volumes }: Pick<WorkflowContext, 'metadata' | 'volumes'>,
  volumeId: VolumeId,
): Promise<void> {
  const volume = await metadata.read((tx) => tx.get('volume', volumeId));
  await volumes.endHydration(volumeId, volume?.attachment?.instanceId);
}
