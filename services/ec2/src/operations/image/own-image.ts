import {
  apiError,
  type Image,
  isInRegion,
  isSharedWith,
  type MetadataReader,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { imageGone } from '../../launch/launch-image.ts';
import { checkId, notFound } from '../../lookup/lookups.ts';

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
  const here = image && isInRegion(image, scope.region) ? image : undefined;
  if (here?.ownerId === scope.accountId) return here;
  if (here && isSharedWith(here, scope.accountId)) {
    throw apiError('AuthFailure', { message: `Not authorized for image:${id}` });
  }
  const stone = image ? undefined : await reader.get('tombstone', id);
  const mine = stone?.ownerId === scope.accountId && isInRegion(stone, scope.region);
  if (mine) throw imageGone(id);
  throw notFound('image', id);
}
