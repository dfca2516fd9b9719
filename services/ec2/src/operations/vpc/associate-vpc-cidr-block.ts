import {
  apiError,
  isRangeWithin,
  isVpcRange,
  mayJoinRanges,
  rangesOverlap,
  type Vpc,
  vpcCidrs,
} from '@bakehouse/domain';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { ownedById } from '../../lookup/lookups.ts';
import { actOnVpc } from '../../network/act-on-vpc.ts';
import { networkQuotas } from '../../network/quotas.ts';
import { requestedRange } from '../../network/requested-range.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { cidrAssociationView } from '../../views/vpc.ts';

/** IPv6 and address pools, which this platform does not have. */
const unserved = [
  'AmazonProvidedIpv6CidrBlock',
  'Ipv4IpamPoolId',
  'Ipv4NetmaskLength',
  'Ipv6CidrBlock',
  'Ipv6CidrBlockNetworkBorderGroup',
  'Ipv6IpamPoolId',
  'Ipv6NetmaskLength',
  'Ipv6Pool',
] as const;

const bad = (message: string) => apiError('InvalidVpc.Range', { message });

function checkRange(vpc: Vpc, cidr: string): void {
  const existing = vpcCidrs(vpc);
  if (!isVpcRange(cidr)) throw apiError('InvalidVpc.Range', { cidr });
  if (existing.length >= networkQuotas.rangesPerVpc) {
    throw apiError('CidrLimitExceeded', { vpcId: vpc.id, max: networkQuotas.rangesPerVpc });
  }
  const other = existing.find((each) => rangesOverlap(each, cidr));
  if (other) {
    throw bad(`The CIDR '${cidr}' conflicts with the CIDR '${other}' of the VPC`);
  }
  if (mayJoinRanges(cidr, existing)) return;
  throw bad(
    `The CIDR '${cidr}' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, or use a publicly-routable CIDR. For additional restrictions, see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html`,
  );
}

/** A range of the VPC must not be as large as a route's destination or larger: the local route would hide that one. */
async function checkRoutes(tx: ControlTransaction, vpc: Vpc, cidr: string): Promise<void> {
  for (const { id, routes } of await tx.list('routeTable', { where: { vpc: [vpc.id] } })) {
    const hidden = routes.find(
      ({ destination }) => destination.includes('/') && isRangeWithin(destination, cidr),
    );
    if (!hidden) continue;
    throw bad(
      `The CIDR '${cidr}' conflicts with the route to ${hidden.destination} in route table ${id}`,
    );
  }
}

/** A further range for the VPC's subnets. In force, and in the metadata of running guests, before the reply. */
export const associateVpcCidrBlock: Operation<'AssociateVpcCidrBlock'> = async (
  context,
  request,
) => {
  refuseUnserved(request, unserved);
  const cidr = requestedRange('cidrBlock', request.CidrBlock);
  await context.untilWorking();
  const associationId = context.ids.resource('vpc-cidr-assoc');
  await actOnVpc(context, async (tx) => {
    const vpc = await ownedById(tx, context, 'vpc', request.VpcId);
    checkRange(vpc, cidr);
    await checkRoutes(tx, vpc, cidr);
    const secondaryCidrs = [...(vpc.secondaryCidrs ?? []), { associationId, cidr }];
    return { vpc: { ...vpc, secondaryCidrs }, isSeenByGuests: true };
  });
  return {
    CidrBlockAssociation: cidrAssociationView({ associationId, cidr }),
    VpcId: request.VpcId,
  };
};
