import { apiError, type Image, type MetadataReader } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { checkId, isSharedWith, notFound } from '../../lookups.ts';

/** EC2's words for an image that was deregistered. */
export function imageGone(id: string) {
  return apiError('InvalidAMIID.Unavailable', {
    message: `The image id '[${id}]' is no longer available`,
  });
}

/**
 * The caller's own image. One that was deregistered is `InvalidAMIID.Unavailable`; one that the caller may
 * see and does not own is `AuthFailure`.
 */
export async function ownImage(
  reader: MetadataReader,
  scope: Pick<OperationContext, 'accountId' | 'region'>,
  id: string,
): Promise<Image> {
  checkId('image', id);
  const image = await reader.get('image', id);
  if (image?.region === scope.region && image.ownerId === scope.accountId) return image;
  if (image?.region === scope.region && isSharedWith(image, scope.accountId)) {
    throw apiError('AuthFailure', { message: `Not authorized for image:${id}` });
  }
  const stone = image ? undefined : await reader.get('tombstone', id);
  if (stone?.region === scope.region && stone.ownerId === scope.accountId) throw imageGone(id);
  throw notFound('image', id);
}
