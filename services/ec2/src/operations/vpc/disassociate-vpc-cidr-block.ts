import { apiError, isRangeWithin, type Vpc } from '@bakehouse/domain';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { actOnVpc } from '../../network/act-on-vpc.ts';
import { findVpcByAssociation } from '../../network/associations.ts';
import type { Operation } from '../../operation.ts';
import { cidrAssociationView } from '../../views/vpc.ts';

/** The secondary range; throws EC2's error for the primary one. */
function secondaryOf(vpc: Vpc | undefined, associationId: string) {
  if (vpc?.cidrAssociationId === associationId) {
    throw apiError('OperationNotPermitted', {
      message: `The vpc CIDR block with association ID ${associationId} may not be disassociated. It is the primary IPv4 CIDR block of the VPC`,
    });
  }
  const found = vpc?.secondaryCidrs?.find((each) => each.associationId === associationId);
  if (vpc && found) return { vpc, range: found };
  throw apiError('InvalidVpcCidrBlockAssociationID.NotFound', { id: associationId });
}

async function checkNoSubnet(tx: ControlTransaction, vpc: Vpc, cidr: string): Promise<void> {
  const subnets = await tx.list('subnet', { where: { vpc: [vpc.id] } });
  if (!subnets.some((subnet) => isRangeWithin(subnet.cidr, cidr))) return;
  throw apiError('InvalidCidrBlock.InUse', { cidr });
}

/** Takes a secondary range, which no subnet may use, from its VPC, and from the metadata of running guests. */
export const disassociateVpcCidrBlock: Operation<'DisassociateVpcCidrBlock'> = async (
  context,
  { AssociationId: id },
) => {
  await context.untilWorking();
  const { vpc, range } = await actOnVpc(context, async (tx) => {
    const found = secondaryOf(await findVpcByAssociation(tx, context, id), id);
    await checkNoSubnet(tx, found.vpc, found.range.cidr);
    const secondaryCidrs = found.vpc.secondaryCidrs?.filter((each) => each !== found.range) ?? [];
    return { ...found, vpc: { ...found.vpc, secondaryCidrs }, isSeenByGuests: true };
  });
  return { CidrBlockAssociation: cidrAssociationView(range, 'disassociated'), VpcId: vpc.id };
};
