import { apiError } from '@bakehouse/domain';
import { findKeyPairById, findKeyPairByName } from '../../lookup/key-pairs.ts';
import type { Operation } from '../../operation.ts';

/** Deletes by name or id. As in EC2, deleting what is not there succeeds; instances keep their key. */
export const deleteKeyPair: Operation<'DeleteKeyPair'> = async (context, request) => {
  const { KeyName: name, KeyPairId: id } = request;
  if (!name && !id) {
    throw apiError('MissingParameter', {
      parameter: 'KeyName or KeyPairId',
    });
  }
  return await context.write(async (tx) => {
    const byId = id ? await findKeyPairById(tx, context, id) : undefined;
    const byName = name ? await findKeyPairByName(tx, context, name) : undefined;
    if (id && name && byId?.id !== byName?.id) {
      throw apiError('InvalidParameterCombination', {
        message: `The key pair '${id}' does not have the name '${name}'`,
      });
    }
    const found = byId ?? byName;
    if (found) await tx.delete('keyPair', found.id);
    return { Return: true, ...(found ? { KeyPairId: found.id } : {}) };
  });
};
