import type { MetadataTransaction } from '@bakehouse/domain';
import type { ParameterContext, ParameterOperation } from '../context.ts';
import { checkTen } from '../limits.ts';
import { ownParameter, parameterNotFound } from '../lookup.ts';
import { writableName } from '../names.ts';

/** False when there is no such parameter. */
async function remove(tx: MetadataTransaction, context: ParameterContext, name: string) {
  const parameter = await ownParameter(tx, context, name);
  if (!parameter) return false;
  const where = { parameter: [parameter.id] };
  for (const { id } of await tx.list('parameterVersion', { where })) {
    await tx.delete('parameterVersion', id);
  }
  await tx.delete('parameter', parameter.id);
  return true;
}

/** Deletes a parameter with all of its versions. */
export const deleteParameter: ParameterOperation<'DeleteParameter'> = async (context, request) => {
  const name = writableName(context, request.Name);
  await context.write(async (tx) => {
    if (!(await remove(tx, context, name))) throw parameterNotFound(name);
  });
  return {};
};

/** Deletes those that there are, and lists the names of the others. */
export const deleteParameters: ParameterOperation<'DeleteParameters'> = async (
  context,
  request,
) => {
  checkTen('names', request.Names);
  const names = [...new Set(request.Names)];
  const removed = await context.write(async (tx) => {
    const done: string[] = [];
    for (const name of names) if (await remove(tx, context, name)) done.push(name);
    return done;
  });
  return {
    DeletedParameters: removed,
    InvalidParameters: names.filter((name) => !removed.includes(name)),
  };
};
