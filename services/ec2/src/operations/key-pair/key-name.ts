import { apiError, type KeyPair, type MetadataReader } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

/** EC2: "up to 255 ASCII characters", no leading or trailing spaces. It becomes the key's comment. */
const namePattern = /^(?! )[\x20-\x7e]{1,255}(?<! )$/;

export function checkKeyName(name: string): void {
  if (name === '') throw apiError('MissingParameter', { parameter: 'KeyName' });
  if (namePattern.test(name)) return;
  throw apiError('InvalidParameterValue', {
    parameter: 'KeyName',
    value: name.slice(0, 300),
    hint: 'It must have 1 to 255 ASCII characters, without leading or trailing spaces',
  });
}

/** The caller's key pair of that name in this region. */
export async function findKeyPairByName(
  reader: MetadataReader,
  { accountId, region }: Scope,
  name: string,
): Promise<KeyPair | undefined> {
  const [found] = await reader.list('keyPair', {
    region,
    where: { owner: [accountId], name: [name] },
  });
  // Names are looked up by an index of values; compared once more, so that case counts.
  return found?.name === name ? found : undefined;
}

export async function findKeyPairById(
  reader: MetadataReader,
  { accountId, region }: Scope,
  id: string,
): Promise<KeyPair | undefined> {
  const found = await reader.get('keyPair', id);
  return found?.ownerId === accountId && found.region === region ? found : undefined;
}

/** `InvalidKeyPair.Duplicate` when the name is taken. */
export async function checkNameIsFree(
  reader: MetadataReader,
  scope: Scope,
  name: string,
): Promise<void> {
  if (await findKeyPairByName(reader, scope, name)) {
    throw apiError('InvalidKeyPair.Duplicate', { name });
  }
}
