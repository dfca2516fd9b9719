import { GiB, minuteMs } from '@bakehouse/base';
import { changeFastLaunch, inFastLaunchState } from '@bakehouse/domain';
import {
  type Commit,
  defineWorkflow,
  StepFailure,
  type WorkInProgress,
} from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { whileStoreIsAway } from './captures.ts';
import { failureCodes } from './failures.ts';
import {
  type FastLaunchInput,
  fastLaunchPlace,
  readFastLaunch,
  readFastLaunchInput,
  removeTemplate,
  templateFreeze,
  templateSpec,
} from './fast-launch-record.ts';
import { enqueuePrune } from './prune-blocks.ts';
import { whileWanted } from './while-wanted.ts';
import type { HostResource } from './widths.ts';

/** An emulated guest on a busy host takes minutes. */
const bootLimitMs = 10 * minuteMs;

/** Does `work`, and fails as soon as somebody gives the template up, whose removal waits behind this. */
const whileEnabling = (
  context: WorkflowContext,
  { imageId }: FastLaunchInput,
  { work, signal }: { work: (signal: AbortSignal) => Promise<void>; signal: AbortSignal },
): Promise<void> =>
  whileWanted(context, {
    recordIds: [imageId],
    isWanted: async (reader) => (await reader.get('fastLaunch', imageId))?.state === 'enabling',
    unwanted: new StepFailure(failureCodes.cancelled, 'the template was given up'),
    work,
    signal,
  });

/**
 * Boots a guest and keeps its memory. A try that was cut off begins again, with a map of its own: memory is only good with
 * the disk of the same boot.
 */
async function bootGuest(
  context: WorkflowContext,
  input: FastLaunchInput,
  { write, signal }: WorkInProgress,
): Promise<void> {
  const before = await readFastLaunch(context, input, 'enabling');
  if (!before) return;
  await removeTemplate(context, before);
  const mapId = context.ids.resource('map');
  await write((tx) =>
    changeFastLaunch(tx, input.imageId, (record) => ({
      ...record,
      template: { ...record.template, mapId },
    })),
  );
  const record = { ...before, template: { ...before.template, mapId } };
  const { volumeId, originMapId, sizeGiB } = record.template;
  await context.volumes.create({ volumeId, originMapId, sizeBytes: sizeGiB * GiB });
  const spec = templateSpec(record);
  await whileEnabling(context, input, {
    signal,
    work: async (signal) => {
      await context.compute.start(spec);
      await context.compute.keepMemory(spec, { limitMs: bootLimitMs, signal });
    },
  });
}

/** Reads the guest's disk, which is at rest, into the block store. */
async function captureDisk(
  context: WorkflowContext,
  input: FastLaunchInput,
  { signal }: WorkInProgress,
): Promise<void> {
  const record = await readFastLaunch(context, input, 'enabling');
  if (!record) return;
  const volumes = [templateFreeze(record)];
  const [view] = await context.volumes.freeze(volumes);
  if (!view) throw new Error(`the freeze of ${record.template.volumeId} returned no view`);
  const { source, baseMapId } = view;
  const request = { mapId: record.template.mapId, source, ...(baseMapId ? { baseMapId } : {}) };
  await whileEnabling(context, input, {
    signal,
    work: async (signal) => {
      await context.snapshots.capture(request, { signal });
    },
  });
  await context.volumes.thaw(volumes, 'abandoned');
}

/** From `enabling` to `enabled`: launches go on from the template. Of one that fails, `stateReason` says why. */
export const makeFastLaunchWorkflow = defineWorkflow<
  WorkflowContext,
  FastLaunchInput,
  HostResource
>({
  kind: 'make-fast-launch',
  version: 1,
  readInput: readFastLaunchInput,
  place: (reader, { imageId }) => fastLaunchPlace(reader, imageId),
  onFailure: 'unwind',
  steps: [
    {
      name: 'intent',
      undo: async ({ clock }, { imageId }, { failure }): Promise<Commit> => {
        const reason = failure?.message ?? 'an internal error has occurred';
        return async (tx) => {
          await changeFastLaunch(tx, imageId, (record) =>
            record.state === 'enabling'
              ? inFastLaunchState(record, 'enabling-failed', { at: clock.now(), reason })
              : record,
          );
          await enqueuePrune(tx);
        };
      },
    },
    {
      name: 'guest',
      uses: 'template',
      run: bootGuest,
      undo: async (context, input) => {
        const record = await readFastLaunch(context, input, 'enabling');
        if (record) await removeTemplate(context, record);
      },
      save: true,
    },
    {
      name: 'capture',
      uses: 'capture',
      run: { perform: captureDisk, retry: [whileStoreIsAway] },
      undo: async (context, input) => {
        const record = await readFastLaunch(context, input, 'enabling');
        if (record) await context.volumes.thaw([templateFreeze(record)], 'abandoned');
      },
    },
    {
      name: 'enabled',
      run:
        async ({ clock }, { imageId }): Promise<Commit> =>
        (tx) =>
          changeFastLaunch(tx, imageId, (record) =>
            record.state === 'enabling'
              ? inFastLaunchState(record, 'enabled', {
                  at: clock.now(),
                  reason: 'Client.UserInitiated - Lifecycle state transition',
                })
              : record,
          ),
    },
    {
      name: 'tidy',
      run: async (context, input) => {
        const record = await readFastLaunch(context, input, 'enabled');
        if (record) await context.volumes.remove(record.template.volumeId);
      },
    },
  ],
});
