import { apiError, isInRegion, isSharedWith } from '@bakehouse/domain';
import { checkId, notFound } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';

/** The caller gives up the permission that an image's owner gave it by name. */
export const cancelImageLaunchPermission: Operation<'CancelImageLaunchPermission'> = async (
  context,
  request,
) => {
  const { ImageId: id } = request;
  checkId('image', id);
  return await context.write(async (tx) => {
    const { accountId } = context;
    const image = await tx.get('image', id);
    if (!image || !isInRegion(image, context.region) || !isSharedWith(image, accountId)) {
      throw notFound('image', id);
    }
    const { everyone, accountIds } = image.launchPermissions;
    if (!accountIds.includes(accountId)) {
      throw apiError('InvalidRequest', {
        message: `The image ${id} is not shared with account ${accountId} by name`,
      });
    }
    const remaining = accountIds.filter((each) => each !== accountId);
    await tx.put('image', { ...image, launchPermissions: { everyone, accountIds: remaining } });
    return { Return: true };
  });
};
