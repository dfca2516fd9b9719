import { isResourceId } from '@bakehouse/base';
import { apiError, type MetadataReader, type Subnet, type Vpc } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { ownQuery } from '../lookup/owned-steps.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

export async function findSubnetByAssociation(
  reader: MetadataReader,
  scope: Scope,
  associationId: string,
): Promise<Subnet | undefined> {
  const query = ownQuery<'subnet'>(scope, { where: { association: [associationId] } });
  const [subnet] = await reader.list('subnet', query);
  return subnet;
}

export async function findVpcByAssociation(
  reader: MetadataReader,
  scope: Scope,
  associationId: string,
): Promise<Vpc | undefined> {
  const query = ownQuery<'vpc'>(scope, { where: { association: [associationId] } });
  const [vpc] = await reader.list('vpc', query);
  return vpc;
}

/** Throws EC2's error unless the text is an id of this prefix: `rtbassoc`, `aclassoc`. */
export function checkAssociationId(prefix: string, associationId: string): void {
  if (isResourceId(prefix, associationId)) return;
  throw noAssociation(associationId);
}

export const noAssociation = (id: string) => apiError('InvalidAssociationID.NotFound', { id });
