import { type FoundParameter, findParameter } from '@bakehouse/domain';
import type { ParameterOperation } from '../context.ts';
import { checkTen } from '../limits.ts';
import { parameterView } from '../views.ts';

/** Parameters by name; names that mean none are listed, not refused. */
export const getParameters: ParameterOperation<'GetParameters'> = async (context, request) => {
  checkTen('names', request.Names);
  const found: FoundParameter[] = [];
  const invalid: string[] = [];
  await context.read(async (reader) => {
    found.length = 0;
    invalid.length = 0;
    for (const name of new Set(request.Names)) {
      const each = await findParameter(reader, context, name);
      if (each.kind === 'found') found.push(each);
      else invalid.push(name);
    }
  });
  return {
    Parameters: found.map((each) => parameterView(context, each, request.WithDecryption)),
    InvalidParameters: invalid,
  };
};
