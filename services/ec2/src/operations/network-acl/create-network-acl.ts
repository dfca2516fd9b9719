import type { NetworkAclId } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { ownedById } from '../../lookup/lookups.ts';
import { newResource } from '../../network/new-resource.ts';
import { checkQuota } from '../../network/quotas.ts';
import type { Operation } from '../../operation.ts';
import { withClientToken } from '../../request/client-token.ts';
import { networkAclView, readNetworkAclFacts } from '../../views/network-acl.ts';

type Request = Parameters<Operation<'CreateNetworkAcl'>>[1];

async function create(
  tx: ControlTransaction,
  context: OperationContext,
  request: Request,
): Promise<readonly NetworkAclId[]> {
  const resource = newResource(context, 'network-acl', request.TagSpecifications);
  const vpc = await ownedById(tx, context, 'vpc', request.VpcId);
  await checkQuota(tx, context, 'networkAcl', vpc.id);
  const id = context.ids.resource('acl');
  const acl = { ...resource, id, vpcId: vpc.id, isDefault: false, entries: [] };
  await tx.put('networkAcl', acl);
  return [id];
}

/** A network ACL that lets nothing pass until it gets entries. */
export const createNetworkAcl: Operation<'CreateNetworkAcl'> = async (context, request) => {
  const use = { operation: 'CreateNetworkAcl', token: request.ClientToken, request };
  return await context.write(async (tx) => {
    const [id] = await withClientToken(tx, context, use, () => create(tx, context, request));
    const acl = await ownedById(tx, context, 'networkAcl', id);
    return { NetworkAcl: networkAclView(await readNetworkAclFacts(tx, acl)) };
  });
};
