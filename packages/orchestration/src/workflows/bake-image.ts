import {
  apiError,
  type Bake,
  type BakedContent,
  type BakedDisk,
  type BakeId,
  type BakeProgress,
  blockBytes,
  completeSnapshot,
  everyRegion,
  type Image,
  type MetadataReader,
  type MetadataTransaction,
} from '@bakehouse/domain';
import {
  type Commit,
  defineWorkflow,
  StepFailure,
  type WorkInProgress,
} from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import { whileStoreIsAway } from './captures.ts';
import { failureCodes } from './failures.ts';
import { inputFields, inputReader } from './input.ts';
import { planBakedImage, planBakedSnapshot } from './plan-published.ts';
import { enqueuePrune } from './prune-blocks.ts';
import { whileWanted } from './while-wanted.ts';
import type { HostResource } from './widths.ts';

const { bakeId } = inputFields;

const readInput = inputReader({ bakeId });
type BakeInput = ReturnType<typeof readInput>;

/** The builder makes one disk at a time, and at the beginning of a bake removes the disks of earlier ones. */
const builderLane = 'image-builder';

async function readBake(context: WorkflowContext, id: BakeId): Promise<Bake> {
  const bake = await context.metadata.read((tx) => tx.get('bake', id));
  if (!bake) throw new Error(`there is no bake ${id}`);
  return bake;
}

async function changeBake(
  tx: MetadataTransaction,
  id: BakeId,
  change: (bake: Bake) => Bake,
): Promise<void> {
  const bake = await tx.get('bake', id);
  if (bake) await tx.put('bake', change(bake));
}

const cancelledFailure = () => new StepFailure(failureCodes.cancelled, 'the bake was cancelled');

const without = ({ content: _, isCancelling: __, ...bake }: Bake): Bake => bake;

/** Does `work`, and fails with `Cancelled` as soon as somebody asks for the end of the bake. */
const untilCancelled = <Result>(
  context: WorkflowContext,
  { bakeId }: BakeInput,
  { work, signal }: { work: (signal: AbortSignal) => Promise<Result>; signal: AbortSignal },
): Promise<Result> =>
  whileWanted(context, {
    recordIds: [bakeId],
    isWanted: async (reader) => !(await reader.get('bake', bakeId))?.isCancelling,
    unwanted: cancelledFailure(),
    work,
    signal,
  });

async function buildDisk(
  context: WorkflowContext,
  input: BakeInput,
  { signal: stopping, id: workflowId }: WorkInProgress,
): Promise<Commit> {
  const { recipe } = await readBake(context, input.bakeId);
  const onProgress = (progress: BakeProgress) => context.changes.progress(input.bakeId, progress);
  const disk = await untilCancelled(context, input, {
    signal: stopping,
    work: (signal) => context.builder.bake({ recipe, onProgress, signal }),
  });
  const content: BakedContent = {
    disk,
    snapshotId: context.ids.resource('snap'),
    mapId: context.ids.resource('map'),
  };
  const [region = everyRegion] = context.settings.regions;
  const plan = { settings: context.settings, now: context.clock.now(), workflowId };
  // The record comes first, so that no prune takes the map between its making and the publication.
  const snapshot = planBakedSnapshot(plan, content, region);
  return async (tx) => {
    await tx.put('snapshot', snapshot);
    await changeBake(tx, input.bakeId, (bake) => ({ ...bake, content }));
  };
}

/** Removes the disk of a bake. One that cannot be removed takes room, but must not stop this bake or others. */
export async function discardDisk(
  { builder, logger }: Pick<WorkflowContext, 'builder' | 'logger'>,
  bakeId: BakeId,
  disk: BakedDisk,
): Promise<void> {
  await builder.discard(disk).catch((error: unknown) => {
    logger.log('warn', 'the disk of a bake was not removed', { bakeId, disk: disk.name, error });
  });
}

async function discardStored(context: WorkflowContext, { bakeId }: BakeInput): Promise<void> {
  const { content } = await readBake(context, bakeId);
  if (content) await discardDisk(context, bakeId, content.disk);
}

async function dropSnapshot(context: WorkflowContext, input: BakeInput): Promise<Commit> {
  const { content } = await readBake(context, input.bakeId);
  if (content) await discardDisk(context, input.bakeId, content.disk);
  return async (tx) => {
    await changeBake(tx, input.bakeId, ({ content: _, ...bake }) => bake);
    if (!content) return;
    await tx.delete('snapshot', content.snapshotId);
    await enqueuePrune(tx);
  };
}

async function contentOf(context: WorkflowContext, { bakeId }: BakeInput): Promise<BakedContent> {
  const { content } = await readBake(context, bakeId);
  if (!content) throw new Error(`${bakeId} has no disk to store`);
  return content;
}

async function storeBlocks(
  context: WorkflowContext,
  input: BakeInput,
  { signal: stopping }: WorkInProgress,
): Promise<void> {
  const { disk, mapId } = await contentOf(context, input);
  await untilCancelled(context, input, {
    signal: stopping,
    work: (signal) =>
      context.snapshots.capture(
        { mapId, source: disk.source },
        {
          signal,
          onProgress: ({ doneBytes, totalBytes }) =>
            context.changes.progress(input.bakeId, {
              stage: 'store',
              fraction: doneBytes / Math.max(1, totalBytes),
            }),
        },
      ),
  });
}

/** Names are unique in an account and a region, as CreateImage and RegisterImage keep them. */
async function refuseTakenName(reader: MetadataReader, image: Image): Promise<void> {
  const { region, ownerId, name } = image;
  const [taken] = await reader.list('image', { region, where: { owner: [ownerId], name: [name] } });
  if (!taken) return;
  const { code, message } = apiError('InvalidAMIName.Duplicate', { name, id: taken.id });
  throw new StepFailure(code, message);
}

/** Registers the image in every region: the regions share the blocks. */
async function publish(
  context: WorkflowContext,
  input: BakeInput,
  { id: workflowId }: WorkInProgress,
): Promise<Commit> {
  const content = await contentOf(context, input);
  const summary = await context.snapshots.find(content.mapId);
  if (!summary) throw new Error(`the blocks of ${content.disk.name} are not in the store`);
  context.changes.forget(input.bakeId);
  const now = context.clock.now();
  const fullSizeBytes = summary.blockCount * blockBytes;
  const { ids, settings } = context;
  const plan = { ids, settings, now, workflowId };
  const done = { at: now, fullSizeBytes };
  const publications = settings.regions.map((region, index) => {
    const snapshotId = index === 0 ? content.snapshotId : ids.resource('snap');
    const planned = planBakedSnapshot(plan, { ...content, snapshotId }, region);
    const snapshot = completeSnapshot(planned, done);
    return { snapshot, image: planBakedImage(plan, content, snapshot) };
  });
  return async (tx) => {
    // Who cancelled was promised that there will be no image.
    if ((await tx.get('bake', input.bakeId))?.isCancelling) throw cancelledFailure();
    for (const { snapshot, image } of publications) {
      await refuseTakenName(tx, image);
      await tx.put('snapshot', snapshot);
      await tx.put('image', image);
    }
    await changeBake(tx, input.bakeId, (bake) => ({
      ...without(bake),
      state: 'completed',
      endedAt: now,
      name: content.disk.name,
      images: publications.map(({ image }) => ({ region: image.region, imageId: image.id })),
    }));
  };
}

async function markEnded(
  context: WorkflowContext,
  { bakeId }: BakeInput,
  { failure }: WorkInProgress,
): Promise<Commit> {
  const endedAt = context.clock.now();
  context.changes.forget(bakeId);
  return (tx) =>
    changeBake(tx, bakeId, (bake) => {
      const ended = { ...without(bake), endedAt };
      if (failure?.code === failureCodes.cancelled) return { ...ended, state: 'cancelled' };
      return { ...ended, state: 'failed', ...(failure ? { failure } : {}) };
    });
}

/**
 * From a recorded bake to a public image of the platform's account in every region. A server that dies while the disk is
 * being built builds it again; one that dies later goes on with the disk that it has.
 */
export const bakeImageWorkflow = defineWorkflow<WorkflowContext, BakeInput, HostResource>({
  kind: 'bake-image',
  version: 1,
  readInput,
  place: async () => ({ region: everyRegion, lanes: [builderLane] }),
  onFailure: 'unwind',
  steps: [
    { name: 'intent', undo: markEnded },
    { name: 'build', run: buildDisk, undo: dropSnapshot },
    {
      name: 'store',
      uses: 'capture',
      save: true,
      run: { perform: storeBlocks, retry: [whileStoreIsAway] },
    },
    { name: 'discard', run: discardStored },
    { name: 'publish', run: { perform: publish, retry: [whileStoreIsAway] } },
  ],
});
