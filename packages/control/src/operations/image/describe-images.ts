import { apiError, type Image, type ListQuery, type MetadataReader } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { filterItems } from '../../filters/filter.ts';
import { imageFilters, imageIndexes } from '../../filters/image-filters.ts';
import { narrow } from '../../filters/narrow.ts';
import { checkId, isSharedWith, notFound } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { page } from '../../paging.ts';
import { imageView, readImageFacts } from '../../views/image.ts';

type Request = Parameters<Operation<'DescribeImages'>>[1];
type Scope = Pick<OperationContext, 'accountId' | 'region'>;

const accountPattern = /^\d{12}$/;

/** `self`, an account id or an owner alias, as account ids. An alias that nobody has matches nothing. */
async function ownerIds(
  reader: MetadataReader,
  scope: Scope,
  owners: readonly string[],
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const owner of owners) {
    if (owner === 'self') ids.push(scope.accountId);
    else if (accountPattern.test(owner)) ids.push(owner);
    else if (/^[a-z][a-z0-9-]*$/.test(owner)) {
      const named = await reader.list('account', { where: { ownerAlias: [owner] } });
      ids.push(...named.map((account) => account.id));
    } else throw apiError('InvalidUserID.Malformed', { message: `Invalid user id: "${owner}"` });
  }
  return ids;
}

/** `self`: shared with me by name. `all`: public. An id: shared with that account by name, and mine to see. */
function isExecutableBy(image: Image, scope: Scope, users: readonly string[]): boolean {
  const { everyone, accountIds } = image.launchPermissions;
  return users.some((user) => {
    if (user === 'all') return everyone;
    return accountIds.includes(user === 'self' ? scope.accountId : user);
  });
}

async function byIds(
  reader: MetadataReader,
  scope: Scope,
  ids: readonly string[],
): Promise<readonly Image[]> {
  for (const id of ids) checkId('image', id);
  const images: Image[] = [];
  for (const id of [...new Set(ids)].sort()) {
    const image = await reader.get('image', id);
    const gone = image ?? (await reader.get('tombstone', id));
    const here = gone?.region === scope.region;
    if (!here || (image && !isSharedWith(image, scope.accountId))) throw notFound('image', id);
    if (image) images.push(image);
  }
  return images;
}

/** Lists by the indexes: by owner when owners are named, else what is mine, public, or shared with me. */
async function listVisible(
  reader: MetadataReader,
  scope: Scope,
  { query, owners }: { query: ListQuery<'image'>; owners: readonly string[] | undefined },
): Promise<readonly Image[]> {
  if (owners) {
    const images = await reader.list('image', {
      ...query,
      where: { ...query.where, owner: owners },
    });
    return images.filter((image) => isSharedWith(image, scope.accountId));
  }
  if (Object.keys(query.where ?? {}).length > 0) {
    const images = await reader.list('image', query);
    return images.filter((image) => isSharedWith(image, scope.accountId));
  }
  const ways = [
    { owner: [scope.accountId] },
    { public: ['true'] },
    { sharedWith: [scope.accountId] },
  ];
  const found = new Map<string, Image>();
  for (const where of ways) {
    for (const image of await reader.list('image', { ...query, where })) found.set(image.id, image);
  }
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function candidates(
  reader: MetadataReader,
  scope: Scope,
  request: Request,
): Promise<readonly Image[]> {
  const owners = request.Owners?.length ? await ownerIds(reader, scope, request.Owners) : undefined;
  if (request.ImageIds?.length) {
    const images = await byIds(reader, scope, request.ImageIds);
    return owners ? images.filter((image) => owners.includes(image.ownerId)) : images;
  }
  const query = narrow(scope.region, request.Filters, imageIndexes);
  return await listVisible(reader, scope, { query, owners });
}

/** The images that the caller may see: its own, public ones, and those shared with it. */
export const describeImages: Operation<'DescribeImages'> = async (context, request) =>
  await context.read(async (reader) => {
    const images = await candidates(reader, context, request);
    const users = request.ExecutableUsers;
    const executable = users?.length
      ? images.filter((image) => isExecutableBy(image, context, users))
      : images;
    const facts = [];
    for (const image of executable) facts.push(await readImageFacts(reader, image));
    const found = filterItems(facts, request.Filters, imageFilters);
    const { items, nextToken } = page(found, request, (item) => item.image.id, {
      min: 1,
      max: 1000,
    });
    return { Images: items.map(imageView), ...(nextToken ? { NextToken: nextToken } : {}) };
  });
