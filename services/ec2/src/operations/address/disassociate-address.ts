import type { Ec2Input } from '@bakehouse/aws-model';
import {
  apiError,
  type ElasticAddress,
  type MetadataReader,
  withoutAssociation,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { actOnInterfaces } from '../../network/act-on-interfaces.ts';
import type { Operation } from '../../operation.ts';
import { addressByPublicIp, refuseFixed } from './find-address.ts';

type Request = Ec2Input<'DisassociateAddress'>;

async function addressByAssociation(
  reader: MetadataReader,
  { accountId, region }: OperationContext,
  id: string,
): Promise<ElasticAddress> {
  const [found] = await reader.list('elasticAddress', { where: { association: [id] } });
  if (found?.ownerId === accountId && found.region === region) return found;
  throw apiError('InvalidAssociationID.NotFound', { id });
}

async function associatedAddress(
  reader: MetadataReader,
  context: OperationContext,
  { AssociationId: id, PublicIp: publicIp }: Request,
): Promise<ElasticAddress> {
  if (id && publicIp) {
    throw apiError('InvalidParameterCombination', {
      message: 'You may specify public IP or association id, but not both in the same call',
    });
  }
  if (id) return await addressByAssociation(reader, context, id);
  if (publicIp) return await addressByPublicIp(reader, context, publicIp);
  throw apiError('MissingParameter', {
    message: 'Either public IP or association id must be specified',
  });
}

/** The address stays its account's. An address that is not associated is left as it is, as EC2 does. */
export const disassociateAddress: Operation<'DisassociateAddress'> = async (context, request) => {
  await context.untilWorking();
  await actOnInterfaces(context, async (tx) => {
    const address = await associatedAddress(tx, context, request);
    await refuseFixed(tx, context, address);
    if (!address.association) return { nicIds: [], result: undefined };
    await tx.put('elasticAddress', withoutAssociation(address));
    return { nicIds: [address.association.nicId], result: undefined };
  });
  return {};
};
