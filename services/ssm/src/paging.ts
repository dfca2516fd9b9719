import {
  type MetadataReader,
  openPageToken,
  type Parameter,
  parameterId,
  parameterPath,
} from '@bakehouse/domain';
import type { ParameterContext } from './context.ts';

/** The last item of the page before; an empty text for the first page. */
export const readToken = (operation: string, token: string | undefined): string =>
  token ? openPageToken(operation, token) : '';

interface ParameterQuery {
  /** A path that ends with a slash. */
  readonly folder: string;
  /** The path that the page before ended with, or an empty text. */
  readonly after: string;
  readonly limit: number;
  readonly accept: (parameter: Parameter) => boolean;
}

interface ParameterPage {
  readonly parameters: readonly Parameter[];
  /** The last path of this page, when there are more. */
  readonly last?: string;
}

const readAtOnce = 200;

/** Every parameter whose id begins with the prefix and comes after another, in order of id. */
async function* walk(reader: MetadataReader, prefix: string, after: string) {
  let from = after;
  for (;;) {
    const batch = await reader.list('parameter', { after: from, limit: readAtOnce });
    for (const parameter of batch) {
      if (!parameter.id.startsWith(prefix)) return;
      yield parameter;
    }
    const next = batch.at(-1);
    if (next === undefined || batch.length < readAtOnce) return;
    from = next.id;
  }
}

/** The account's parameters below a folder, in order of their paths. */
export async function parametersBelow(
  reader: MetadataReader,
  context: Pick<ParameterContext, 'accountId' | 'region'>,
  { folder, after, limit, accept }: ParameterQuery,
): Promise<ParameterPage> {
  const prefix = parameterId(context, folder);
  const from = after === '' ? prefix : parameterId(context, after);
  const parameters: Parameter[] = [];
  for await (const parameter of walk(reader, prefix, from)) {
    if (!accept(parameter)) continue;
    const last = parameters.at(-1);
    if (last && parameters.length === limit) return { parameters, last: parameterPath(last.name) };
    parameters.push(parameter);
  }
  return { parameters };
}
