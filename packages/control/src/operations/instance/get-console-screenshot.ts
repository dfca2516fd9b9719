import { ownedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../refuse-unserved.ts';
import { checkState } from './instance-state-change.ts';

/** A JPEG picture of the guest's screen, in base64. */
export const getConsoleScreenshot: Operation<'GetConsoleScreenshot'> = async (context, request) => {
  refuseUnserved(request, ['WakeUp']);
  const { InstanceId: id } = request;
  const instance = await context.read((reader) => ownedById(reader, context, 'instance', id));
  checkState(instance, ['running'], 'pictured');
  const picture = await context.powers.compute.screenshot(instance.id);
  return { InstanceId: instance.id, ImageData: Buffer.from(picture).toString('base64') };
};
