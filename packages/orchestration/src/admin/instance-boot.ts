import { apiError, type BlockMapId, type MachineBoot, refuseElsewhere } from '@bakehouse/domain';
import { bootTimeline } from '../boot-timeline/boot-timeline.ts';
import type { AdminContext, AdminHandler } from './admin-handler.ts';

/** A start is shown also while the block server is away: then the size of its maps is not known. */
async function blocksOfMaps(
  { snapshots }: Pick<AdminContext, 'snapshots'>,
  boot: MachineBoot | undefined,
): Promise<ReadonlyMap<BlockMapId, number>> {
  const blocks = new Map<BlockMapId, number>();
  for (const mapId of new Set(boot?.reads?.map((each) => each.mapId))) {
    const summary = await snapshots.find(mapId).catch(() => undefined);
    if (summary) blocks.set(mapId, summary.blockCount);
  }
  return blocks;
}

/** The timeline of the instance's last start. */
export const instanceBoot: AdminHandler<'InstanceBoot'> = async (context, { instanceId }) => {
  const { metadata, compute } = context;
  const instance = await metadata.read((reader) => reader.get('instance', instanceId));
  if (!instance) throw apiError('InvalidInstanceID.NotFound', { id: instanceId });
  refuseElsewhere(instance, context.settings.hostId);
  const { imageId, instanceType } = instance;
  const boot = await compute.readBoot(instanceId);
  const timeline = bootTimeline(instance, boot, await blocksOfMaps(context, boot));
  return { instanceId, imageId, instanceType, ...timeline };
};
