import {
  apiError,
  type FoundParameter,
  findParameter,
  isElsewhere,
  type MetadataReader,
  type Parameter,
  parameterId,
  readParameterReference,
} from '@bakehouse/domain';
import type { ParameterContext } from './context.ts';

export const parameterNotFound = (name: string) => apiError('ParameterNotFound', { name });

/** The parameter and version that a request names; throws SSM's error when there is none. */
export async function lookUpParameter(
  reader: MetadataReader,
  context: ParameterContext,
  text: string,
): Promise<FoundParameter> {
  const found = await findParameter(reader, context, text);
  if (found.kind === 'found') return found;
  if (found.kind === 'no-parameter') throw parameterNotFound(found.name);
  throw apiError('ParameterVersionNotFound', found);
}

/**
 * The account's own parameter of that name or ARN. Callers act on the whole parameter, so a name with a version or label
 * finds none, nor does an ARN of another account or region.
 */
export async function ownParameter(
  reader: MetadataReader,
  context: Pick<ParameterContext, 'accountId' | 'region'>,
  text: string,
): Promise<Parameter | undefined> {
  const reference = readParameterReference(text);
  if (reference.selector !== undefined || isElsewhere(reference, context)) return undefined;
  return await reader.get('parameter', parameterId(context, reference.name));
}

/** The numbers of the versions that are kept, oldest first. */
export async function keptVersions(
  reader: MetadataReader,
  parameter: Parameter,
): Promise<readonly number[]> {
  const earlier = await reader.list('parameterVersion', { where: { parameter: [parameter.id] } });
  return [...earlier.map(({ content }) => content.version), parameter.content.version];
}
