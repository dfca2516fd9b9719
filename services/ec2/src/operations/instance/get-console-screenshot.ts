import { checkState, refuseElsewhere } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';

/** A JPEG picture of the guest's screen, in base64. */
export const getConsoleScreenshot: Operation<'GetConsoleScreenshot'> = async (context, request) => {
  refuseUnserved(request, ['WakeUp']);
  const { InstanceId: id } = request;
  const instance = await context.read((reader) => ownedById(reader, context, 'instance', id));
  checkState('instance', instance, 'GetConsoleScreenshot');
  refuseElsewhere(instance, context.settings.hostId);
  const picture = await context.machines.screenshot(instance.id);
  return { InstanceId: instance.id, ImageData: Buffer.from(picture).toString('base64') };
};
