import { imageUnavailable } from '../../launch/launch-image.ts';
import type { Operation } from '../../operation.ts';
import { sharedWithNobody } from '../../sharing.ts';
import { unknownAttribute } from '../../unknown-attribute.ts';
import { ownImage } from './own-image.ts';

/** Takes all launch permissions back: the only attribute that EC2 resets. */
export const resetImageAttribute: Operation<'ResetImageAttribute'> = async (context, request) => {
  if (request.Attribute !== 'launchPermission') {
    throw unknownAttribute(request.Attribute, ['launchPermission']);
  }
  return await context.write(async (tx) => {
    const image = await ownImage(tx, context, request.ImageId);
    if (image.state !== 'available') throw imageUnavailable(image);
    await tx.put('image', { ...image, launchPermissions: sharedWithNobody });
    return {};
  });
};
