import { apiError, refuseElsewhere } from '@bakehouse/domain';
import { bootTimeline } from '../boot-timeline/boot-timeline.ts';
import type { AdminHandler } from './admin-handler.ts';

/** The timeline of the instance's last start. */
export const instanceBoot: AdminHandler<'InstanceBoot'> = async (context, { instanceId }) => {
  const { metadata, compute } = context;
  const instance = await metadata.read((reader) => reader.get('instance', instanceId));
  if (!instance) throw apiError('InvalidInstanceID.NotFound', { id: instanceId });
  refuseElsewhere(instance, context.settings.hostId);
  const { imageId, instanceType } = instance;
  const timeline = bootTimeline(instance, await compute.readBoot(instanceId));
  return { instanceId, imageId, instanceType, ...timeline };
};
