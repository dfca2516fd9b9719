import { apiError, type MetadataReader } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { findKeyPairByName } from '../../lookup/key-pairs.ts';

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
