import { apiError, type MetadataReader } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';

/** 3 to 128 letters, digits, and `( ) [ ] space . / - ' @ _` (CreateImage, "Name"). */
const namePattern = /^[A-Za-z0-9()[\] ./\-'@_]{3,128}$/;

/** A name that follows EC2's rules and that no image of the account has in this region. */
export async function checkImageName(
  reader: MetadataReader,
  { accountId, region }: Pick<OperationContext, 'accountId' | 'region'>,
  name: string | undefined,
): Promise<string> {
  if (!name) throw apiError('MissingParameter', { parameter: 'Name' });
  if (!namePattern.test(name)) {
    throw apiError('InvalidAMIName.Malformed', {});
  }
  const where = { owner: [accountId], name: [name] };
  const [taken] = await reader.list('image', { region, where });
  if (taken) throw apiError('InvalidAMIName.Duplicate', { name, id: taken.id });
  return name;
}
