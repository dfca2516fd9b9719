import { type Image, isInRegion, isSharedWith, type MetadataReader } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { readFilters } from '../../filters/filter.ts';
import { imageFilters, imageIndexes } from '../../filters/image-filters.ts';
import { narrow } from '../../filters/narrow.ts';
import { checkId, notFound } from '../../lookup/lookups.ts';
import { recordSteps } from '../../lookup/record-steps.ts';
import {
  checkUsers,
  isGrantedTo,
  isVisible,
  type Owners,
  readOwners,
  visibleQueries,
} from '../../lookup/visible-records.ts';
import type { Operation } from '../../operation.ts';
import { pageOfSteps } from '../../request/paging.ts';
import { imageView, readImageFacts } from '../../views/image.ts';

type Request = Parameters<Operation<'DescribeImages'>>[1];
type Scope = Pick<OperationContext, 'accountId' | 'region'>;

async function byIds(
  reader: MetadataReader,
  scope: Scope,
  ids: readonly string[],
): Promise<readonly Image[]> {
  for (const id of ids) checkId('image', id);
  const images: Image[] = [];
  const missing: string[] = [];
  for (const id of new Set(ids)) {
    const image = await reader.get('image', id);
    const gone = image ?? (await reader.get('tombstone', id));
    const here = gone !== undefined && isInRegion(gone, scope.region);
    if (!here || (image && !isSharedWith(image, scope.accountId))) missing.push(id);
    else if (image) images.push(image);
  }
  if (missing.length > 0) throw notFound('image', ...missing);
  return images.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Deprecated images are shown to their owner, and to whoever names or asks for them. */
function isHidden(image: Image, { now, accountId }: OperationContext, request: Request): boolean {
  const { deprecatedAt, ownerId } = image;
  if (deprecatedAt === undefined || deprecatedAt > now || ownerId === accountId) return false;
  return !request.ImageIds?.length && request.IncludeDeprecated !== true;
}

/** The images that the caller may see: its own, public ones, and those shared with it. */
export const describeImages: Operation<'DescribeImages'> = async (context, request) => {
  const { ImageIds: ids, Filters: filters, ExecutableUsers: users } = request;
  checkUsers(users);
  let owners: Owners | undefined;
  const read = recordSteps(context, {
    kind: 'image',
    async candidates(reader) {
      owners = await readOwners(reader, context, request.Owners);
      if (ids?.length) return { named: await byIds(reader, context, ids) };
      return { queries: visibleQueries(context, owners, narrow(filters, imageIndexes)) };
    },
    async item(reader, image) {
      if (!isVisible(image, context, owners) || isHidden(image, context, request)) return undefined;
      if (users?.length && !isGrantedTo(image.launchPermissions, context, users)) return undefined;
      return await readImageFacts(reader, image, context);
    },
  });
  const { items, nextToken } = await pageOfSteps({
    request,
    filters: readFilters(filters, imageFilters),
    limits: { min: 1, max: 1000 },
    read,
  });
  return { Images: items.map(imageView), ...(nextToken ? { NextToken: nextToken } : {}) };
};
