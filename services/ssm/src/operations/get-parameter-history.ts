import { sealPageToken } from '@bakehouse/domain';
import type { ParameterOperation } from '../context.ts';
import { labelsOf } from '../labels.ts';
import { pageSize } from '../limits.ts';
import { ownParameter, parameterNotFound } from '../lookup.ts';
import { readToken } from '../paging.ts';
import { historyView } from '../views.ts';

const operation = 'GetParameterHistory';

/** The versions of a parameter, oldest first. */
export const getParameterHistory: ParameterOperation<'GetParameterHistory'> = async (
  context,
  request,
) => {
  const limit = pageSize(request.MaxResults, 50);
  const after = Number(readToken(operation, request.NextToken));
  const { parameter, earlier } = await context.read(async (reader) => {
    const parameter = await ownParameter(reader, context, request.Name);
    if (!parameter) throw parameterNotFound(request.Name);
    const where = { parameter: [parameter.id] };
    return { parameter, earlier: await reader.list('parameterVersion', { where }) };
  });
  const { name, labels } = parameter;
  const all = [...earlier.map(({ content }) => content), parameter.content];
  const rest = all.filter(({ version }) => version > after);
  const shown = rest.slice(0, limit);
  const last = shown.at(-1);
  return {
    Parameters: shown.map((content) =>
      historyView(
        context,
        { name, content },
        labelsOf(labels, content.version),
        request.WithDecryption ?? false,
      ),
    ),
    ...(last && rest.length > limit
      ? { NextToken: sealPageToken(operation, `${last.version}`) }
      : {}),
  };
};
