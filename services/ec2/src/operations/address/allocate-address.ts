import type { Ec2Input } from '@bakehouse/aws-model';
import { apiError, type ElasticAddress, freePublicIp, isFreePublicIp } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { tagsFor } from '../../request/tags.ts';
import { checkPublicIp } from './find-address.ts';

type Request = Ec2Input<'AllocateAddress'>;

/** Of an account in a region. EC2's own quota is 5, and is raised on request. */
const addressesMax = 256;

function checkRequest(request: Request, region: string): void {
  refuseUnserved(
    request,
    ['CustomerOwnedIpv4Pool', 'IpamPoolId', 'NetworkBorderGroup', 'PublicIpv4Pool'],
    { NetworkBorderGroup: region, PublicIpv4Pool: 'amazon' },
  );
  if (request.Domain !== 'standard') return;
  throw apiError('UnsupportedOperation', {
    message: 'Addresses of the domain standard are not supported; use the domain vpc',
  });
}

async function checkLimit(
  tx: ControlTransaction,
  { accountId, region }: OperationContext,
): Promise<void> {
  const query = { region, where: { owner: [accountId] } };
  if ((await tx.count('elasticAddress', query)) < addressesMax) return;
  throw apiError('AddressLimitExceeded', {});
}

/** The address that was asked for, for example one that was released before; or else any free one. */
async function chosenAddress(
  tx: ControlTransaction,
  { ids, settings }: OperationContext,
  wanted: string | undefined,
): Promise<string> {
  if (!wanted) {
    const draw = Buffer.from(ids.bytes(4)).readUInt32BE(0);
    return await freePublicIp(tx, settings.publicCidr, draw);
  }
  checkPublicIp(wanted);
  if (await isFreePublicIp(tx, settings.publicCidr, wanted)) return wanted;
  throw apiError('InvalidAddress.NotFound', {
    message: `The address '${wanted}' is not free in the public pool ${settings.publicCidr}.`,
  });
}

export const allocateAddress: Operation<'AllocateAddress'> = async (context, request) => {
  const { accountId, region, now, ids } = context;
  checkRequest(request, region);
  const tags = tagsFor('elastic-ip', request.TagSpecifications, ['elastic-ip']);
  const address = await context.write(async (tx) => {
    await checkLimit(tx, context);
    const publicIp = await chosenAddress(tx, context, request.Address);
    const id = ids.resource('eipalloc');
    const made: ElasticAddress = { id, ownerId: accountId, region, tags, createdAt: now, publicIp };
    await tx.put('elasticAddress', made);
    return made;
  });
  return {
    AllocationId: address.id,
    PublicIp: address.publicIp,
    Domain: 'vpc',
    PublicIpv4Pool: 'amazon',
    NetworkBorderGroup: region,
  };
};
