import type { MetadataReader, Vpc } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { checkPartId, type PartKind, vpcParts } from '../../network/vpc-parts.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;
/** The caller's VPCs whose part is named, or all; in the order of the parts' ids. */
export async function partCandidates(
  reader: MetadataReader,
  { accountId, region }: Scope,
  { kind, ids = [] }: { kind: PartKind; ids?: readonly string[] | undefined },
): Promise<readonly Vpc[]> {
  const partOf = (vpc: Vpc) => vpcParts(vpc)[kind.part];
  const vpcs = await reader.list('vpc', { region, where: { owner: [accountId] } });
  const sorted = [...vpcs].sort((a, b) => (partOf(a) < partOf(b) ? -1 : 1));
  for (const id of ids) {
    checkPartId(kind, id);
    if (!sorted.some((vpc) => partOf(vpc) === id)) throw kind.notFound(id);
  }
  return ids.length > 0 ? sorted.filter((vpc) => ids.includes(partOf(vpc))) : sorted;
}
