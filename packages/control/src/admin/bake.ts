import { GiB } from '@bakehouse/base';
import {
  apiError,
  type BakedDisk,
  type BakeProgress,
  type Image,
  type RegionName,
  type Snapshot,
} from '@bakehouse/domain';
import { enqueuePrune } from '../workflows/prune-blocks.ts';
import type { AdminContext, AdminInput, AdminOperation } from './admin-operation.ts';
import { withProgress } from './progress-queue.ts';

const defaultRecipe = 'bakehouse-linux';
/** Room for a user's packages; the root filesystem grows to it at first boot. */
const rootVolumeGiB = 8;

function planPublished(
  context: AdminContext,
  disk: BakedDisk,
  { region, mapId }: { region: RegionName; mapId: Snapshot['mapId'] },
): { snapshot: Snapshot; image: Image } {
  const now = context.clock.now();
  const ownerId = context.settings.platformAccountId;
  const common = { ownerId, region, createdAt: now };
  const snapshot: Snapshot = {
    ...common,
    id: context.ids.resource('snap'),
    tags: {},
    // The disk was baked, not a volume: EC2 shows this id for copies and imports.
    volumeId: 'vol-ffffffff',
    sizeGiB: Math.ceil(disk.sizeBytes / GiB),
    description: `Created by bake for ${disk.name}`,
    state: 'pending',
    progressPercent: 0,
    startedAt: now,
    encrypted: false,
    mapId,
    createVolumePermissions: { everyone: false, accountIds: [] },
  };
  const image: Image = {
    ...common,
    id: context.ids.resource('ami'),
    tags: disk.tags,
    name: disk.name,
    description: disk.description,
    state: 'available',
    architecture: disk.architecture,
    platformDetails: 'Linux/UNIX',
    rootDeviceType: 'ebs',
    rootDeviceName: disk.rootDeviceName,
    virtualizationType: 'hvm',
    enaSupport: true,
    imdsSupport: 'v2.0',
    bootMode: 'legacy-bios',
    blockDevices: [
      {
        deviceName: disk.rootDeviceName,
        ebs: {
          snapshotId: snapshot.id,
          sizeGiB: Math.max(rootVolumeGiB, snapshot.sizeGiB),
          volumeType: 'gp3',
          deleteOnTermination: true,
          encrypted: false,
        },
      },
    ],
    launchPermissions: { everyone: true, accountIds: [] },
  };
  return { snapshot, image };
}

/** Captures the disk once and registers it in every region: the regions share the blocks. */
async function publish(
  context: AdminContext,
  disk: BakedDisk,
  report: (event: BakeProgress) => void,
): Promise<{ images: { region: string; imageId: string }[]; name: string }> {
  const mapId = context.ids.resource('map');
  const plans = context.settings.regions.map((region) =>
    planPublished(context, disk, { region, mapId }),
  );
  const held = plans[0]?.snapshot;
  if (!held) throw new Error('no region is served');
  // The record comes first, so that no prune takes the map between its making and the commit below.
  await context.metadata.write((tx) => tx.put('snapshot', held));
  try {
    const stage = { stage: 'store', stageNumber: 1, stageCount: 1 };
    const summary = await context.snapshots.capture(
      { mapId, source: { kind: 'file', path: disk.path } },
      {
        signal: context.signal,
        onProgress: (p) => report({ ...stage, fraction: p.doneBytes / Math.max(1, p.totalBytes) }),
      },
    );
    const completedAt = context.clock.now();
    const fullSizeBytes = summary.blockCount * 512 * 1024;
    const done = { state: 'completed', progressPercent: 100, completedAt, fullSizeBytes } as const;
    await context.metadata.write(async (tx) => {
      for (const { snapshot, image } of plans) {
        await tx.put('snapshot', { ...snapshot, ...done });
        await tx.put('image', image);
      }
    });
  } catch (error) {
    await context.engine.write(async (tx) => {
      await tx.delete('snapshot', held.id);
      await enqueuePrune(tx, held.region);
    });
    throw error;
  }
  return {
    name: disk.name,
    images: plans.map(({ image }) => ({ region: image.region, imageId: image.id })),
  };
}

function recipeOf({ settings, builder }: AdminContext, input: AdminInput): string {
  if (settings.compute === 'simulated') {
    throw apiError('UnsupportedOperation', {
      message:
        'Nothing is baked with --compute simulated, where images have no bytes; register images by --seed FILE',
    });
  }
  const { recipe = defaultRecipe } = input;
  const known = builder.recipes.find((name) => name === recipe);
  if (known) return known;
  throw apiError('InvalidParameterValue', {
    message: `There is no recipe '${recipe}'; there are: ${builder.recipes.join(', ')}`,
  });
}

/** Builds a recipe's disk and publishes it as a public image of the platform's account, in every region. */
export const bake: AdminOperation = (context, input) =>
  withProgress(async (report: (event: BakeProgress) => void) => {
    const recipe = recipeOf(context, input);
    const { signal } = context;
    const disk = await context.builder.bake({ recipe, onProgress: report, signal });
    try {
      return await publish(context, disk, report);
    } finally {
      await context.builder.discard(disk);
    }
  });
