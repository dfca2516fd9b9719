import {
  apiError,
  checkState,
  type Image,
  isInRegion,
  isSharedWith,
  type MetadataReader,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { checkId, notFound } from '../lookup/lookups.ts';
import { resolveImageId } from './image-alias.ts';

/** EC2's words for an image that was deregistered. */
export function imageGone(id: string) {
  return apiError('InvalidAMIID.Unavailable', {
    message: `The image id '[${id}]' is no longer available`,
  });
}

async function whyNot(reader: MetadataReader, region: string, id: string) {
  const stone = await reader.get('tombstone', id);
  return stone && isInRegion(stone, region) ? imageGone(id) : notFound('image', id);
}

/** The image to launch: there, permitted, and available. */
export async function launchImage(
  reader: MetadataReader,
  context: Pick<OperationContext, 'accountId' | 'region' | 'settings'>,
  idOrAlias: string | undefined,
): Promise<Image> {
  if (!idOrAlias) throw apiError('MissingParameter', { parameter: 'ImageId' });
  const imageId = await resolveImageId(reader, context, idOrAlias);
  checkId('image', imageId);
  const image = await reader.get('image', imageId);
  if (!image || !isInRegion(image, context.region)) {
    throw await whyNot(reader, context.region, imageId);
  }
  if (!isSharedWith(image, context.accountId)) {
    throw apiError('AuthFailure', { message: `Not authorized for images: [${imageId}]` });
  }
  checkState('image', image, 'RunInstances');
  return image;
}
