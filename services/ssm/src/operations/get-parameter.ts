import type { ParameterOperation } from '../context.ts';
import { lookUpParameter } from '../lookup.ts';
import { parameterView } from '../views.ts';

/** One version of a parameter, the newest unless the name says which. */
export const getParameter: ParameterOperation<'GetParameter'> = async (context, request) => {
  const found = await context.read((reader) => lookUpParameter(reader, context, request.Name));
  return { Parameter: parameterView(context, found, request.WithDecryption) };
};
