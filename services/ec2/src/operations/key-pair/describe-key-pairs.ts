import { apiError, type KeyPair, type MetadataReader } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { filterItems } from '../../filters/filter.ts';
import { keyPairFilters } from '../../filters/key-pair-filters.ts';
import { findKeyPairById, findKeyPairByName } from '../../lookup/key-pairs.ts';
import type { Operation } from '../../operation.ts';
import { keyPairView } from '../../views/key-pair.ts';

type Request = Parameters<Operation<'DescribeKeyPairs'>>[1];

async function candidates(
  reader: MetadataReader,
  context: OperationContext,
  { KeyNames: names = [], KeyPairIds: ids = [] }: Request,
): Promise<readonly KeyPair[]> {
  const { accountId, region } = context;
  if (names.length === 0 && ids.length === 0) {
    return await reader.list('keyPair', { region, where: { owner: [accountId] } });
  }
  const found = new Map<string, KeyPair>();
  const add = (keyPair: KeyPair | undefined, name: string) => {
    if (!keyPair) throw apiError('InvalidKeyPair.NotFound', { name });
    found.set(keyPair.id, keyPair);
  };
  for (const name of names) add(await findKeyPairByName(reader, context, name), name);
  for (const id of ids) add(await findKeyPairById(reader, context, id), id);
  return [...found.values()];
}

export const describeKeyPairs: Operation<'DescribeKeyPairs'> = async (context, request) => {
  const all = await context.read((reader) => candidates(reader, context, request));
  const withPublicKey = request.IncludePublicKey ?? false;
  const found = await filterItems(all, request.Filters, keyPairFilters);
  return { KeyPairs: found.map((keyPair) => keyPairView(keyPair, { withPublicKey })) };
};
