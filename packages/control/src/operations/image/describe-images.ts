import { everyRegion, type Image, isInRegion, type MetadataReader } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { filterTest } from '../../filters/filter.ts';
import { imageFilters, imageIndexes } from '../../filters/image-filters.ts';
import { narrow } from '../../filters/narrow.ts';
import { checkId, isSharedWith, notFound } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { pageOf } from '../../paging.ts';
import { imageView, readImageFacts } from '../../views/image.ts';
import {
  checkUsers,
  isGrantedTo,
  isOwnedBy,
  listVisible,
  readOwners,
} from '../../visible-records.ts';

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
  for (const id of [...new Set(ids)].sort()) {
    const image = await reader.get('image', id);
    const gone = image ?? (await reader.get('tombstone', id));
    const here = gone !== undefined && isInRegion(gone, scope.region);
    if (!here || (image && !isSharedWith(image, scope.accountId))) missing.push(id);
    else if (image) images.push(image);
  }
  if (missing.length > 0) throw notFound('image', ...missing);
  return images;
}

async function candidates(
  reader: MetadataReader,
  scope: Scope,
  request: Request,
): Promise<readonly Image[]> {
  const owners = await readOwners(reader, scope, request.Owners);
  if (request.ImageIds?.length) {
    const images = await byIds(reader, scope, request.ImageIds);
    return owners ? images.filter((image) => isOwnedBy(image, owners)) : images;
  }
  const query = narrow(scope.region, request.Filters, imageIndexes);
  const narrowed = Object.keys(query.where ?? {}).length > 0;
  return await listVisible(scope, { owners, narrowed }, async (where) => {
    const found = { ...query, where: { ...query.where, ...where } };
    const seeded = await reader.list('image', { ...found, region: everyRegion });
    const own = await reader.list('image', found);
    return own.length === 0 ? seeded : [...own, ...seeded];
  });
}

/** The images that the caller may see: its own, public ones, and those shared with it. */
export const describeImages: Operation<'DescribeImages'> = async (context, request) =>
  await context.read(async (reader) => {
    const images = await candidates(reader, context, request);
    const users = request.ExecutableUsers;
    checkUsers(users);
    const executable = users?.length
      ? images.filter((image) => isGrantedTo(image.launchPermissions, context, users))
      : images;
    const passes = filterTest(request.Filters, imageFilters);
    const make = async (image: Image) => {
      const facts = await readImageFacts(reader, image, context.accountId);
      return passes(facts) ? facts : undefined;
    };
    const { items, nextToken } = await pageOf(executable, make, request, { min: 1, max: 1000 });
    return { Images: items.map(imageView), ...(nextToken ? { NextToken: nextToken } : {}) };
  });
