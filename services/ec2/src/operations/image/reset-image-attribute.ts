import { checkState } from '@bakehouse/domain';
import type { Operation } from '../../operation.ts';
import { unknownAttribute } from '../../request/refusals.ts';
import { sharedWithNobody } from '../../request/sharing.ts';
import { ownImage } from './own-image.ts';

/** Takes all launch permissions back: the only attribute that EC2 resets. */
export const resetImageAttribute: Operation<'ResetImageAttribute'> = async (context, request) => {
  if (request.Attribute !== 'launchPermission') {
    throw unknownAttribute(request.Attribute, ['launchPermission']);
  }
  return await context.write(async (tx) => {
    const image = await ownImage(tx, context, request.ImageId);
    checkState('image', image, 'ResetImageAttribute');
    await tx.put('image', { ...image, launchPermissions: sharedWithNobody });
    return {};
  });
};
