import type { KeyPair, MetadataReader } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

/** The caller's key pair of that name in this region. Case counts. */
export async function findKeyPairByName(
  reader: MetadataReader,
  { accountId, region }: Scope,
  name: string,
): Promise<KeyPair | undefined> {
  const where = { owner: [accountId], name: [name] };
  const [found] = await reader.list('keyPair', { region, where });
  return found;
}

export async function findKeyPairById(
  reader: MetadataReader,
  { accountId, region }: Scope,
  id: string,
): Promise<KeyPair | undefined> {
  const found = await reader.get('keyPair', id);
  return found?.ownerId === accountId && found.region === region ? found : undefined;
}
