import {
  type FoundParameter,
  type MetadataReader,
  parameterPath,
  publicParameterPrefix,
  publicParameters,
  sealPageToken,
} from '@bakehouse/domain';
import type { ParameterContext, ParameterOperation, ParameterRequest } from '../context.ts';
import { parameterFilter, pathFilters } from '../filters.ts';
import { pageSize } from '../limits.ts';
import { folderOfPath, isIn } from '../names.ts';
import { parametersBelow, readToken } from '../paging.ts';
import { parameterView } from '../views.ts';

interface Query {
  readonly folder: string;
  readonly after: string;
  readonly limit: number;
  readonly isRecursive: boolean;
  readonly filters: NonNullable<ParameterRequest<'GetParametersByPath'>['ParameterFilters']>;
}

interface Found {
  readonly parameters: readonly FoundParameter[];
  readonly last?: string;
}

/** The platform's parameters below a folder. They have no keys and no labels. */
async function publicBelow(
  reader: MetadataReader,
  context: ParameterContext,
  { folder, after, limit, isRecursive, filters }: Query,
): Promise<Found> {
  const { region, settings } = context;
  const { platformAccountId } = settings;
  const accepts = parameterFilter(filters, pathFilters);
  const all = await publicParameters(reader, { region, platformAccountId });
  const matching = all.flatMap(({ name, versions }) => {
    const content = versions.at(-1);
    const isMeant = isIn(folder, name, isRecursive);
    if (!content || !isMeant || name <= after) return [];
    const shown = { name, content, labels: {}, tags: {}, id: name, region, ownerId: '' };
    if (!accepts({ ...shown, createdAt: content.modifiedAt })) return [];
    return [{ kind: 'found', name, ownerId: '', content } as const];
  });
  const parameters = matching.slice(0, limit);
  const last = parameters.at(-1);
  return { parameters, ...(last && matching.length > limit ? { last: last.name } : {}) };
}

async function ownBelow(
  reader: MetadataReader,
  context: ParameterContext,
  { folder, isRecursive, filters, ...page }: Query,
): Promise<Found> {
  const accepts = parameterFilter(filters, pathFilters);
  const { parameters, last } = await parametersBelow(reader, context, {
    ...page,
    folder,
    accept: (parameter) =>
      isIn(folder, parameterPath(parameter.name), isRecursive) && accepts(parameter),
  });
  return {
    parameters: parameters.map(({ name, ownerId, content }) => {
      return { kind: 'found', name, ownerId, content };
    }),
    ...(last === undefined ? {} : { last }),
  };
}

const operation = 'GetParametersByPath';

/** The parameters of a folder, with Recursive those of the folders in it, too. */
export const getParametersByPath: ParameterOperation<'GetParametersByPath'> = async (
  context,
  request,
) => {
  const folder = folderOfPath(request.Path);
  const query: Query = {
    folder,
    after: readToken(operation, request.NextToken),
    limit: pageSize(request.MaxResults, 10),
    isRecursive: request.Recursive ?? false,
    filters: request.ParameterFilters ?? [],
  };
  const below = folder.startsWith(publicParameterPrefix) ? publicBelow : ownBelow;
  const { parameters, last } = await context.read((reader) => below(reader, context, query));
  return {
    Parameters: parameters.map((each) => parameterView(context, each, request.WithDecryption)),
    ...(last === undefined ? {} : { NextToken: sealPageToken(operation, last) }),
  };
};
